"""Infrastructure of the pipeline everything on azure, in eastus.

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

azure_provider = azure.Provider("everything-azure-provider", location="eastus")

# --- Shared: resources ----------------------------------------------------------------

resources_group = azure.resources.ResourceGroup(
    "everything-resources",
    tags={"glacier-pipeline": "everything", "glacier-stack": pulumi.get_stack()},
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

# --- Shared: network ------------------------------------------------------------------

network_vnet = azure.network.VirtualNetwork(
    "everything-network",
    resource_group_name=resources_group.name,
    address_space={"address_prefixes": ["10.0.0.0/16"]},
    subnets=[
        {
            "name": "functions",
            "address_prefix": "10.0.0.0/20",
            "delegations": [
                {"name": "functions", "service_name": "Microsoft.App/environments"},
            ],
        },
        {
            "name": "containers",
            "address_prefix": "10.0.16.0/20",
            "delegations": [
                {"name": "containers", "service_name": "Microsoft.App/environments"},
            ],
        },
        {"name": "doors", "address_prefix": "10.0.32.0/24"},
    ],
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Shared: redis zone ---------------------------------------------------------------

redis_zone_zone = azure.privatedns.PrivateZone(
    "everything-redis_zone",
    resource_group_name=resources_group.name,
    private_zone_name="privatelink.redis.azure.net",
    location="Global",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.privatedns.VirtualNetworkLink(
    "everything-redis_zone-link",
    resource_group_name=resources_group.name,
    private_zone_name=redis_zone_zone.name,
    location="Global",
    registration_enabled=False,
    virtual_network={"id": network_vnet.id},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Shared: messages -----------------------------------------------------------------

messages_namespace = azure.servicebus.Namespace(
    "everything-messages",
    resource_group_name=resources_group.name,
    sku={
        "name": azure.servicebus.SkuName("Standard"),
        "tier": azure.servicebus.SkuTier("Standard"),
    },
    disable_local_auth=True,
    minimum_tls_version="1.2",
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

# --- Shared: postgres zone ------------------------------------------------------------

postgres_zone_zone = azure.privatedns.PrivateZone(
    "everything-postgres_zone",
    resource_group_name=resources_group.name,
    private_zone_name="privatelink.postgres.database.azure.com",
    location="Global",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.privatedns.VirtualNetworkLink(
    "everything-postgres_zone-link",
    resource_group_name=resources_group.name,
    private_zone_name=postgres_zone_zone.name,
    location="Global",
    registration_enabled=False,
    virtual_network={"id": network_vnet.id},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Shared: logs ---------------------------------------------------------------------

logs_workspace = azure.operationalinsights.Workspace(
    "everything-logs",
    resource_group_name=resources_group.name,
    sku={"name": "PerGB2018"},
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Shared: insights -----------------------------------------------------------------

insights_component = azure.applicationinsights.Component(
    "everything-insights",
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
    "everything-runner-identity",
    resource_group_name=resources_group.name,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Shared: registry -----------------------------------------------------------------

registry_images = azure.containerregistry.Registry(
    "everythingregistryecc6fa",
    resource_group_name=resources_group.name,
    sku={"name": "Basic"},
    admin_user_enabled=False,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Shared: image-functions-tasks-378b7930 -------------------------------------------

# Needs the Azure CLI on the machine that deploys, and no Docker.
image_functions_tasks_378b7930_build = command.local.Command(
    "everything-image-functions-tasks-378b7930-build",
    create='az acr build --subscription "$SUBSCRIPTION" --registry "$REGISTRY" --image "$IMAGE" .',
    dir="functions/tasks-378b7930",
    environment={
        "SUBSCRIPTION": subscription_client.subscription_id,
        "REGISTRY": registry_images.name,
        "IMAGE": "tasks-378b7930:0123456789ab",
    },
    triggers=["0123456789ab", registry_images.id],
)

# --- Shared: private environment ------------------------------------------------------

private_environment_environment = azure.app.ManagedEnvironment(
    "everything-priv-ae994065",
    resource_group_name=resources_group.name,
    workload_profiles=[{"name": "Consumption", "workload_profile_type": "Consumption"}],
    app_logs_configuration={"destination": "azure-monitor"},
    vnet_configuration={
        "infrastructure_subnet_id": pulumi.Output.concat(
            network_vnet.id,
            "/subnets/containers",
        ),
        "internal": True,
    },
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.monitor.DiagnosticSetting(
    "everything-private_environment-diagnostics",
    resource_uri=private_environment_environment.id,
    workspace_id=logs_workspace.id,
    logs=[{"category_group": "allLogs", "enabled": True}],
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Dataset bucket -------------------------------------------------------------------

# bucket: put there by somebody else, read by load.
bucket_account = azure.storage.StorageAccount(
    "everythingb71189",
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

bucket_service = azure.storage.BlobServiceProperties(
    "everything-bucket-service",
    resource_group_name=resources_group.name,
    account_name=bucket_account.name,
    blob_services_name="default",
    is_versioning_enabled=False,
    delete_retention_policy={"enabled": True, "days": 7},
    container_delete_retention_policy={"enabled": True, "days": 7},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

bucket_container = azure.storage.BlobContainer(
    "everything-bucket-container",
    resource_group_name=resources_group.name,
    account_name=bucket_account.name,
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

azure.storage.ManagementPolicy(
    "everything-bucket-lifecycle",
    resource_group_name=resources_group.name,
    account_name=bucket_account.name,
    management_policy_name="default",
    policy={
        "rules": [
            {
                "name": "glacier",
                "enabled": True,
                "type": "Lifecycle",
                "definition": {
                    "actions": {
                        "base_blob": {
                            "delete": {"days_after_modification_greater_than": 400},
                        },
                    },
                    "filters": {
                        "blob_types": ["blockBlob"],
                        "prefix_match": [
                            pulumi.Output.concat(bucket_container.name, "/"),
                        ],
                    },
                },
            },
        ],
    },
    opts=pulumi.ResourceOptions(provider=azure_provider, depends_on=[bucket_service]),
)

# --- Dataset entry --------------------------------------------------------------------

# entry: written by warm, read by announce.
entry_cluster = azure.redisenterprise.RedisEnterprise(
    "everything-entry",
    resource_group_name=resources_group.name,
    sku={"name": "Balanced_B0"},
    minimum_tls_version="1.2",
    high_availability="Disabled",
    public_network_access="Disabled",
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

entry_database = azure.redisenterprise.Database(
    "everything-entry-database",
    resource_group_name=resources_group.name,
    cluster_name=entry_cluster.name,
    database_name="default",
    port=10000,
    client_protocol="Encrypted",
    clustering_policy="EnterpriseCluster",
    eviction_policy="NoEviction",
    access_keys_authentication="Disabled",
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

entry_door = azure.network.PrivateEndpoint(
    "everything-entry-door",
    resource_group_name=resources_group.name,
    subnet={"id": pulumi.Output.concat(network_vnet.id, "/subnets/doors")},
    private_link_service_connections=[
        {
            "name": "door",
            "private_link_service_id": entry_cluster.id,
            "group_ids": ["redisEnterprise"],
        },
    ],
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.network.PrivateDnsZoneGroup(
    "everything-entry-names",
    resource_group_name=resources_group.name,
    private_endpoint_name=entry_door.name,
    private_dns_zone_group_name="default",
    private_dns_zone_configs=[
        {"name": "default", "private_dns_zone_id": redis_zone_zone.id},
    ],
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Dataset messages -----------------------------------------------------------------

# messages: written by announce, read by listen.
messages_queue = azure.servicebus.Queue(
    "everything-messages",
    resource_group_name=resources_group.name,
    namespace_name=messages_namespace.name,
    requires_session=False,
    max_delivery_count=5,
    lock_duration="PT300S",
    default_message_time_to_live="P14D",
    dead_lettering_on_message_expiration=True,
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

# --- Dataset table --------------------------------------------------------------------

# table: written by load, read by announce, warm.
table_server = azure.dbforpostgresql.Server(
    "everything-table",
    resource_group_name=resources_group.name,
    version="17",
    sku={"name": "Standard_B1ms", "tier": "Burstable"},
    storage={"storage_size_gb": 32},
    backup={"backup_retention_days": 7, "geo_redundant_backup": "Disabled"},
    high_availability={"mode": "Disabled"},
    auth_config={
        "active_directory_auth": "Enabled",
        "password_auth": "Disabled",
        "tenant_id": subscription_client.tenant_id,
    },
    network={"public_network_access": "Disabled"},
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

table_database = azure.dbforpostgresql.Database(
    "everything-table-database",
    resource_group_name=resources_group.name,
    server_name=table_server.name,
    database_name="glacier",
    charset="UTF8",
    collation="en_US.utf8",
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

table_door = azure.network.PrivateEndpoint(
    "everything-table-door",
    resource_group_name=resources_group.name,
    subnet={"id": pulumi.Output.concat(network_vnet.id, "/subnets/doors")},
    private_link_service_connections=[
        {
            "name": "door",
            "private_link_service_id": table_server.id,
            "group_ids": ["postgresqlServer"],
        },
    ],
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.network.PrivateDnsZoneGroup(
    "everything-table-names",
    resource_group_name=resources_group.name,
    private_endpoint_name=table_door.name,
    private_dns_zone_group_name="default",
    private_dns_zone_configs=[
        {"name": "default", "private_dns_zone_id": postgres_zone_zone.id},
    ],
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Task load ------------------------------------------------------------------------

# load reads bucket and writes table.
load_identity = azure.managedidentity.UserAssignedIdentity(
    "everything-load-identity",
    resource_group_name=resources_group.name,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.authorization.RoleAssignment(
    "everything-load-reads-bucket",
    principal_id=load_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    ),
    scope=bucket_container.id,
    condition="((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND NOT SubOperationMatches{'Blob.List'}) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringStartsWith 'bucket/')) AND (!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND SubOperationMatches{'Blob.List'}) OR (@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:prefix] StringStartsWith 'bucket/')))",
    condition_version="2.0",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

load_uses_table = azure.dbforpostgresql.Administrator(
    "everything-load-uses-table",
    resource_group_name=resources_group.name,
    server_name=table_server.name,
    object_id=load_identity.principal_id,
    principal_name=load_identity.name,
    principal_type="servicePrincipal",
    tenant_id=subscription_client.tenant_id,
    opts=pulumi.ResourceOptions(provider=azure_provider, depends_on=[table_database]),
)

load_host = azure.storage.StorageAccount(
    "everything585cf9",
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

load_code = azure.storage.BlobContainer(
    "everything-load-code",
    resource_group_name=resources_group.name,
    account_name=load_host.name,
    container_name="code",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

load_calls = azure.storage.Queue(
    "everything-load-calls",
    resource_group_name=resources_group.name,
    account_name=load_host.name,
    queue_name="calls",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.storage.Queue(
    "everything-load-failed",
    resource_group_name=resources_group.name,
    account_name=load_host.name,
    queue_name="calls-poison",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

load_host_blobs = azure.authorization.RoleAssignment(
    "everything-load-host-blobs",
    principal_id=load_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    ),
    scope=load_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

load_host_queues = azure.authorization.RoleAssignment(
    "everything-load-host-queues",
    principal_id=load_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    ),
    scope=load_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

load_host_tables = azure.authorization.RoleAssignment(
    "everything-load-host-tables",
    principal_id=load_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    ),
    scope=load_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

load_host_logs = azure.authorization.RoleAssignment(
    "everything-load-host-logs",
    principal_id=load_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/3913510d-42f4-4e42-8a64-420c390055eb",
    ),
    scope=insights_component.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

load_plan = azure.web.AppServicePlan(
    "everything-load-plan",
    resource_group_name=resources_group.name,
    kind="functionapp",
    reserved=True,
    sku={"name": "FC1", "tier": "FlexConsumption"},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

load_app = azure.web.WebApp(
    "everything-load",
    resource_group_name=resources_group.name,
    kind="functionapp,linux",
    server_farm_id=load_plan.id,
    https_only=True,
    identity={
        "type": azure.web.ManagedServiceIdentityType("UserAssigned"),
        "user_assigned_identities": [load_identity.id],
    },
    virtual_network_subnet_id=pulumi.Output.concat(
        network_vnet.id,
        "/subnets/functions",
    ),
    function_app_config={
        "runtime": {"name": "python", "version": "3.13"},
        "deployment": {
            "storage": {
                "type": "blobContainer",
                "value": pulumi.Output.concat(
                    "https://",
                    load_host.name,
                    ".blob.core.windows.net/",
                    load_code.name,
                ),
                "authentication": {
                    "type": "UserAssignedIdentity",
                    "user_assigned_identity_resource_id": load_identity.id,
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
            {"name": "AZURE_CLIENT_ID", "value": load_identity.client_id},
            {"name": "GLACIER_IDENTITY", "value": load_identity.name},
            {"name": "GLACIER_PRINCIPAL", "value": load_identity.principal_id},
            {
                "name": "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
                "value": pulumi.Output.concat(
                    "ClientId=",
                    load_identity.client_id,
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
            {"name": "AzureWebJobsStorage__accountName", "value": load_host.name},
            {"name": "AzureWebJobsStorage__clientId", "value": load_identity.client_id},
            {"name": "AzureWebJobsStorage__credential", "value": "managedidentity"},
            {"name": "MODE", "value": "fast"},
            {"name": "GLACIER_TASK", "value": "load"},
            {
                "name": "GLACIER_STORE_BUCKET",
                "value": pulumi.Output.concat(
                    "az://",
                    bucket_account.name,
                    "/",
                    bucket_container.name,
                    "/",
                ),
            },
            {
                "name": "GLACIER_STORE_TABLE",
                "value": pulumi.Output.concat(
                    "postgres://",
                    table_server.fully_qualified_domain_name,
                    ":5432/glacier?auth=entra",
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
            load_host_blobs,
            load_host_queues,
            load_host_tables,
            load_host_logs,
        ],
    ),
)

load_passwords = azure.web.WebAppScmAllowed(
    "everything-load-passwords",
    resource_group_name=resources_group.name,
    name=load_app.name,
    allow=False,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# Needs the Azure CLI and Python on the machine that deploys.
command.local.Command(
    "everything-load-code-upload",
    create='zip="$(mktemp -d)/code.zip" && python3 -m zipfile -c "$zip" . && az functionapp deployment source config-zip --subscription "$SUBSCRIPTION" --resource-group "$GROUP" --name "$APP" --src "$zip"',
    dir="functions/tasks-05b9e2fb",
    environment={
        "SUBSCRIPTION": subscription_client.subscription_id,
        "GROUP": resources_group.name,
        "APP": load_app.name,
    },
    triggers=["0123456789ab", load_app.id],
    opts=pulumi.ResourceOptions(depends_on=[load_passwords]),
)

# --- Task warm ------------------------------------------------------------------------

# warm reads table and writes entry.
warm_identity = azure.managedidentity.UserAssignedIdentity(
    "everything-warm-identity",
    resource_group_name=resources_group.name,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warm_uses_table = azure.dbforpostgresql.Administrator(
    "everything-warm-uses-table",
    resource_group_name=resources_group.name,
    server_name=table_server.name,
    object_id=warm_identity.principal_id,
    principal_name=warm_identity.name,
    principal_type="servicePrincipal",
    tenant_id=subscription_client.tenant_id,
    opts=pulumi.ResourceOptions(provider=azure_provider, depends_on=[load_uses_table]),
)

warm_uses_entry = azure.redisenterprise.AccessPolicyAssignment(
    "everything-warm-uses-entry",
    resource_group_name=resources_group.name,
    cluster_name=entry_cluster.name,
    database_name=entry_database.name,
    access_policy_name="default",
    user={"object_id": warm_identity.principal_id},
    opts=pulumi.ResourceOptions(provider=azure_provider, depends_on=[entry_database]),
)

warm_host = azure.storage.StorageAccount(
    "everythingc2176d",
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

warm_code = azure.storage.BlobContainer(
    "everything-warm-code",
    resource_group_name=resources_group.name,
    account_name=warm_host.name,
    container_name="code",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warm_calls = azure.storage.Queue(
    "everything-warm-calls",
    resource_group_name=resources_group.name,
    account_name=warm_host.name,
    queue_name="calls",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.storage.Queue(
    "everything-warm-failed",
    resource_group_name=resources_group.name,
    account_name=warm_host.name,
    queue_name="calls-poison",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warm_host_blobs = azure.authorization.RoleAssignment(
    "everything-warm-host-blobs",
    principal_id=warm_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    ),
    scope=warm_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warm_host_queues = azure.authorization.RoleAssignment(
    "everything-warm-host-queues",
    principal_id=warm_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    ),
    scope=warm_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warm_host_tables = azure.authorization.RoleAssignment(
    "everything-warm-host-tables",
    principal_id=warm_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    ),
    scope=warm_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warm_host_logs = azure.authorization.RoleAssignment(
    "everything-warm-host-logs",
    principal_id=warm_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/3913510d-42f4-4e42-8a64-420c390055eb",
    ),
    scope=insights_component.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warm_plan = azure.web.AppServicePlan(
    "everything-warm-plan",
    resource_group_name=resources_group.name,
    kind="functionapp",
    reserved=True,
    sku={"name": "FC1", "tier": "FlexConsumption"},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

warm_app = azure.web.WebApp(
    "everything-warm",
    resource_group_name=resources_group.name,
    kind="functionapp,linux",
    server_farm_id=warm_plan.id,
    https_only=True,
    identity={
        "type": azure.web.ManagedServiceIdentityType("UserAssigned"),
        "user_assigned_identities": [warm_identity.id],
    },
    virtual_network_subnet_id=pulumi.Output.concat(
        network_vnet.id,
        "/subnets/functions",
    ),
    function_app_config={
        "runtime": {"name": "python", "version": "3.13"},
        "deployment": {
            "storage": {
                "type": "blobContainer",
                "value": pulumi.Output.concat(
                    "https://",
                    warm_host.name,
                    ".blob.core.windows.net/",
                    warm_code.name,
                ),
                "authentication": {
                    "type": "UserAssignedIdentity",
                    "user_assigned_identity_resource_id": warm_identity.id,
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
            {"name": "AZURE_CLIENT_ID", "value": warm_identity.client_id},
            {"name": "GLACIER_IDENTITY", "value": warm_identity.name},
            {"name": "GLACIER_PRINCIPAL", "value": warm_identity.principal_id},
            {
                "name": "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
                "value": pulumi.Output.concat(
                    "ClientId=",
                    warm_identity.client_id,
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
            {"name": "AzureFunctionsJobHost__functionTimeout", "value": "00:01:00"},
            {"name": "AzureWebJobsStorage__accountName", "value": warm_host.name},
            {"name": "AzureWebJobsStorage__clientId", "value": warm_identity.client_id},
            {"name": "AzureWebJobsStorage__credential", "value": "managedidentity"},
            {"name": "GLACIER_TASK", "value": "warm"},
            {
                "name": "GLACIER_STORE_ENTRY",
                "value": pulumi.Output.concat(
                    "rediss://",
                    entry_cluster.host_name,
                    ":10000/?auth=entra",
                ),
            },
            {
                "name": "GLACIER_STORE_TABLE",
                "value": pulumi.Output.concat(
                    "postgres://",
                    table_server.fully_qualified_domain_name,
                    ":5432/glacier?auth=entra",
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
            warm_host_blobs,
            warm_host_queues,
            warm_host_tables,
            warm_host_logs,
        ],
    ),
)

warm_passwords = azure.web.WebAppScmAllowed(
    "everything-warm-passwords",
    resource_group_name=resources_group.name,
    name=warm_app.name,
    allow=False,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# Needs the Azure CLI and Python on the machine that deploys.
command.local.Command(
    "everything-warm-code-upload",
    create='zip="$(mktemp -d)/code.zip" && python3 -m zipfile -c "$zip" . && az functionapp deployment source config-zip --subscription "$SUBSCRIPTION" --resource-group "$GROUP" --name "$APP" --src "$zip"',
    dir="functions/tasks-378b7930",
    environment={
        "SUBSCRIPTION": subscription_client.subscription_id,
        "GROUP": resources_group.name,
        "APP": warm_app.name,
    },
    triggers=["0123456789ab", warm_app.id],
    opts=pulumi.ResourceOptions(depends_on=[warm_passwords]),
)

# --- Task announce --------------------------------------------------------------------

# announce reads entry, table and writes messages.
announce_identity = azure.managedidentity.UserAssignedIdentity(
    "everything-announce-identity",
    resource_group_name=resources_group.name,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.redisenterprise.AccessPolicyAssignment(
    "everything-announce-uses-entry",
    resource_group_name=resources_group.name,
    cluster_name=entry_cluster.name,
    database_name=entry_database.name,
    access_policy_name="default",
    user={"object_id": announce_identity.principal_id},
    opts=pulumi.ResourceOptions(provider=azure_provider, depends_on=[warm_uses_entry]),
)

azure.dbforpostgresql.Administrator(
    "everything-announce-uses-table",
    resource_group_name=resources_group.name,
    server_name=table_server.name,
    object_id=announce_identity.principal_id,
    principal_name=announce_identity.name,
    principal_type="servicePrincipal",
    tenant_id=subscription_client.tenant_id,
    opts=pulumi.ResourceOptions(provider=azure_provider, depends_on=[warm_uses_table]),
)

azure.authorization.RoleAssignment(
    "everything-announce-writes-messages",
    principal_id=announce_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
    ),
    scope=messages_queue.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

announce_pulls = azure.authorization.RoleAssignment(
    "everything-announce-pulls",
    principal_id=announce_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d",
    ),
    scope=registry_images.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

announce_job = azure.app.Job(
    "everything-announce",
    resource_group_name=resources_group.name,
    environment_id=private_environment_environment.id,
    workload_profile_name="Consumption",
    identity={
        "type": "UserAssigned",
        "user_assigned_identities": [announce_identity.id],
    },
    configuration={
        "trigger_type": "Manual",
        "manual_trigger_config": {"parallelism": 1, "replica_completion_count": 1},
        "replica_timeout": 3600,
        "replica_retry_limit": 0,
        "registries": [
            {"server": registry_images.login_server, "identity": announce_identity.id},
        ],
    },
    template={
        "containers": [
            {
                "name": "task",
                "image": pulumi.Output.concat(
                    registry_images.login_server,
                    "/tasks-378b7930:0123456789ab",
                ),
                "command": ["python", "-m", "glacier.runtime"],
                "env": [
                    {"name": "AZURE_CLIENT_ID", "value": announce_identity.client_id},
                    {"name": "GLACIER_IDENTITY", "value": announce_identity.name},
                    {
                        "name": "GLACIER_PRINCIPAL",
                        "value": announce_identity.principal_id,
                    },
                    {"name": "GLACIER_TASK", "value": "announce"},
                    {
                        "name": "GLACIER_STORE_ENTRY",
                        "value": pulumi.Output.concat(
                            "rediss://",
                            entry_cluster.host_name,
                            ":10000/?auth=entra",
                        ),
                    },
                    {
                        "name": "GLACIER_STORE_MESSAGES",
                        "value": pulumi.Output.concat(
                            "servicebus://",
                            messages_namespace.name,
                            ".servicebus.windows.net/",
                            messages_queue.name,
                        ),
                    },
                    {
                        "name": "GLACIER_STORE_TABLE",
                        "value": pulumi.Output.concat(
                            "postgres://",
                            table_server.fully_qualified_domain_name,
                            ":5432/glacier?auth=entra",
                        ),
                    },
                ],
                "resources": {"cpu": 1, "memory": "2Gi"},
            },
        ],
    },
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        depends_on=[announce_pulls, image_functions_tasks_378b7930_build],
    ),
)

# --- Task listen ----------------------------------------------------------------------

# listen reads messages.
listen_identity = azure.managedidentity.UserAssignedIdentity(
    "everything-listen-identity",
    resource_group_name=resources_group.name,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.authorization.RoleAssignment(
    "everything-listen-reads-messages",
    principal_id=listen_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
    ),
    scope=messages_queue.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

listen_host = azure.storage.StorageAccount(
    "everything7a7e22",
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

listen_code = azure.storage.BlobContainer(
    "everything-listen-code",
    resource_group_name=resources_group.name,
    account_name=listen_host.name,
    container_name="code",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

listen_calls = azure.storage.Queue(
    "everything-listen-calls",
    resource_group_name=resources_group.name,
    account_name=listen_host.name,
    queue_name="calls",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

azure.storage.Queue(
    "everything-listen-failed",
    resource_group_name=resources_group.name,
    account_name=listen_host.name,
    queue_name="calls-poison",
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

listen_host_blobs = azure.authorization.RoleAssignment(
    "everything-listen-host-blobs",
    principal_id=listen_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    ),
    scope=listen_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

listen_host_queues = azure.authorization.RoleAssignment(
    "everything-listen-host-queues",
    principal_id=listen_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    ),
    scope=listen_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

listen_host_tables = azure.authorization.RoleAssignment(
    "everything-listen-host-tables",
    principal_id=listen_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    ),
    scope=listen_host.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

listen_host_logs = azure.authorization.RoleAssignment(
    "everything-listen-host-logs",
    principal_id=listen_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/3913510d-42f4-4e42-8a64-420c390055eb",
    ),
    scope=insights_component.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

listen_plan = azure.web.AppServicePlan(
    "everything-listen-plan",
    resource_group_name=resources_group.name,
    kind="functionapp",
    reserved=True,
    sku={"name": "FC1", "tier": "FlexConsumption"},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

listen_app = azure.web.WebApp(
    "everything-listen",
    resource_group_name=resources_group.name,
    kind="functionapp,linux",
    server_farm_id=listen_plan.id,
    https_only=True,
    identity={
        "type": azure.web.ManagedServiceIdentityType("UserAssigned"),
        "user_assigned_identities": [listen_identity.id],
    },
    function_app_config={
        "runtime": {"name": "python", "version": "3.13"},
        "deployment": {
            "storage": {
                "type": "blobContainer",
                "value": pulumi.Output.concat(
                    "https://",
                    listen_host.name,
                    ".blob.core.windows.net/",
                    listen_code.name,
                ),
                "authentication": {
                    "type": "UserAssignedIdentity",
                    "user_assigned_identity_resource_id": listen_identity.id,
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
            {"name": "AZURE_CLIENT_ID", "value": listen_identity.client_id},
            {"name": "GLACIER_IDENTITY", "value": listen_identity.name},
            {"name": "GLACIER_PRINCIPAL", "value": listen_identity.principal_id},
            {
                "name": "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
                "value": pulumi.Output.concat(
                    "ClientId=",
                    listen_identity.client_id,
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
            {"name": "AzureWebJobsStorage__accountName", "value": listen_host.name},
            {
                "name": "AzureWebJobsStorage__clientId",
                "value": listen_identity.client_id,
            },
            {"name": "AzureWebJobsStorage__credential", "value": "managedidentity"},
            {"name": "GLACIER_TASK", "value": "listen"},
            {
                "name": "GLACIER_STORE_MESSAGES",
                "value": pulumi.Output.concat(
                    "servicebus://",
                    messages_namespace.name,
                    ".servicebus.windows.net/",
                    messages_queue.name,
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
            listen_host_blobs,
            listen_host_queues,
            listen_host_tables,
            listen_host_logs,
        ],
    ),
)

listen_passwords = azure.web.WebAppScmAllowed(
    "everything-listen-passwords",
    resource_group_name=resources_group.name,
    name=listen_app.name,
    allow=False,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# Needs the Azure CLI and Python on the machine that deploys.
command.local.Command(
    "everything-listen-code-upload",
    create='zip="$(mktemp -d)/code.zip" && python3 -m zipfile -c "$zip" . && az functionapp deployment source config-zip --subscription "$SUBSCRIPTION" --resource-group "$GROUP" --name "$APP" --src "$zip"',
    dir="functions/tasks",
    environment={
        "SUBSCRIPTION": subscription_client.subscription_id,
        "GROUP": resources_group.name,
        "APP": listen_app.name,
    },
    triggers=["0123456789ab", listen_app.id],
    opts=pulumi.ResourceOptions(depends_on=[listen_passwords]),
)

# --- The order in which the tasks run -------------------------------------------------

workflow_calls_load = azure.authorization.RoleAssignment(
    "everything-workflow-calls-load",
    principal_id=runner_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    ),
    scope=load_calls.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

workflow_calls_warm = azure.authorization.RoleAssignment(
    "everything-workflow-calls-warm",
    principal_id=runner_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    ),
    scope=warm_calls.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

workflow_calls_announce = azure.authorization.RoleAssignment(
    "everything-workflow-calls-announce",
    principal_id=runner_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/b9a307c4-5aa3-4b52-ba60-2b17c136cd7b",
    ),
    scope=announce_job.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

workflow_calls_listen = azure.authorization.RoleAssignment(
    "everything-workflow-calls-listen",
    principal_id=runner_identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        subscription_client.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    ),
    scope=listen_calls.id,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# Start a run: the README has the command.
workflow_app = azure.logic.Workflow(
    "everything-workflow",
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
                    "call-load": {
                        "type": "HttpWebhook",
                        "inputs": {
                            "subscribe": {
                                "method": "POST",
                                "uri": pulumi.Output.concat(
                                    "https://",
                                    load_host.name,
                                    ".queue.core.windows.net/calls/messages",
                                ),
                                "headers": {
                                    "Content-Type": "application/xml",
                                    "x-ms-date": "@{utcNow('R')}",
                                    "x-ms-version": "2024-11-04",
                                },
                                "body": '<QueueMessage><MessageText>@{base64(concat(\'{"task":"load","run":"\',workflow()[\'run\'][\'name\'],\'","answer":"\',listCallbackUrl(),\'"}\'))}</MessageText></QueueMessage>',
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
                    "check-load": {
                        "type": "ParseJson",
                        "inputs": {
                            "content": "@body('call-load')",
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "status": {"type": "string", "enum": ["Succeeded"]},
                                },
                                "required": ["status"],
                            },
                        },
                        "runAfter": {"call-load": ["Succeeded"]},
                    },
                },
                "runAfter": {},
            },
            "stage-2": {
                "type": "Scope",
                "actions": {
                    "call-warm": {
                        "type": "HttpWebhook",
                        "inputs": {
                            "subscribe": {
                                "method": "POST",
                                "uri": pulumi.Output.concat(
                                    "https://",
                                    warm_host.name,
                                    ".queue.core.windows.net/calls/messages",
                                ),
                                "headers": {
                                    "Content-Type": "application/xml",
                                    "x-ms-date": "@{utcNow('R')}",
                                    "x-ms-version": "2024-11-04",
                                },
                                "body": '<QueueMessage><MessageText>@{base64(concat(\'{"task":"warm","run":"\',workflow()[\'run\'][\'name\'],\'","answer":"\',listCallbackUrl(),\'"}\'))}</MessageText></QueueMessage>',
                                "authentication": {
                                    "type": "ManagedServiceIdentity",
                                    "identity": runner_identity.id,
                                    "audience": "https://storage.azure.com/",
                                },
                            },
                            "unsubscribe": {},
                        },
                        "limit": {"timeout": "PT660S"},
                        "runtimeConfiguration": {
                            "secureData": {"properties": ["inputs"]},
                        },
                        "runAfter": {},
                    },
                    "check-warm": {
                        "type": "ParseJson",
                        "inputs": {
                            "content": "@body('call-warm')",
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "status": {"type": "string", "enum": ["Succeeded"]},
                                },
                                "required": ["status"],
                            },
                        },
                        "runAfter": {"call-warm": ["Succeeded"]},
                    },
                },
                "runAfter": {"stage-1": ["Succeeded"]},
            },
            "stage-3": {
                "type": "Scope",
                "actions": {
                    "start-announce": {
                        "type": "Http",
                        "inputs": {
                            "method": "POST",
                            "uri": pulumi.Output.concat(
                                "https://management.azure.com",
                                announce_job.id,
                                "/start?api-version=2025-01-01",
                            ),
                            "authentication": {
                                "type": "ManagedServiceIdentity",
                                "identity": runner_identity.id,
                                "audience": "https://management.azure.com/",
                            },
                        },
                        "runAfter": {},
                    },
                    "wait-announce": {
                        "type": "Until",
                        "expression": "@not(contains(createArray('Running', 'Processing', 'Unknown'), coalesce(body('look-announce')?['properties']?['status'], 'Unknown')))",
                        "limit": {"count": 5000, "timeout": "PT4200S"},
                        "actions": {
                            "pause-announce": {
                                "type": "Wait",
                                "inputs": {"interval": {"count": 15, "unit": "Second"}},
                                "runAfter": {},
                            },
                            "look-announce": {
                                "type": "Http",
                                "inputs": {
                                    "method": "GET",
                                    "uri": pulumi.Output.concat(
                                        "https://management.azure.com",
                                        announce_job.id,
                                        "/executions/@{body('start-announce')['name']}?api-version=2025-01-01",
                                    ),
                                    "authentication": {
                                        "type": "ManagedServiceIdentity",
                                        "identity": runner_identity.id,
                                        "audience": "https://management.azure.com/",
                                    },
                                },
                                "runAfter": {"pause-announce": ["Succeeded"]},
                            },
                        },
                        "runAfter": {"start-announce": ["Succeeded"]},
                    },
                    "check-announce": {
                        "type": "ParseJson",
                        "inputs": {
                            "content": "@body('look-announce')",
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "properties": {
                                        "type": "object",
                                        "properties": {
                                            "status": {
                                                "type": "string",
                                                "enum": ["Succeeded"],
                                            },
                                        },
                                        "required": ["status"],
                                    },
                                },
                                "required": ["properties"],
                            },
                        },
                        "runAfter": {"wait-announce": ["Succeeded"]},
                    },
                },
                "runAfter": {"stage-2": ["Succeeded"]},
            },
            "stage-4": {
                "type": "Scope",
                "actions": {
                    "call-listen": {
                        "type": "HttpWebhook",
                        "inputs": {
                            "subscribe": {
                                "method": "POST",
                                "uri": pulumi.Output.concat(
                                    "https://",
                                    listen_host.name,
                                    ".queue.core.windows.net/calls/messages",
                                ),
                                "headers": {
                                    "Content-Type": "application/xml",
                                    "x-ms-date": "@{utcNow('R')}",
                                    "x-ms-version": "2024-11-04",
                                },
                                "body": '<QueueMessage><MessageText>@{base64(concat(\'{"task":"listen","run":"\',workflow()[\'run\'][\'name\'],\'","answer":"\',listCallbackUrl(),\'"}\'))}</MessageText></QueueMessage>',
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
                    "check-listen": {
                        "type": "ParseJson",
                        "inputs": {
                            "content": "@body('call-listen')",
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "status": {"type": "string", "enum": ["Succeeded"]},
                                },
                                "required": ["status"],
                            },
                        },
                        "runAfter": {"call-listen": ["Succeeded"]},
                    },
                },
                "runAfter": {"stage-3": ["Succeeded"]},
            },
        },
    },
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        depends_on=[
            workflow_calls_load,
            workflow_calls_warm,
            workflow_calls_announce,
            workflow_calls_listen,
        ],
    ),
)

# --- Outputs --------------------------------------------------------------------------

pulumi.export(
    "storage_bucket",
    pulumi.Output.concat("az://", bucket_account.name, "/", bucket_container.name, "/"),
)
pulumi.export(
    "storage_entry",
    pulumi.Output.concat("rediss://", entry_cluster.host_name, ":10000/?auth=entra"),
)
pulumi.export(
    "storage_messages",
    pulumi.Output.concat(
        "servicebus://",
        messages_namespace.name,
        ".servicebus.windows.net/",
        messages_queue.name,
    ),
)
pulumi.export(
    "storage_table",
    pulumi.Output.concat(
        "postgres://",
        table_server.fully_qualified_domain_name,
        ":5432/glacier?auth=entra",
    ),
)
pulumi.export("workflow", workflow_app.id)
