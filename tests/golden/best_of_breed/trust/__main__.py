"""What tasks of the pipeline best of breed may do on clouds other than their own: all of it."""

import pulumi
import pulumi_aws as aws
import pulumi_azuread as azuread
import pulumi_gcp as gcp

import overrides

config = pulumi.Config()
# The id of the Google Cloud project to deploy to
project = config.require("project")

best_of_breed_aws_stack = pulumi.StackReference(
    "best-of-breed-aws",
    stack_name=f"{pulumi.get_organization()}/best-of-breed-aws/{pulumi.get_stack()}",
)
best_of_breed_gcp_stack = pulumi.StackReference(
    "best-of-breed-gcp",
    stack_name=f"{pulumi.get_organization()}/best-of-breed-gcp/{pulumi.get_stack()}",
)
best_of_breed_azure_stack = pulumi.StackReference(
    "best-of-breed-azure",
    stack_name=f"{pulumi.get_organization()}/best-of-breed-azure/{pulumi.get_stack()}",
)

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Providers ------------------------------------------------------------------------

aws_provider = aws.Provider(
    "best-of-breed-aws-provider",
    region="eu-central-1",
    default_tags={
        "tags": {
            "glacier:pipeline": "best of breed",
            "glacier:stack": pulumi.get_stack(),
        },
    },
)

gcp_provider = gcp.Provider(
    "best-of-breed-gcp-provider",
    project=project,
    region="europe-west3",
    default_labels={"glacier-pipeline": "best-of-breed"},
    add_pulumi_attribution_label=False,
)

# --- Shared on gcp: sts api -----------------------------------------------------------

gcp_sts_api_service = gcp.projects.Service(
    "best-of-breed-gcp-sts-api",
    service="sts.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Task score of gcp on aws ---------------------------------------------------------

# What score becomes when it comes here from gcp.
score_from_gcp_role = aws.iam.Role(
    "best-of-breed-score-from-gcp-role",
    name=pulumi.Output.concat(
        "best-of-breed-score-from-gcp-",
        best_of_breed_aws_stack.require_output("suffix_text_result"),
    ),
    assume_role_policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": "accounts.google.com"},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {
                        "StringEquals": {
                            "accounts.google.com:oaud": f"best-of-breed-on-aws-{pulumi.get_stack()}",
                            "accounts.google.com:sub": best_of_breed_gcp_stack.require_output(
                                "score_account_unique_id",
                            ),
                        },
                    },
                },
            ],
        },
    ),
    max_session_duration=3600,
    opts=pulumi.ResourceOptions(provider=aws_provider, delete_before_replace=True),
)

aws.iam.RolePolicy(
    "best-of-breed-score-from-gcp-reads-orders",
    role=score_from_gcp_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [
                        pulumi.Output.concat(
                            best_of_breed_aws_stack.require_output("orders_bucket_arn"),
                            "/orders/*",
                        ),
                    ],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": [
                        best_of_breed_aws_stack.require_output("orders_bucket_arn"),
                    ],
                    "Condition": {"StringLike": {"s3:prefix": ["orders/*"]}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Task write of azure on gcp -------------------------------------------------------

# write may show other clouds who it is.
azuread.AppRoleAssignment(
    "best-of-breed-write-to-gcp-passport",
    app_role_id="00000000-0000-0000-0000-000000000000",
    principal_object_id=best_of_breed_azure_stack.require_output(
        "write_identity_principal_id",
    ),
    resource_object_id=best_of_breed_azure_stack.require_output(
        "egress_principal_object_id",
    ),
)

# Believes that write is who azure says it is, and nobody else.
gcp.iam.WorkloadIdentityPoolProvider(
    "best-of-breed-write-from-azure-provider",
    workload_identity_pool_id=best_of_breed_gcp_stack.require_output(
        "guests_pool_workload_identity_pool_id",
    ),
    workload_identity_pool_provider_id=pulumi.Output.concat(
        "guest-write-from-azure-",
        best_of_breed_gcp_stack.require_output("write_from_azure_id_result"),
    ),
    display_name="write-from-azure",
    oidc={
        "issuer_uri": pulumi.Output.concat(
            "https://sts.windows.net/",
            best_of_breed_azure_stack.require_output("subscription_client_tenant_id"),
            "/",
        ),
        "allowed_audiences": [
            pulumi.Output.concat(
                "api://",
                best_of_breed_azure_stack.require_output(
                    "egress_application_client_id",
                ),
            ),
        ],
    },
    attribute_mapping={"google.subject": "'azure::' + assertion.sub"},
    attribute_condition=pulumi.Output.concat(
        "assertion.tid == '",
        best_of_breed_azure_stack.require_output("subscription_client_tenant_id"),
        "' && assertion.sub == '",
        best_of_breed_azure_stack.require_output("write_identity_principal_id"),
        "'",
    ),
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[gcp_sts_api_service],
    ),
)

gcp.storage.BucketIAMMember(
    "best-of-breed-write-from-azure-reads-scores",
    bucket=best_of_breed_gcp_stack.require_output("scores_bucket_name"),
    role="roles/storage.objectViewer",
    member=pulumi.Output.concat(
        "principal://iam.googleapis.com/",
        best_of_breed_gcp_stack.require_output("guests_pool_name"),
        "/subject/azure::",
        best_of_breed_azure_stack.require_output("write_identity_principal_id"),
    ),
    condition={
        "title": "reads scores",
        "expression": pulumi.Output.concat(
            'resource.name.startsWith("projects/_/buckets/',
            best_of_breed_gcp_stack.require_output("scores_bucket_name"),
            '/objects/scores/") || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("scores/")',
        ),
    },
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)
