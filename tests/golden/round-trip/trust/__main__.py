"""What tasks of the pipeline round trip may do on clouds other than their own: all of it."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_azuread as azuread
import pulumi_gcp as gcp

import overrides

config = pulumi.Config()
# The id of the Google Cloud project to deploy to
project = config.require("project")

round_trip_aws_stack = pulumi.StackReference(
    "round-trip-aws",
    stack_name=f"{pulumi.get_organization()}/round-trip-aws/{pulumi.get_stack()}",
)
round_trip_gcp_stack = pulumi.StackReference(
    "round-trip-gcp",
    stack_name=f"{pulumi.get_organization()}/round-trip-gcp/{pulumi.get_stack()}",
)
round_trip_azure_stack = pulumi.StackReference(
    "round-trip-azure",
    stack_name=f"{pulumi.get_organization()}/round-trip-azure/{pulumi.get_stack()}",
)

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Providers ------------------------------------------------------------------------

aws_provider = aws.Provider(
    "round-trip-aws-provider",
    region="us-east-1",
    default_tags={
        "tags": {"glacier:pipeline": "round trip", "glacier:stack": pulumi.get_stack()},
    },
)

gcp_provider = gcp.Provider(
    "round-trip-gcp-provider",
    project=project,
    region="us-central1",
    default_labels={"glacier-pipeline": "round-trip"},
    add_pulumi_attribution_label=False,
)

azure_provider = azure.Provider("round-trip-azure-provider", location="eastus")

# --- Shared on gcp: sts api -----------------------------------------------------------

gcp_sts_api_service = gcp.projects.Service(
    "round-trip-gcp-sts-api",
    service="sts.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared on azure: subscription ----------------------------------------------------

azure_subscription_client = azure.authorization.get_client_config_output(
    opts=pulumi.InvokeOutputOptions(provider=azure_provider),
)

# --- Task one of gcp on aws -----------------------------------------------------------

# What one becomes when it comes here from gcp.
one_from_gcp_role = aws.iam.Role(
    "round-trip-one-from-gcp-role",
    name=pulumi.Output.concat(
        "round-trip-one-from-gcp-",
        round_trip_aws_stack.require_output("suffix_text_result"),
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
                            "accounts.google.com:oaud": f"round-trip-on-aws-{pulumi.get_stack()}",
                            "accounts.google.com:sub": round_trip_gcp_stack.require_output(
                                "one_account_unique_id",
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
    "round-trip-one-from-gcp-reads-d0",
    role=one_from_gcp_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [
                        pulumi.Output.concat(
                            round_trip_aws_stack.require_output("d0_bucket_arn"),
                            "/d0/*",
                        ),
                    ],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": [round_trip_aws_stack.require_output("d0_bucket_arn")],
                    "Condition": {"StringLike": {"s3:prefix": ["d0/*"]}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Task two of azure on gcp ---------------------------------------------------------

# two may show other clouds who it is.
azuread.AppRoleAssignment(
    "round-trip-two-to-gcp-passport",
    app_role_id="00000000-0000-0000-0000-000000000000",
    principal_object_id=round_trip_azure_stack.require_output(
        "two_identity_principal_id",
    ),
    resource_object_id=round_trip_azure_stack.require_output(
        "egress_principal_object_id",
    ),
)

# Believes that two is who azure says it is, and nobody else.
gcp.iam.WorkloadIdentityPoolProvider(
    "round-trip-two-from-azure-provider",
    workload_identity_pool_id=round_trip_gcp_stack.require_output(
        "guests_pool_workload_identity_pool_id",
    ),
    workload_identity_pool_provider_id=pulumi.Output.concat(
        "guest-two-from-azure-",
        round_trip_gcp_stack.require_output("two_from_azure_id_result"),
    ),
    display_name="two-from-azure",
    oidc={
        "issuer_uri": pulumi.Output.concat(
            "https://sts.windows.net/",
            round_trip_azure_stack.require_output("subscription_client_tenant_id"),
            "/",
        ),
        "allowed_audiences": [
            pulumi.Output.concat(
                "api://",
                round_trip_azure_stack.require_output("egress_application_client_id"),
            ),
        ],
    },
    attribute_mapping={"google.subject": "'azure::' + assertion.sub"},
    attribute_condition=pulumi.Output.concat(
        "assertion.tid == '",
        round_trip_azure_stack.require_output("subscription_client_tenant_id"),
        "' && assertion.sub == '",
        round_trip_azure_stack.require_output("two_identity_principal_id"),
        "'",
    ),
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[gcp_sts_api_service],
    ),
)

gcp.storage.BucketIAMMember(
    "round-trip-two-from-azure-reads-d1",
    bucket=round_trip_gcp_stack.require_output("d1_bucket_name"),
    role="roles/storage.objectViewer",
    member=pulumi.Output.concat(
        "principal://iam.googleapis.com/",
        round_trip_gcp_stack.require_output("guests_pool_name"),
        "/subject/azure::",
        round_trip_azure_stack.require_output("two_identity_principal_id"),
    ),
    condition={
        "title": "reads d1",
        "expression": pulumi.Output.concat(
            'resource.name.startsWith("projects/_/buckets/',
            round_trip_gcp_stack.require_output("d1_bucket_name"),
            '/objects/d1/") || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("d1/")',
        ),
    },
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Task three of aws on azure -------------------------------------------------------

aws.iam.RolePolicy(
    "round-trip-three-to-azure-passport",
    role=round_trip_aws_stack.require_output("three_role_id"),
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["sts:GetWebIdentityToken"],
                    "Resource": ["*"],
                    "Condition": {
                        "ForAllValues:StringEquals": {
                            "sts:IdentityTokenAudience": ["api://AzureADTokenExchange"],
                        },
                        "Null": {"sts:IdentityTokenAudience": "false"},
                        "NumericLessThanEquals": {"sts:DurationSeconds": "300"},
                        "StringEquals": {"sts:SigningAlgorithm": "RS256"},
                    },
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# three of aws, and nobody else, may become this identity.
azure.managedidentity.FederatedIdentityCredential(
    "round-trip-three-from-aws-credential",
    resource_group_name=round_trip_azure_stack.require_output("resources_group_name"),
    resource_name_=round_trip_azure_stack.require_output(
        "three_from_aws_identity_name",
    ),
    federated_identity_credential_resource_name="guest",
    issuer=round_trip_aws_stack.require_output("outbound_federation_issuer_identifier"),
    subject=round_trip_aws_stack.require_output("three_role_arn"),
    audiences=["api://AzureADTokenExchange"],
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.authorization.RoleAssignment(
    "round-trip-three-from-aws-reads-d2",
    principal_id=round_trip_azure_stack.require_output(
        "three_from_aws_identity_principal_id",
    ),
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        azure_subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    ),
    scope=round_trip_azure_stack.require_output("d2_container_id"),
    condition="((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND NOT SubOperationMatches{'Blob.List'}) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringStartsWith 'd2/')) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND SubOperationMatches{'Blob.List'}) OR (@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:prefix] StringStartsWith 'd2/')))",
    condition_version="2.0",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)
