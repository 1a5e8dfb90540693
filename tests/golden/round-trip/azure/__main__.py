"""Infrastructure of the pipeline round trip on azure, in eastus.

Written by Glacier from the pipeline's declaration. It is yours: read it, deploy it with
`pulumi up`, and put changes that must survive the next compilation into overrides.py.
"""

import pulumi
import pulumi_azure_native as azure
import pulumi_azuread as azuread
import pulumi_command as command

import overrides

config = pulumi.Config()
# Whether data outlives the stack: protected from deletion, and left in place by pulumi
# destroy
keep_data = config.get_bool("keep_data") is not False

round_trip_gcp_stack = pulumi.StackReference(
    "round-trip-gcp",
    stack_name=f"{pulumi.get_organization()}/round-trip-gcp/{pulumi.get_stack()}",
)

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Provider -------------------------------------------------------------------------

azure_provider = azure.Provider("round-trip-azure-provider", location="eastus")

# --- Shared: subscription -------------------------------------------------------------

subscription_client = azure.authorization.get_client_config_output(
    opts=pulumi.InvokeOutputOptions(provider=azure_provider),
)

# --- Shared: egress -------------------------------------------------------------------

# For whom the tokens are made out that tasks show to other clouds: an application that
# does nothing.
egress_application = azuread.Application(
    "round-trip-egress-application",
    display_name="round-trip-egress",
    sign_in_audience="AzureADMyOrg",
    api={"requested_access_token_version": 1},
)

azuread.ApplicationIdentifierUri(
    "round-trip-egress-address",
    application_id=egress_application.id,
    identifier_uri=pulumi.Output.concat("api://", egress_application.client_id),
)

egress_principal = azuread.ServicePrincipal(
    "round-trip-egress-principal",
    client_id=egress_application.client_id,
    app_role_assignment_required=True,
)

# --- Shared: resources ----------------------------------------------------------------

