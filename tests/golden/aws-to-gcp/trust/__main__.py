"""What tasks of the pipeline guest on gcp may do on clouds other than their own: all of it."""

import pulumi
import pulumi_gcp as gcp
import pulumi_random as random

import overrides

config = pulumi.Config()
# The id of the Google Cloud project to deploy to
project = config.require("project")

guest_on_gcp_gcp_stack = pulumi.StackReference(
    "guest-on-gcp-gcp",
    stack_name=f"{pulumi.get_organization()}/guest-on-gcp-gcp/{pulumi.get_stack()}",
)
guest_on_gcp_aws_stack = pulumi.StackReference(
    "guest-on-gcp-aws",
    stack_name=f"{pulumi.get_organization()}/guest-on-gcp-aws/{pulumi.get_stack()}",
)

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Providers ------------------------------------------------------------------------

gcp_provider = gcp.Provider(
    "guest-on-gcp-gcp-provider",
    project=project,
    region="us-central1",
    default_labels={"glacier-pipeline": "guest-on-gcp"},
    add_pulumi_attribution_label=False,
)

# --- Shared on gcp: sts api -----------------------------------------------------------

gcp_sts_api_service = gcp.projects.Service(
    "guest-on-gcp-gcp-sts-api",
    service="sts.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared on gcp: suffix ------------------------------------------------------------

gcp_suffix_text = random.RandomString(
    "guest-on-gcp-gcp-suffix",
    length=6,
    special=False,
    upper=False,
)

# --- Shared on gcp: iam api -----------------------------------------------------------

gcp_iam_api_service = gcp.projects.Service(
    "guest-on-gcp-gcp-iam-api",
    service="iam.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared on gcp: object writer -----------------------------------------------------

gcp_object_writer_role = gcp.projects.IAMCustomRole(
    "guest-on-gcp-gcp-object-writer",
    role_id=pulumi.Output.concat(
        "guest_on_gcp_gcp_object_writer_",
        gcp_suffix_text.result,
    ),
    title="Writes objects",
    permissions=[
        "storage.multipartUploads.abort",
        "storage.multipartUploads.create",
        "storage.multipartUploads.listParts",
        "storage.objects.create",
        "storage.objects.delete",
    ],
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[gcp_iam_api_service],
    ),
)

# --- Task work of aws on gcp ----------------------------------------------------------

# Believes that work is who aws says it is, and nobody else.
gcp.iam.WorkloadIdentityPoolProvider(
    "guest-on-gcp-work-from-aws-provider",
    workload_identity_pool_id=guest_on_gcp_gcp_stack.require_output(
        "guests_pool_workload_identity_pool_id",
    ),
    workload_identity_pool_provider_id=pulumi.Output.concat(
        "guest-work-from-aws-",
        guest_on_gcp_gcp_stack.require_output("work_from_aws_id_result"),
    ),
    display_name="work-from-aws",
    aws={
        "account_id": guest_on_gcp_aws_stack.require_output(
            "account_identity_account_id",
        ),
    },
    attribute_mapping={
        "google.subject": "'aws::' + assertion.arn.extract('assumed-role/{role}/')",
    },
    attribute_condition=pulumi.Output.concat(
        "assertion.arn.startsWith('arn:aws:sts::",
        guest_on_gcp_aws_stack.require_output("account_identity_account_id"),
        ":assumed-role/",
        guest_on_gcp_aws_stack.require_output("work_role_name"),
        "/')",
    ),
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[gcp_sts_api_service],
    ),
)

gcp.storage.BucketIAMMember(
    "guest-on-gcp-work-from-aws-reads-given",
    bucket=guest_on_gcp_gcp_stack.require_output("given_bucket_name"),
    role="roles/storage.objectViewer",
    member=pulumi.Output.concat(
        "principal://iam.googleapis.com/",
        guest_on_gcp_gcp_stack.require_output("guests_pool_name"),
        "/subject/aws::",
        guest_on_gcp_aws_stack.require_output("work_role_name"),
    ),
    condition={
        "title": "reads given",
        "expression": pulumi.Output.concat(
            'resource.name.startsWith("projects/_/buckets/',
            guest_on_gcp_gcp_stack.require_output("given_bucket_name"),
            '/objects/given/") || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("given/")',
        ),
    },
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

gcp.storage.BucketIAMMember(
    "guest-on-gcp-work-from-aws-writes-made",
    bucket=guest_on_gcp_gcp_stack.require_output("made_bucket_name"),
    role=gcp_object_writer_role.name,
    member=pulumi.Output.concat(
        "principal://iam.googleapis.com/",
        guest_on_gcp_gcp_stack.require_output("guests_pool_name"),
        "/subject/aws::",
        guest_on_gcp_aws_stack.require_output("work_role_name"),
    ),
    condition={
        "title": "writes made",
        "expression": pulumi.Output.concat(
            'resource.name.startsWith("projects/_/buckets/',
            guest_on_gcp_gcp_stack.require_output("made_bucket_name"),
            '/objects/made/")',
        ),
    },
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)
