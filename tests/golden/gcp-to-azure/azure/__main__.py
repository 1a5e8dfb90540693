"""Infrastructure of the pipeline guest on azure on azure, in eastus.

Written by Glacier from the pipeline's declaration. It is yours: read it, deploy it with
`pulumi up`, and put changes that must survive the next compilation into overrides.py.
"""

import pulumi
import pulumi_azure_native as azure

import overrides

config = pulumi.Config()
# Whether data outlives the stack: protected from deletion, and left in place by pulumi
# destroy
keep_data = config.get_bool("keep_data") is not False

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Provider -------------------------------------------------------------------------

azure_provider = azure.Provider("guest-on-azure-azure-provider", location="eastus")

# --- Shared: subscription -------------------------------------------------------------

subscription_client = azure.authorization.get_client_config_output(
    opts=pulumi.InvokeOutputOptions(provider=azure_provider),
)

# --- Shared: resources ----------------------------------------------------------------

resources_group = azure.resources.ResourceGroup(
    "guest-on-azure-resources",
    tags={"glacier-pipeline": "guest on azure", "glacier-stack": pulumi.get_stack()},
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

# --- Dataset given --------------------------------------------------------------------

# given: put there by somebody else, read by work.
given_account = azure.storage.StorageAccount(
    "guestonazu1d06f5",
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
    "guest-on-azure-given-service",
    resource_group_name=resources_group.name,
    account_name=given_account.name,
    blob_services_name="default",
    is_versioning_enabled=False,
    delete_retention_policy={"enabled": True, "days": 7},
    container_delete_retention_policy={"enabled": True, "days": 7},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

given_container = azure.storage.BlobContainer(
    "guest-on-azure-given-container",
    resource_group_name=resources_group.name,
    account_name=given_account.name,
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

# --- Dataset made ---------------------------------------------------------------------

# made: written by work.
made_account = azure.storage.StorageAccount(
    "guestonazu7cf9aa",
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
    "guest-on-azure-made-service",
    resource_group_name=resources_group.name,
    account_name=made_account.name,
    blob_services_name="default",
    is_versioning_enabled=False,
    delete_retention_policy={"enabled": True, "days": 7},
    container_delete_retention_policy={"enabled": True, "days": 7},
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

made_container = azure.storage.BlobContainer(
    "guest-on-azure-made-container",
    resource_group_name=resources_group.name,
    account_name=made_account.name,
    opts=pulumi.ResourceOptions(
        provider=azure_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

# --- Guest from gcp: task work --------------------------------------------------------

# Who it is here; the trust program says who may be it.
work_from_gcp_identity = azure.managedidentity.UserAssignedIdentity(
    "guest-on-azure-work-from-gcp-identity",
    resource_group_name=resources_group.name,
    opts=pulumi.ResourceOptions(provider=azure_provider),
)

# --- Outputs --------------------------------------------------------------------------

pulumi.export(
    "storage_given",
    pulumi.Output.concat("az://", given_account.name, "/", given_container.name, "/"),
)
pulumi.export(
    "storage_made",
    pulumi.Output.concat("az://", made_account.name, "/", made_container.name, "/"),
)
pulumi.export("given_account_name", given_account.name)
pulumi.export("given_container_id", given_container.id)
pulumi.export("given_container_name", given_container.name)
pulumi.export("made_account_name", made_account.name)
pulumi.export("made_container_id", made_container.id)
pulumi.export("made_container_name", made_container.name)
pulumi.export("resources_group_name", resources_group.name)
pulumi.export("subscription_client_tenant_id", subscription_client.tenant_id)
pulumi.export("work_from_gcp_identity_client_id", work_from_gcp_identity.client_id)
pulumi.export("work_from_gcp_identity_name", work_from_gcp_identity.name)
pulumi.export(
    "work_from_gcp_identity_principal_id",
    work_from_gcp_identity.principal_id,
)
