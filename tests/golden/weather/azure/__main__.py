"""Infrastructure of the pipeline weather on azure, in eastus.

Written by Glacier from the pipeline's declaration. It is yours: read it, deploy it with
`pulumi up`, and put changes that must survive the next compilation into overrides.py.
"""

import pulumi
import pulumi_azure_native as azure
import pulumi_command as command

import overrides

config = pulumi.Config()
# Whether data outlives the stack: protected from deletion, and left in place by pulumi
# destroy
keep_data = config.get_bool("keep_data") is not False

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Provider -------------------------------------------------------------------------

azure_provider = azure.Provider("weather-azure-provider", location="eastus")

# --- Shared: resources ----------------------------------------------------------------

resources_group = azure.resources.ResourceGroup(
    "weather-resources",
    tags={"glacier-pipeline": "weather", "glacier-stack": pulumi.get_stack()},
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

# --- Shared: subscription -------------------------------------------------------------

subscription_client = azure.authorization.get_client_config_output(
    opts=pulumi.InvokeOutputOptions(provider=azure_provider),
)

# --- Shared: logs ---------------------------------------------------------------------

logs_workspace = azure.operationalinsights.Workspace(
    "weather-logs",
    resource_group_name=resources_group.name,
    sku={"name": "PerGB2018"},
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Shared: insights -----------------------------------------------------------------

insights_component = azure.applicationinsights.Component(
    "weather-insights",
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
    "weather-runner-identity",
    resource_group_name=resources_group.name,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Dataset means --------------------------------------------------------------------

# means: written by average, read by warmest.
means_account = azure.storage.StorageAccount(
    "weathermeaaca74a",
    resource_group_name=resources_group.name,
    kind="StorageV2",
    sku={"name": "Standard_LRS"},
    allow_blob_public_access=False,
    allow_shared_key_access=False,
    allow_cross_tenant_replication=False,
    default_to_o_auth_authentication=True,
    enable_https_traffic_only=True,
    minimum_tls_version="TLS1_2",
    access_tier=azure.storage.AccessTier("Cold"),
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

azure.storage.BlobServiceProperties(
    "weather-means-service",
    resource_group_name=resources_group.name,
    account_name=means_account.name,
    blob_services_name="default",
    is_versioning_enabled=False,
    delete_retention_policy={"enabled": True, "days": 7},
    container_delete_retention_policy={"enabled": True, "days": 7},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

means_container = azure.storage.BlobContainer(
    "weather-means-container",
    resource_group_name=resources_group.name,
    account_name=means_account.name,
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

# --- Dataset readings -----------------------------------------------------------------

# readings: written by measure, read by average.
readings_account = azure.storage.StorageAccount(
    "weatherreaf68615",
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
    "weather-readings-service",
    resource_group_name=resources_group.name,
    account_name=readings_account.name,
    blob_services_name="default",
    is_versioning_enabled=False,
    delete_retention_policy={"enabled": True, "days": 7},
    container_delete_retention_policy={"enabled": True, "days": 7},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

readings_container = azure.storage.BlobContainer(
    "weather-readings-container",
    resource_group_name=resources_group.name,
    account_name=readings_account.name,
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

# --- Dataset warmest ------------------------------------------------------------------

# warmest: written by warmest.
scratch_account = azure.storage.StorageAccount(
    "weatherscrffbe9a",
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
    "weather-scratch-service",
    resource_group_name=resources_group.name,
    account_name=scratch_account.name,
    blob_services_name="default",
    is_versioning_enabled=False,
    delete_retention_policy={"enabled": True, "days": 7},
    container_delete_retention_policy={"enabled": True, "days": 7},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

scratch_container = azure.storage.BlobContainer(
    "weather-scratch-container",
    resource_group_name=resources_group.name,
    account_name=scratch_account.name,
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

# --- Task measure ---------------------------------------------------------------------

# measure writes readings.
measure_identity = azure.managedidentity.UserAssignedIdentity(
    "weather-measure-identity",
    resource_group_name=resources_group.name,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.authorization.RoleAssignment(
    "weather-measure-writes-readings",
    principal_id=measure_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    ),
    scope=readings_container.id,
    condition="(((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'}) AND !(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringStartsWith 'readings/')) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'})) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete'})) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/move/action'})))",
    condition_version="2.0",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

measure_host = azure.storage.StorageAccount(
    "weathermea31896b",
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

measure_code = azure.storage.BlobContainer(
    "weather-measure-code",
    resource_group_name=resources_group.name,
    account_name=measure_host.name,
    container_name="code",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

measure_calls = azure.storage.Queue(
    "weather-measure-calls",
    resource_group_name=resources_group.name,
    account_name=measure_host.name,
    queue_name="calls",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.storage.Queue(
    "weather-measure-failed",
    resource_group_name=resources_group.name,
    account_name=measure_host.name,
    queue_name="calls-poison",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

measure_host_blobs = azure.authorization.RoleAssignment(
    "weather-measure-host-blobs",
    principal_id=measure_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    ),
    scope=measure_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

measure_host_queues = azure.authorization.RoleAssignment(
    "weather-measure-host-queues",
    principal_id=measure_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    ),
    scope=measure_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

measure_host_tables = azure.authorization.RoleAssignment(
    "weather-measure-host-tables",
    principal_id=measure_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    ),
    scope=measure_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

measure_host_logs = azure.authorization.RoleAssignment(
    "weather-measure-host-logs",
    principal_id=measure_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/3913510d-42f4-4e42-8a64-420c390055eb",
    ),
    scope=insights_component.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

measure_plan = azure.web.AppServicePlan(
    "weather-measure-plan",
    resource_group_name=resources_group.name,
    kind="functionapp",
    reserved=True,
    sku={"name": "FC1", "tier": "FlexConsumption"},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

measure_app = azure.web.WebApp(
    "weather-measure",
    resource_group_name=resources_group.name,
    kind="functionapp,linux",
    server_farm_id=measure_plan.id,
    https_only=True,
    identity={
        "type": azure.web.ManagedServiceIdentityType("UserAssigned"),
        "user_assigned_identities": [measure_identity.id],
    },
    function_app_config={
        "runtime": {"name": "python", "version": "3.13"},
        "deployment": {
            "storage": {
                "type": "blobContainer",
                "value": pulumi.Output.concat(
                    "https://",
                    measure_host.name,
                    ".blob.core.windows.net/",
                    measure_code.name,
                ),
                "authentication": {
                    "type": "UserAssignedIdentity",
                    "user_assigned_identity_resource_id": measure_identity.id,
                },
            },
        },
        "scale_and_concurrency": {
            "instance_memory_mb": 2048,
            "maximum_instance_count": 40,
        },
    },
    site_config={
        "app_settings": [
            {"name": "AZURE_CLIENT_ID", "value": measure_identity.client_id},
            {"name": "GLACIER_IDENTITY", "value": measure_identity.name},
            {"name": "GLACIER_PRINCIPAL", "value": measure_identity.principal_id},
            {
                "name": "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
                "value": pulumi.Output.concat(
                    "ClientId=",
                    measure_identity.client_id,
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
            {"name": "AzureWebJobsStorage__accountName", "value": measure_host.name},
            {
                "name": "AzureWebJobsStorage__clientId",
                "value": measure_identity.client_id,
            },
            {"name": "AzureWebJobsStorage__credential", "value": "managedidentity"},
            {"name": "GLACIER_TASK", "value": "measure"},
            {
                "name": "GLACIER_STORE_READINGS",
                "value": pulumi.Output.concat(
                    "az://",
                    readings_account.name,
                    "/",
                    readings_container.name,
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
        depends_on=[
            measure_host_blobs,
            measure_host_queues,
            measure_host_tables,
            measure_host_logs,
        ],
    ),
)

measure_passwords = azure.web.WebAppScmAllowed(
    "weather-measure-passwords",
    resource_group_name=resources_group.name,
    name=measure_app.name,
    allow=False,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# Needs the Azure CLI and Python on the machine that deploys.
command.local.Command(
    "weather-measure-code-upload",
    create='zip="$(mktemp -d)/code.zip" && python3 -m zipfile -c "$zip" . && az functionapp deployment source config-zip --subscription "$SUBSCRIPTION" --resource-group "$GROUP" --name "$APP" --src "$zip"',
    dir="functions/tasks-35fc2b47",
    environment={
        "SUBSCRIPTION": subscription_client.subscription_id,
        "GROUP": resources_group.name,
        "APP": measure_app.name,
    },
    triggers=["0123456789ab", measure_app.id],
    opts=pulumi.ResourceOptions(depends_on=[measure_passwords]),
)

# --- Task average ---------------------------------------------------------------------

# average reads readings and writes means.
average_identity = azure.managedidentity.UserAssignedIdentity(
    "weather-average-identity",
    resource_group_name=resources_group.name,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.authorization.RoleAssignment(
    "weather-average-reads-readings",
    principal_id=average_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    ),
    scope=readings_container.id,
    condition="((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND NOT SubOperationMatches{'Blob.List'}) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringStartsWith 'readings/')) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND SubOperationMatches{'Blob.List'}) OR (@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:prefix] StringStartsWith 'readings/')))",
    condition_version="2.0",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.authorization.RoleAssignment(
    "weather-average-writes-means",
    principal_id=average_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    ),
    scope=means_container.id,
    condition="(((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'}) AND !(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringStartsWith 'means/')) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'})) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete'})) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/move/action'})))",
    condition_version="2.0",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

average_host = azure.storage.StorageAccount(
    "weatherave2f5ba1",
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

average_code = azure.storage.BlobContainer(
    "weather-average-code",
    resource_group_name=resources_group.name,
    account_name=average_host.name,
    container_name="code",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

average_calls = azure.storage.Queue(
    "weather-average-calls",
    resource_group_name=resources_group.name,
    account_name=average_host.name,
    queue_name="calls",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.storage.Queue(
    "weather-average-failed",
    resource_group_name=resources_group.name,
    account_name=average_host.name,
    queue_name="calls-poison",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

average_host_blobs = azure.authorization.RoleAssignment(
    "weather-average-host-blobs",
    principal_id=average_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    ),
    scope=average_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

average_host_queues = azure.authorization.RoleAssignment(
    "weather-average-host-queues",
    principal_id=average_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    ),
    scope=average_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

average_host_tables = azure.authorization.RoleAssignment(
    "weather-average-host-tables",
    principal_id=average_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    ),
    scope=average_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

average_host_logs = azure.authorization.RoleAssignment(
    "weather-average-host-logs",
    principal_id=average_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/3913510d-42f4-4e42-8a64-420c390055eb",
    ),
    scope=insights_component.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

average_plan = azure.web.AppServicePlan(
    "weather-average-plan",
    resource_group_name=resources_group.name,
    kind="functionapp",
    reserved=True,
    sku={"name": "FC1", "tier": "FlexConsumption"},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

average_app = azure.web.WebApp(
    "weather-average",
    resource_group_name=resources_group.name,
    kind="functionapp,linux",
    server_farm_id=average_plan.id,
    https_only=True,
    identity={
        "type": azure.web.ManagedServiceIdentityType("UserAssigned"),
        "user_assigned_identities": [average_identity.id],
    },
    function_app_config={
        "runtime": {"name": "python", "version": "3.13"},
        "deployment": {
            "storage": {
                "type": "blobContainer",
                "value": pulumi.Output.concat(
                    "https://",
                    average_host.name,
                    ".blob.core.windows.net/",
                    average_code.name,
                ),
                "authentication": {
                    "type": "UserAssignedIdentity",
                    "user_assigned_identity_resource_id": average_identity.id,
                },
            },
        },
        "scale_and_concurrency": {
            "instance_memory_mb": 2048,
            "maximum_instance_count": 40,
        },
    },
    site_config={
        "app_settings": [
            {"name": "AZURE_CLIENT_ID", "value": average_identity.client_id},
            {"name": "GLACIER_IDENTITY", "value": average_identity.name},
            {"name": "GLACIER_PRINCIPAL", "value": average_identity.principal_id},
            {
                "name": "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
                "value": pulumi.Output.concat(
                    "ClientId=",
                    average_identity.client_id,
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
            {"name": "AzureWebJobsStorage__accountName", "value": average_host.name},
            {
                "name": "AzureWebJobsStorage__clientId",
                "value": average_identity.client_id,
            },
            {"name": "AzureWebJobsStorage__credential", "value": "managedidentity"},
            {"name": "GLACIER_TASK", "value": "average"},
            {
                "name": "GLACIER_STORE_MEANS",
                "value": pulumi.Output.concat(
                    "az://",
                    means_account.name,
                    "/",
                    means_container.name,
                    "/",
                ),
            },
            {
                "name": "GLACIER_STORE_READINGS",
                "value": pulumi.Output.concat(
                    "az://",
                    readings_account.name,
                    "/",
                    readings_container.name,
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
        depends_on=[
            average_host_blobs,
            average_host_queues,
            average_host_tables,
            average_host_logs,
        ],
    ),
)

average_passwords = azure.web.WebAppScmAllowed(
    "weather-average-passwords",
    resource_group_name=resources_group.name,
    name=average_app.name,
    allow=False,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# Needs the Azure CLI and Python on the machine that deploys.
command.local.Command(
    "weather-average-code-upload",
    create='zip="$(mktemp -d)/code.zip" && python3 -m zipfile -c "$zip" . && az functionapp deployment source config-zip --subscription "$SUBSCRIPTION" --resource-group "$GROUP" --name "$APP" --src "$zip"',
    dir="functions/tasks-35fc2b47",
    environment={
        "SUBSCRIPTION": subscription_client.subscription_id,
        "GROUP": resources_group.name,
        "APP": average_app.name,
    },
    triggers=["0123456789ab", average_app.id],
    opts=pulumi.ResourceOptions(depends_on=[average_passwords]),
)

# --- Task warmest ---------------------------------------------------------------------

# warmest reads means and writes warmest.
warmest_identity = azure.managedidentity.UserAssignedIdentity(
    "weather-warmest-identity",
    resource_group_name=resources_group.name,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.authorization.RoleAssignment(
    "weather-warmest-reads-means",
    principal_id=warmest_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    ),
    scope=means_container.id,
    condition="((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND NOT SubOperationMatches{'Blob.List'}) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringStartsWith 'means/')) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND SubOperationMatches{'Blob.List'}) OR (@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:prefix] StringStartsWith 'means/')))",
    condition_version="2.0",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.authorization.RoleAssignment(
    "weather-warmest-writes-scratch",
    principal_id=warmest_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    ),
    scope=scratch_container.id,
    condition="(((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'}) AND !(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringStartsWith 'warmest/')) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'})) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete'})) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/move/action'})))",
    condition_version="2.0",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warmest_host = azure.storage.StorageAccount(
    "weatherwar2a086d",
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

warmest_code = azure.storage.BlobContainer(
    "weather-warmest-code",
    resource_group_name=resources_group.name,
    account_name=warmest_host.name,
    container_name="code",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warmest_calls = azure.storage.Queue(
    "weather-warmest-calls",
    resource_group_name=resources_group.name,
    account_name=warmest_host.name,
    queue_name="calls",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.storage.Queue(
    "weather-warmest-failed",
    resource_group_name=resources_group.name,
    account_name=warmest_host.name,
    queue_name="calls-poison",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warmest_host_blobs = azure.authorization.RoleAssignment(
    "weather-warmest-host-blobs",
    principal_id=warmest_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    ),
    scope=warmest_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warmest_host_queues = azure.authorization.RoleAssignment(
    "weather-warmest-host-queues",
    principal_id=warmest_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    ),
    scope=warmest_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warmest_host_tables = azure.authorization.RoleAssignment(
    "weather-warmest-host-tables",
    principal_id=warmest_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    ),
    scope=warmest_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warmest_host_logs = azure.authorization.RoleAssignment(
    "weather-warmest-host-logs",
    principal_id=warmest_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/3913510d-42f4-4e42-8a64-420c390055eb",
    ),
    scope=insights_component.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warmest_plan = azure.web.AppServicePlan(
    "weather-warmest-plan",
    resource_group_name=resources_group.name,
    kind="functionapp",
    reserved=True,
    sku={"name": "FC1", "tier": "FlexConsumption"},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warmest_app = azure.web.WebApp(
    "weather-warmest",
    resource_group_name=resources_group.name,
    kind="functionapp,linux",
    server_farm_id=warmest_plan.id,
    https_only=True,
    identity={
        "type": azure.web.ManagedServiceIdentityType("UserAssigned"),
        "user_assigned_identities": [warmest_identity.id],
    },
    function_app_config={
        "runtime": {"name": "python", "version": "3.13"},
        "deployment": {
            "storage": {
                "type": "blobContainer",
                "value": pulumi.Output.concat(
                    "https://",
                    warmest_host.name,
                    ".blob.core.windows.net/",
                    warmest_code.name,
                ),
                "authentication": {
                    "type": "UserAssignedIdentity",
                    "user_assigned_identity_resource_id": warmest_identity.id,
                },
            },
        },
        "scale_and_concurrency": {
            "instance_memory_mb": 2048,
            "maximum_instance_count": 40,
        },
    },
    site_config={
        "app_settings": [
            {"name": "AZURE_CLIENT_ID", "value": warmest_identity.client_id},
            {"name": "GLACIER_IDENTITY", "value": warmest_identity.name},
            {"name": "GLACIER_PRINCIPAL", "value": warmest_identity.principal_id},
            {
                "name": "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
                "value": pulumi.Output.concat(
                    "ClientId=",
                    warmest_identity.client_id,
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
            {"name": "AzureWebJobsStorage__accountName", "value": warmest_host.name},
            {
                "name": "AzureWebJobsStorage__clientId",
                "value": warmest_identity.client_id,
            },
            {"name": "AzureWebJobsStorage__credential", "value": "managedidentity"},
            {"name": "GLACIER_TASK", "value": "warmest"},
            {
                "name": "GLACIER_STORE_MEANS",
                "value": pulumi.Output.concat(
                    "az://",
                    means_account.name,
                    "/",
                    means_container.name,
                    "/",
                ),
            },
            {
                "name": "GLACIER_STORE_SCRATCH",
                "value": pulumi.Output.concat(
                    "az://",
                    scratch_account.name,
                    "/",
                    scratch_container.name,
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
        depends_on=[
            warmest_host_blobs,
            warmest_host_queues,
            warmest_host_tables,
            warmest_host_logs,
        ],
    ),
)

warmest_passwords = azure.web.WebAppScmAllowed(
    "weather-warmest-passwords",
    resource_group_name=resources_group.name,
    name=warmest_app.name,
    allow=False,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# Needs the Azure CLI and Python on the machine that deploys.
command.local.Command(
    "weather-warmest-code-upload",
    create='zip="$(mktemp -d)/code.zip" && python3 -m zipfile -c "$zip" . && az functionapp deployment source config-zip --subscription "$SUBSCRIPTION" --resource-group "$GROUP" --name "$APP" --src "$zip"',
    dir="functions/tasks-98471148",
    environment={
        "SUBSCRIPTION": subscription_client.subscription_id,
        "GROUP": resources_group.name,
        "APP": warmest_app.name,
    },
    triggers=["0123456789ab", warmest_app.id],
    opts=pulumi.ResourceOptions(depends_on=[warmest_passwords]),
)

# --- The order in which the tasks run -------------------------------------------------

workflow_calls_measure = azure.authorization.RoleAssignment(
    "weather-workflow-calls-measure",
    principal_id=runner_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    ),
    scope=measure_calls.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

workflow_calls_average = azure.authorization.RoleAssignment(
    "weather-workflow-calls-average",
    principal_id=runner_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    ),
    scope=average_calls.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

workflow_calls_warmest = azure.authorization.RoleAssignment(
    "weather-workflow-calls-warmest",
    principal_id=runner_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    ),
    scope=warmest_calls.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# Start a run: the README has the command.
workflow_app = azure.logic.Workflow(
    "weather-workflow",
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
                    "call-measure": {
                        "type": "HttpWebhook",
                        "inputs": {
                            "subscribe": {
                                "method": "POST",
                                "uri": pulumi.Output.concat(
                                    "https://",
                                    measure_host.name,
                                    ".queue.core.windows.net/calls/messages",
                                ),
                                "headers": {
                                    "Content-Type": "application/xml",
                                    "x-ms-date": "@{utcNow('R')}",
                                    "x-ms-version": "2024-11-04",
                                },
                                "body": '<QueueMessage><MessageText>@{base64(concat(\'{"task":"measure","run":"\',workflow()[\'run\'][\'name\'],\'","answer":"\',listCallbackUrl(),\'"}\'))}</MessageText></QueueMessage>',
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
                    "check-measure": {
                        "type": "ParseJson",
                        "inputs": {
                            "content": "@body('call-measure')",
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "status": {"type": "string", "enum": ["Succeeded"]},
                                },
                                "required": ["status"],
                            },
                        },
                        "runAfter": {"call-measure": ["Succeeded"]},
                    },
                },
                "runAfter": {},
            },
            "stage-2": {
                "type": "Scope",
                "actions": {
                    "call-average": {
                        "type": "HttpWebhook",
                        "inputs": {
                            "subscribe": {
                                "method": "POST",
                                "uri": pulumi.Output.concat(
                                    "https://",
                                    average_host.name,
                                    ".queue.core.windows.net/calls/messages",
                                ),
                                "headers": {
                                    "Content-Type": "application/xml",
                                    "x-ms-date": "@{utcNow('R')}",
                                    "x-ms-version": "2024-11-04",
                                },
                                "body": '<QueueMessage><MessageText>@{base64(concat(\'{"task":"average","run":"\',workflow()[\'run\'][\'name\'],\'","answer":"\',listCallbackUrl(),\'"}\'))}</MessageText></QueueMessage>',
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
                    "check-average": {
                        "type": "ParseJson",
                        "inputs": {
                            "content": "@body('call-average')",
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "status": {"type": "string", "enum": ["Succeeded"]},
                                },
                                "required": ["status"],
                            },
                        },
                        "runAfter": {"call-average": ["Succeeded"]},
                    },
                },
                "runAfter": {"stage-1": ["Succeeded"]},
            },
            "stage-3": {
                "type": "Scope",
                "actions": {
                    "call-warmest": {
                        "type": "HttpWebhook",
                        "inputs": {
                            "subscribe": {
                                "method": "POST",
                                "uri": pulumi.Output.concat(
                                    "https://",
                                    warmest_host.name,
                                    ".queue.core.windows.net/calls/messages",
                                ),
                                "headers": {
                                    "Content-Type": "application/xml",
                                    "x-ms-date": "@{utcNow('R')}",
                                    "x-ms-version": "2024-11-04",
                                },
                                "body": '<QueueMessage><MessageText>@{base64(concat(\'{"task":"warmest","run":"\',workflow()[\'run\'][\'name\'],\'","answer":"\',listCallbackUrl(),\'"}\'))}</MessageText></QueueMessage>',
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
                    "check-warmest": {
                        "type": "ParseJson",
                        "inputs": {
                            "content": "@body('call-warmest')",
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "status": {"type": "string", "enum": ["Succeeded"]},
                                },
                                "required": ["status"],
                            },
                        },
                        "runAfter": {"call-warmest": ["Succeeded"]},
                    },
                },
                "runAfter": {"stage-2": ["Succeeded"]},
            },
        },
    },
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        depends_on=[
            workflow_calls_measure,
            workflow_calls_average,
            workflow_calls_warmest,
        ],
    ),
)

# --- Outputs --------------------------------------------------------------------------

pulumi.export(
    "storage_means",
    pulumi.Output.concat("az://", means_account.name, "/", means_container.name, "/"),
)
pulumi.export(
    "storage_readings",
    pulumi.Output.concat(
        "az://",
        readings_account.name,
        "/",
        readings_container.name,
        "/",
    ),
)
pulumi.export(
    "storage_scratch",
    pulumi.Output.concat(
        "az://",
        scratch_account.name,
        "/",
        scratch_container.name,
        "/",
    ),
)
pulumi.export("workflow", workflow_app.id)
