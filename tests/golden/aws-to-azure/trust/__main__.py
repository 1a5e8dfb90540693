"""What tasks of the pipeline guest on azure may do on clouds other than their own: all of it."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure

import overrides

guest_on_azure_aws_stack = pulumi.StackReference(
    "guest-on-azure-aws",
    stack_name=f"{pulumi.get_organization()}/guest-on-azure-aws/{pulumi.get_stack()}",
)
guest_on_azure_azure_stack = pulumi.StackReference(
    "guest-on-azure-azure",
    stack_name=f"{pulumi.get_organization()}/guest-on-azure-azure/{pulumi.get_stack()}",
)

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Providers ------------------------------------------------------------------------

azure_provider = azure.Provider("guest-on-azure-azure-provider", location="eastus")

aws_provider = aws.Provider(
    "guest-on-azure-aws-provider",
    region="us-east-1",
    default_tags={
        "tags": {
            "glacier:pipeline": "guest on azure",
            "glacier:stack": pulumi.get_stack(),
        },
    },
)

# --- Shared on azure: subscription ----------------------------------------------------

azure_subscription_client = azure.authorization.get_client_config_output(
    opts=pulumi.InvokeOutputOptions(provider=azure_provider),
)

# --- Task work of aws on azure --------------------------------------------------------

aws.iam.RolePolicy(
    "guest-on-azure-work-to-azure-passport",
    role=guest_on_azure_aws_stack.require_output("work_role_id"),
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

# work of aws, and nobody else, may become this identity.
azure.managedidentity.FederatedIdentityCredential(
    "guest-on-azure-work-from-aws-credential",
    resource_group_name=guest_on_azure_azure_stack.require_output(
        "resources_group_name",
    ),
    resource_name_=guest_on_azure_azure_stack.require_output(
        "work_from_aws_identity_name",
    ),
    federated_identity_credential_resource_name="guest",
    issuer=guest_on_azure_aws_stack.require_output(
        "outbound_federation_issuer_identifier",
    ),
    subject=guest_on_azure_aws_stack.require_output("work_role_arn"),
    audiences=["api://AzureADTokenExchange"],
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.authorization.RoleAssignment(
    "guest-on-azure-work-from-aws-reads-given",
    principal_id=guest_on_azure_azure_stack.require_output(
        "work_from_aws_identity_principal_id",
    ),
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        azure_subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    ),
    scope=guest_on_azure_azure_stack.require_output("given_container_id"),
    condition="((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND NOT SubOperationMatches{'Blob.List'}) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringStartsWith 'given/')) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND SubOperationMatches{'Blob.List'}) OR (@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:prefix] StringStartsWith 'given/')))",
    condition_version="2.0",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.authorization.RoleAssignment(
    "guest-on-azure-work-from-aws-writes-made",
    principal_id=guest_on_azure_azure_stack.require_output(
        "work_from_aws_identity_principal_id",
    ),
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        azure_subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    ),
    scope=guest_on_azure_azure_stack.require_output("made_container_id"),
    condition="(((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'}) AND !(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringStartsWith 'made/')) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'})) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete'})) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/move/action'})))",
    condition_version="2.0",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)