resources_group = azure.resources.ResourceGroup(
    "round-trip-resources",
    tags={"glacier-pipeline": "round trip", "glacier-stack": pulumi.get_stack()},
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

# --- Shared: logs ---------------------------------------------------------------------

logs_workspace = azure.operationalinsights.Workspace(
    "round-trip-logs",
    resource_group_name=resources_group.name,
    sku={"name": "PerGB2018"},
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Shared: insights -----------------------------------------------------------------

insights_component = azure.applicationinsights.Component(
    "round-trip-insights",
    resource_group_name=resources_group.name,
    application_type="web",
    kind="web",
    ingestion_mode="LogAnalytics",
    workspace_resource_id=logs_workspace.id,
    disable_local_auth=True,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Shared: runner -------------------------------------------------------------------

runner_identity = azure.managedidentity.UserAssignedIdentity(
    "round-trip-runner-identity",
    resource_group_name=resources_group.name,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Dataset d2 -----------------------------------------------------------------------

# d2: written by two, read by three.
d2_account = azure.storage.StorageAccount(
    "roundtripdb2c2eb",
    resource_group_name=resources_group.name,
    kind="StorageV2",
    sku={"name": "Standard_LRS"},
    allow_blob_public_access=False,
    allow_shared_key_access=False,
    allow_cross_tenant_replication=False,
    default_to_o_auth_authentication=True,
    enable_https_traffic_only=True,
    minimum_tls_version="TLS1_2",
    access_tier=azure.storage.AccessTier("Hot"),
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

azure.storage.BlobServiceProperties(
    "round-trip-d2-service",
    resource_group_name=resources_group.name,
    account_name=d2_account.name,
    blob_services_name="default",
    is_versioning_enabled=False,
    delete_retention_policy={"enabled": True, "days": 7},
    container_delete_retention_policy={"enabled": True, "days": 7},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

d2_container = azure.storage.BlobContainer(
    "round-trip-d2-container",
    resource_group_name=resources_group.name,
    account_name=d2_account.name,
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

# --- Guest from aws: task three -------------------------------------------------------

# Who it is here; the trust program says who may be it.
three_from_aws_identity = azure.managedidentity.UserAssignedIdentity(
    "round-trip-three-from-aws-identity",
    resource_group_name=resources_group.name,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Task two -------------------------------------------------------------------------

# two reads d1 and writes d2.
two_identity = azure.managedidentity.UserAssignedIdentity(
    "round-trip-two-identity",
    resource_group_name=resources_group.name,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.authorization.RoleAssignment(
    "round-trip-two-writes-d2",
    principal_id=two_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    ),
    scope=d2_container.id,
    condition="(((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'}) AND !(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringStartsWith 'd2/')) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'})) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete'})) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/move/action'})))",
    condition_version="2.0",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

two_host = azure.storage.StorageAccount(
    "roundtriptf52606",
    resource_group_name=resources_group.name,
    kind="StorageV2",
    sku={"name": "Standard_LRS"},
    allow_blob_public_access=False,
    allow_shared_key_access=False,
    allow_cross_tenant_replication=False,
    default_to_o_auth_authentication=True,
    enable_https_traffic_only=True,
    minimum_tls_version="TLS1_2",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

two_code = azure.storage.BlobContainer(
    "round-trip-two-code",
    resource_group_name=resources_group.name,
    account_name=two_host.name,
    container_name="code",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

two_calls = azure.storage.Queue(
    "round-trip-two-calls",
    resource_group_name=resources_group.name,
    account_name=two_host.name,
    queue_name="calls",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.storage.Queue(
    "round-trip-two-failed",
    resource_group_name=resources_group.name,
    account_name=two_host.name,
    queue_name="calls-poison",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

two_host_blobs = azure.authorization.RoleAssignment(
    "round-trip-two-host-blobs",
    principal_id=two_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    ),
    scope=two_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

two_host_queues = azure.authorization.RoleAssignment(
    "round-trip-two-host-queues",
    principal_id=two_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    ),
    scope=two_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

two_host_tables = azure.authorization.RoleAssignment(
    "round-trip-two-host-tables",
    principal_id=two_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    ),
    scope=two_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

two_host_logs = azure.authorization.RoleAssignment(
    "round-trip-two-host-logs",
    principal_id=two_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/3913510d-42f4-4e42-8a64-420c390055eb",
    ),
    scope=insights_component.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

two_plan = azure.web.AppServicePlan(
    "round-trip-two-plan",
    resource_group_name=resources_group.name,
    kind="functionapp",
    reserved=True,
    sku={"name": "FC1", "tier": "FlexConsumption"},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

two_app = azure.web.WebApp(
    "round-trip-two",
    resource_group_name=resources_group.name,
    kind="functionapp,linux",
    server_farm_id=two_plan.id,
    https_only=True,
    identity={
        "type": azure.web.ManagedServiceIdentityType("UserAssigned"),
        "user_assigned_identities": [two_identity.id],
    },
    function_app_config={
        "runtime": {"name": "python", "version": "3.13"},
        "deployment": {
            "storage": {
                "type": "blobContainer",
                "value": pulumi.Output.concat(
                    "https://",
                    two_host.name,
                    ".blob.core.windows.net/",
                    two_code.name,
                ),
                "authentication": {
                    "type": "UserAssignedIdentity",
                    "user_assigned_identity_resource_id": two_identity.id,
                },
            },
        },
        "scale_and_concurrency": {
            "instance_memory_mb": 512,
            "maximum_instance_count": 40,
        },
    },
    site_config={
        "app_settings": [
            {"name": "AZURE_CLIENT_ID", "value": two_identity.client_id},
            {"name": "GLACIER_IDENTITY", "value": two_identity.name},
            {"name": "GLACIER_PRINCIPAL", "value": two_identity.principal_id},
            {
                "name": "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
                "value": pulumi.Output.concat(
                    "ClientId=",
                    two_identity.client_id,
                    ";Authorization=AAD",
                ),
            },
            {
                "name": "APPLICATIONINSIGHTS_CONNECTION_STRING",
                "value": insights_component.connection_string,
            },
            {
                "name": "AzureFunctionsJobHost__extensions__queues__maxDequeueCount",
                "value": "1",
            },
            {"name": "AzureFunctionsJobHost__functionTimeout", "value": "00:05:00"},
            {"name": "AzureWebJobsStorage__accountName", "value": two_host.name},
            {"name": "AzureWebJobsStorage__clientId", "value": two_identity.client_id},
            {"name": "AzureWebJobsStorage__credential", "value": "managedidentity"},
            {"name": "GLACIER_TASK", "value": "two"},
            {
                "name": "GLACIER_STORE_D1",
                "value": pulumi.Output.concat(
                    "gs://",
                    round_trip_gcp_stack.require_output("d1_bucket_name"),
                    "/?provider=//iam.googleapis.com/",
                    round_trip_gcp_stack.require_output("guests_pool_name"),
                    "/providers/guest-two-from-azure-",
                    round_trip_gcp_stack.require_output("two_from_azure_id_result"),
                    "&audience=api://",
                    egress_application.client_id,
                ),
            },
            {
                "name": "GLACIER_STORE_D2",
                "value": pulumi.Output.concat(
                    "az://",
                    d2_account.name,
                    "/",
                    d2_container.name,
                    "/",
                ),
            },
        ],
        "min_tls_version": "1.2",
        "ip_security_restrictions_default_action": "Deny",
        "scm_ip_security_restrictions_default_action": "Allow",
        "scm_ip_security_restrictions_use_main": False,
    },
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        depends_on=[two_host_blobs, two_host_queues, two_host_tables, two_host_logs],
    ),
)

two_passwords = azure.web.WebAppScmAllowed(
    "round-trip-two-passwords",
    resource_group_name=resources_group.name,
    name=two_app.name,
    allow=False,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# Needs the Azure CLI and Python on the machine that deploys.
command.local.Command(
    "round-trip-two-code-upload",
    create='zip="$(mktemp -d)/code.zip" && python3 -m zipfile -c "$zip" . && az functionapp deployment source config-zip --subscription "$SUBSCRIPTION" --resource-group "$GROUP" --name "$APP" --src "$zip"',
    dir="functions/tasks",
    environment={
        "SUBSCRIPTION": subscription_client.subscription_id,
        "GROUP": resources_group.name,
        "APP": two_app.name,
    },
    triggers=["0123456789ab", two_app.id],
    opts=pulumi.ResourceOptions(depends_on=[two_passwords]),
)

# --- The order in which the tasks run, leg 2 of 3 -------------------------------------

workflow_2_calls_two = azure.authorization.RoleAssignment(
    "round-trip-workflow-2-calls-two",
    principal_id=runner_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    ),
    scope=two_calls.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# Start a run: the README has the command.
workflow_2_app = azure.logic.Workflow(
    "round-trip-workflow-2",
    resource_group_name=resources_group.name,
    state="Enabled",
    identity={"type": "UserAssigned", "user_assigned_identities": [runner_identity.id]},
    access_control={
        "triggers": {
            "allowed_caller_ip_addresses": [{"address_range": "192.0.2.0/32"}],
        },
    },
    definition={
        "$schema": "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
        "contentVersion": "1.0.0.0",
        "triggers": {
            "start": {"type": "Request", "kind": "Http", "inputs": {"schema": {}}},
        },
        "actions": {
            "stage-1": {
                "type": "Scope",
                "actions": {
                    "call-two": {
                        "type": "HttpWebhook",
                        "inputs": {
                            "subscribe": {
                                "method": "POST",
                                "uri": pulumi.Output.concat(
                                    "https://",
                                    two_host.name,
                                    ".queue.core.windows.net/calls/messages",
                                ),
                                "headers": {
                                    "Content-Type": "application/xml",
                                    "x-ms-date": "@{utcNow('R')}",
                                    "x-ms-version": "2024-11-04",
                                },
                                "body": '<QueueMessage><MessageText>@{base64(concat(\'{"task":"two","run":"\',workflow()[\'run\'][\'name\'],\'","answer":"\',listCallbackUrl(),\'"}\'))}</MessageText></QueueMessage>',
                                "authentication": {
                                    "type": "ManagedServiceIdentity",
                                    "identity": runner_identity.id,
                                    "audience": "https://storage.azure.com/",
                                },
                            },
                            "unsubscribe": {},
                        },
                        "limit": {"timeout": "PT900S"},
                        "runtimeConfiguration": {
                            "secureData": {"properties": ["inputs"]},
                        },
                        "runAfter": {},
                    },
                    "check-two": {
                        "type": "ParseJson",
                        "inputs": {
                            "content": "@body('call-two')",
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "status": {"type": "string", "enum": ["Succeeded"]},
                                },
                                "required": ["status"],
                            },
                        },
                        "runAfter": {"call-two": ["Succeeded"]},
                    },
                },
                "runAfter": {},
            },
        },
    },
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        depends_on=[workflow_2_calls_two],
    ),
)

# --- Outputs --------------------------------------------------------------------------

pulumi.export(
    "storage_d2",
    pulumi.Output.concat("az://", d2_account.name, "/", d2_container.name, "/"),
)
pulumi.export("workflow_2", workflow_2_app.id)
pulumi.export("d2_account_name", d2_account.name)
pulumi.export("d2_container_id", d2_container.id)
pulumi.export("d2_container_name", d2_container.name)
pulumi.export("egress_application_client_id", egress_application.client_id)
pulumi.export("egress_principal_object_id", egress_principal.object_id)
pulumi.export("resources_group_name", resources_group.name)
pulumi.export("subscription_client_tenant_id", subscription_client.tenant_id)
pulumi.export("three_from_aws_identity_client_id", three_from_aws_identity.client_id)
pulumi.export("three_from_aws_identity_name", three_from_aws_identity.name)
pulumi.export(
    "three_from_aws_identity_principal_id",
    three_from_aws_identity.principal_id,
)
pulumi.export("two_identity_principal_id", two_identity.principal_id)
