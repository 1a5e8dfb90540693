"""Infrastructure of the pipeline guest on gcp on azure, in eastus.

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

guest_on_gcp_gcp_stack = pulumi.StackReference(
    "guest-on-gcp-gcp",
    stack_name=f"{pulumi.get_organization()}/guest-on-gcp-gcp/{pulumi.get_stack()}",
)

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Provider -------------------------------------------------------------------------

azure_provider = azure.Provider("guest-on-gcp-azure-provider", location="eastus")

# --- Shared: egress -------------------------------------------------------------------

# For whom the tokens are made out that tasks show to other clouds: an application that
# does nothing.
egress_application = azuread.Application(
    "guest-on-gcp-egress-application",
    display_name="guest-on-gcp-egress",
    sign_in_audience="AzureADMyOrg",
    api={"requested_access_token_version": 1},
)

azuread.ApplicationIdentifierUri(
    "guest-on-gcp-egress-address",
    application_id=egress_application.id,
    identifier_uri=pulumi.Output.concat("api://", egress_application.client_id),
)

egress_principal = azuread.ServicePrincipal(
    "guest-on-gcp-egress-principal",
    client_id=egress_application.client_id,
    app_role_assignment_required=True,
)

# --- Shared: subscription -------------------------------------------------------------

subscription_client = azure.authorization.get_client_config_output(
    opts=pulumi.InvokeOutputOptions(provider=azure_provider),
)

# --- Shared: resources ----------------------------------------------------------------

resources_group = azure.resources.ResourceGroup(
    "guest-on-gcp-resources",
    tags={"glacier-pipeline": "guest on gcp", "glacier-stack": pulumi.get_stack()},
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

# --- Shared: logs ---------------------------------------------------------------------

logs_workspace = azure.operationalinsights.Workspace(
    "guest-on-gcp-logs",
    resource_group_name=resources_group.name,
    sku={"name": "PerGB2018"},
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Shared: insights -----------------------------------------------------------------

insights_component = azure.applicationinsights.Component(
    "guest-on-gcp-insights",
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
    "guest-on-gcp-runner-identity",
    resource_group_name=resources_group.name,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Task work ------------------------------------------------------------------------

# work reads given and writes made.
work_identity = azure.managedidentity.UserAssignedIdentity(
    "guest-on-gcp-work-identity",
    resource_group_name=resources_group.name,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

work_host = azure.storage.StorageAccount(
    "guestongcp45b19a",
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

work_code = azure.storage.BlobContainer(
    "guest-on-gcp-work-code",
    resource_group_name=resources_group.name,
    account_name=work_host.name,
    container_name="code",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

work_calls = azure.storage.Queue(
    "guest-on-gcp-work-calls",
    resource_group_name=resources_group.name,
    account_name=work_host.name,
    queue_name="calls",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.storage.Queue(
    "guest-on-gcp-work-failed",
    resource_group_name=resources_group.name,
    account_name=work_host.name,
    queue_name="calls-poison",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

work_host_blobs = azure.authorization.RoleAssignment(
    "guest-on-gcp-work-host-blobs",
    principal_id=work_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    ),
    scope=work_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

work_host_queues = azure.authorization.RoleAssignment(
    "guest-on-gcp-work-host-queues",
    principal_id=work_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    ),
    scope=work_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

work_host_tables = azure.authorization.RoleAssignment(
    "guest-on-gcp-work-host-tables",
    principal_id=work_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    ),
    scope=work_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

work_host_logs = azure.authorization.RoleAssignment(
    "guest-on-gcp-work-host-logs",
    principal_id=work_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/3913510d-42f4-4e42-8a64-420c390055eb",
    ),
    scope=insights_component.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

work_plan = azure.web.AppServicePlan(
    "guest-on-gcp-work-plan",
    resource_group_name=resources_group.name,
    kind="functionapp",
    reserved=True,
    sku={"name": "FC1", "tier": "FlexConsumption"},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

work_app = azure.web.WebApp(
    "guest-on-gcp-work",
    resource_group_name=resources_group.name,
    kind="functionapp,linux",
    server_farm_id=work_plan.id,
    https_only=True,
    identity={
        "type": azure.web.ManagedServiceIdentityType("UserAssigned"),
        "user_assigned_identities": [work_identity.id],
    },
    function_app_config={
        "runtime": {"name": "python", "version": "3.13"},
        "deployment": {
            "storage": {
                "type": "blobContainer",
                "value": pulumi.Output.concat(
                    "https://",
                    work_host.name,
                    ".blob.core.windows.net/",
                    work_code.name,
                ),
                "authentication": {
                    "type": "UserAssignedIdentity",
                    "user_assigned_identity_resource_id": work_identity.id,
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
            {"name": "AZURE_CLIENT_ID", "value": work_identity.client_id},
            {"name": "GLACIER_IDENTITY", "value": work_identity.name},
            {"name": "GLACIER_PRINCIPAL", "value": work_identity.principal_id},
            {
                "name": "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
                "value": pulumi.Output.concat(
                    "ClientId=",
                    work_identity.client_id,
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
            {"name": "AzureWebJobsStorage__accountName", "value": work_host.name},
            {"name": "AzureWebJobsStorage__clientId", "value": work_identity.client_id},
            {"name": "AzureWebJobsStorage__credential", "value": "managedidentity"},
            {"name": "GLACIER_TASK", "value": "work"},
            {
                "name": "GLACIER_STORE_GIVEN",
                "value": pulumi.Output.concat(
                    "gs://",
                    guest_on_gcp_gcp_stack.require_output("given_bucket_name"),
                    "/?provider=//iam.googleapis.com/",
                    guest_on_gcp_gcp_stack.require_output("guests_pool_name"),
                    "/providers/guest-work-from-azure-",
                    guest_on_gcp_gcp_stack.require_output("work_from_azure_id_result"),
                    "&audience=api://",
                    egress_application.client_id,
                ),
            },
            {
                "name": "GLACIER_STORE_MADE",
                "value": pulumi.Output.concat(
                    "gs://",
                    guest_on_gcp_gcp_stack.require_output("made_bucket_name"),
                    "/?provider=//iam.googleapis.com/",
                    guest_on_gcp_gcp_stack.require_output("guests_pool_name"),
                    "/providers/guest-work-from-azure-",
                    guest_on_gcp_gcp_stack.require_output("work_from_azure_id_result"),
                    "&audience=api://",
                    egress_application.client_id,
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
        depends_on=[
            work_host_blobs,
            work_host_queues,
            work_host_tables,
            work_host_logs,
        ],
    ),
)

work_passwords = azure.web.WebAppScmAllowed(
    "guest-on-gcp-work-passwords",
    resource_group_name=resources_group.name,
    name=work_app.name,
    allow=False,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# Needs the Azure CLI and Python on the machine that deploys.
command.local.Command(
    "guest-on-gcp-work-code-upload",
    create='zip="$(mktemp -d)/code.zip" && python3 -m zipfile -c "$zip" . && az functionapp deployment source config-zip --subscription "$SUBSCRIPTION" --resource-group "$GROUP" --name "$APP" --src "$zip"',
    dir="functions/tasks",
    environment={
        "SUBSCRIPTION": subscription_client.subscription_id,
        "GROUP": resources_group.name,
        "APP": work_app.name,
    },
    triggers=["0123456789ab", work_app.id],
    opts=pulumi.ResourceOptions(depends_on=[work_passwords]),
)

# --- The order in which the tasks run -------------------------------------------------

workflow_calls_work = azure.authorization.RoleAssignment(
    "guest-on-gcp-workflow-calls-work",
    principal_id=runner_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    ),
    scope=work_calls.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# Start a run: the README has the command.
workflow_app = azure.logic.Workflow(
    "guest-on-gcp-workflow",
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
                    "call-work": {
                        "type": "HttpWebhook",
                        "inputs": {
                            "subscribe": {
                                "method": "POST",
                                "uri": pulumi.Output.concat(
                                    "https://",
                                    work_host.name,
                                    ".queue.core.windows.net/calls/messages",
                                ),
                                "headers": {
                                    "Content-Type": "application/xml",
                                    "x-ms-date": "@{utcNow('R')}",
                                    "x-ms-version": "2024-11-04",
                                },
                                "body": '<QueueMessage><MessageText>@{base64(concat(\'{"task":"work","run":"\',workflow()[\'run\'][\'name\'],\'","answer":"\',listCallbackUrl(),\'"}\'))}</MessageText></QueueMessage>',
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
                    "check-work": {
                        "type": "ParseJson",
                        "inputs": {
                            "content": "@body('call-work')",
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "status": {"type": "string", "enum": ["Succeeded"]},
                                },
                                "required": ["status"],
                            },
                        },
                        "runAfter": {"call-work": ["Succeeded"]},
                    },
                },
                "runAfter": {},
            },
        },
    },
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        depends_on=[workflow_calls_work],
    ),
)

# --- Outputs --------------------------------------------------------------------------

pulumi.export("workflow", workflow_app.id)
pulumi.export("egress_application_client_id", egress_application.client_id)
pulumi.export("egress_principal_object_id", egress_principal.object_id)
pulumi.export("subscription_client_tenant_id", subscription_client.tenant_id)
pulumi.export("work_identity_principal_id", work_identity.principal_id)
