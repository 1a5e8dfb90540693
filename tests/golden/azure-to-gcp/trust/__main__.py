"""What tasks of the pipeline guest on gcp may do on clouds other than their own: all of it."""

import pulumi
import pulumi_azuread as azuread
import pulumi_gcp as gcp
import pulumi_random as random

import overrides

config = pulumi.Config()
# The id of the Google Cloud project to deploy to
project = config.require("project")

guest_on_gcp_azure_stack = pulumi.StackReference(
    "guest-on-gcp-azure",
    stack_name=f"{pulumi.get_organization()}/guest-on-gcp-azure/{pulumi.get_stack()}",
)
guest_on_gcp_gcp_stack = pulumi.StackReference(
    "guest-on-gcp-gcp",
    stack_name=f"{pulumi.get_organization()}/guest-on-gcp-gcp/{pulumi.get_stack()}",
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

# --- Task work of azure on gcp --------------------------------------------------------

# work may show other clouds who it is.
azuread.AppRoleAssignment(
    "guest-on-gcp-work-to-gcp-passport",
    app_role_id="00000000-0000-0000-0000-000000000000",
    principal_object_id=guest_on_gcp_azure_stack.require_output(
        "work_identity_principal_id",
    ),
    resource_object_id=guest_on_gcp_azure_stack.require_output(
        "egress_principal_object_id",
    ),
)

# Believes that work is who azure says it is, and nobody else.
gcp.iam.WorkloadIdentityPoolProvider(
    "guest-on-gcp-work-from-azure-provider",
    workload_identity_pool_id=guest_on_gcp_gcp_stack.require_output(
        "guests_pool_workload_identity_pool_id",
    ),
    workload_identity_pool_provider_id=pulumi.Output.concat(
        "guest-work-from-azure-",
        guest_on_gcp_gcp_stack.require_output("work_from_azure_id_result"),
    ),
    display_name="work-from-azure",
    oidc={
        "issuer_uri": pulumi.Output.concat(
            "https://sts.windows.net/",
            guest_on_gcp_azure_stack.require_output("subscription_client_tenant_id"),
            "/",
        ),
        "allowed_audiences": [
            pulumi.Output.concat(
                "api://",
                guest_on_gcp_azure_stack.require_output("egress_application_client_id"),
            ),
        ],
    },
    attribute_mapping={"google.subject": "'azure::' + assertion.sub"},
    attribute_condition=pulumi.Output.concat(
        "assertion.tid == '",
        guest_on_gcp_azure_stack.require_output("subscription_client_tenant_id"),
        "' && assertion.sub == '",
        guest_on_gcp_azure_stack.require_output("work_identity_principal_id"),
        "'",
    ),
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[gcp_sts_api_service],
    ),
)

gcp.storage.BucketIAMMember(
    "guest-on-gcp-work-from-azure-reads-given",
    bucket=guest_on_gcp_gcp_stack.require_output("given_bucket_name"),
    role="roles/storage.objectViewer",
    member=pulumi.Output.concat(
        "principal://iam.googleapis.com/",
        guest_on_gcp_gcp_stack.require_output("guests_pool_name"),
        "/subject/azure::",
        guest_on_gcp_azure_stack.require_output("work_identity_principal_id"),
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
    "guest-on-gcp-work-from-azure-writes-made",
    bucket=guest_on_gcp_gcp_stack.require_output("made_bucket_name"),
    role=gcp_object_writer_role.name,
    member=pulumi.Output.concat(
        "principal://iam.googleapis.com/",
        guest_on_gcp_gcp_stack.require_output("guests_pool_name"),
        "/subject/azure::",
        guest_on_gcp_azure_stack.require_output("work_identity_principal_id"),
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
