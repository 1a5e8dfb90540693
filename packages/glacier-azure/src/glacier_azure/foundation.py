"""What several owners share on Azure, each made when it is first asked for: a group, logs, a network, a registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from glacier.infra import Concat, Enum, Node, Options, Stack, Statement, Value
from glacier.target import Shared, Site
from glacier.terms import KEPT

LOG_DAYS = 30
_EVERYWHERE = "Global"  # the location of what is in none, such as a DNS zone
CONSUMPTION = "Consumption"  # the profile that charges for what runs, and for nothing else


def resource(
    site: Site,
    node_type: str,
    part: str,
    inputs: Mapping[str, Value],
    *,
    main: bool = False,
    tagged: bool = True,
    options: Options = Options(),
    comment: str = "",
) -> Node:
    """A resource in the pipeline's group, with the user's tags if it takes any: the provider itself has none."""
    common: dict[str, Value] = {"resource_group_name": site.shared("resources")["group"]["name"]}
    tags = dict(site.target.tags or {}) if tagged else {}
    whole: dict[str, Value] = {**common, **inputs, **({"tags": tags} if tags else {})}
    return site.node(node_type, part, whole, main=main, options=options, comment=comment)


def identity(site: Site, part: str = "identity") -> Node:
    """An identity of its own for something that runs: it has no key that could get lost."""
    return resource(site, "azure.managedidentity.UserAssignedIdentity", part, {})


def whoami(site: Site) -> dict[str, Value]:
    """What the code must know of its own identity: a database knows it by name, a cache by its id."""
    return {
        "AZURE_CLIENT_ID": site.ref("identity", "client_id"),
        "GLACIER_IDENTITY": site.ref("identity", "name"),
        "GLACIER_PRINCIPAL": site.ref("identity", "principal_id"),
    }


def account(site: Site, part: str, inputs: Mapping[str, Value], options: Options = Options()) -> Node:
    """A storage account that is reached with an identity only, over TLS only, and by nobody unknown."""
    safe: dict[str, Value] = {
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "allow_blob_public_access": False,
        "allow_shared_key_access": False,
        "allow_cross_tenant_replication": False,
        "default_to_o_auth_authentication": True,
        "enable_https_traffic_only": True,
        "minimum_tls_version": "TLS1_2",
    }
    return resource(site, "azure.storage.StorageAccount", part, {**safe, **inputs}, main=True, options=options)


def resources(site: Site) -> Iterator[Statement]:
    """The group that everything is in. Deleting it would delete the data in it, so it is kept as long as data is."""
    tags: dict[str, Value] = {
        "glacier-pipeline": site.draft.pipeline,
        "glacier-stack": Stack(),
        **(site.target.tags or {}),
    }
    yield site.node("azure.resources.ResourceGroup", "group", {"tags": tags}, main=True, options=KEPT)


def subscription(site: Site) -> Iterator[Statement]:
    """The subscription and the tenant that are being deployed to."""
    yield site.lookup("azure.authorization.get_client_config_output", "client")


def logs(site: Site) -> Iterator[Statement]:
    """Where everything writes its log."""
    yield resource(
        site,
        "azure.operationalinsights.Workspace",
        "workspace",
        {"sku": {"name": "PerGB2018"}, "retention_in_days": LOG_DAYS},
        main=True,
    )


def insights(site: Site) -> Iterator[Statement]:
    """What functions write their logs through; with an identity, since local authentication is off."""
    yield resource(
        site,
        "azure.applicationinsights.Component",
        "component",
        {
            "application_type": "web",
            "kind": "web",
            "ingestion_mode": "LogAnalytics",
            "workspace_resource_id": site.shared("logs")["workspace"]["id"],
            "disable_local_auth": True,
        },
        main=True,
    )


def network(site: Site) -> Iterator[Statement]:
    """A network with a subnet for functions, one for containers and one for the doors of databases and caches.

    Functions and containers each want a subnet that is theirs alone, delegated to ``Microsoft.App``
    (learn.microsoft.com/azure/azure-functions/flex-consumption-how-to#enable-virtual-network-integration).

    From both a task reaches what is public, too, so there is no NAT gateway: a function goes out by its app's own
    addresses (learn.microsoft.com/azure/azure-functions/functions-networking-options#virtual-network-integration), an
    environment by one that it brings (learn.microsoft.com/azure/container-apps/custom-virtual-networks). That newer
    subnets are private does not concern delegated ones, whose service sees to it
    (learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access); nothing in ``doors`` goes out.
    """
    yield resource(
        site,
        "azure.network.VirtualNetwork",
        "vnet",
        {
            "address_space": {"address_prefixes": ["10.0.0.0/16"]},
            "subnets": [
                _subnet("functions", "10.0.0.0/20", "Microsoft.App/environments"),
                _subnet("containers", "10.0.16.0/20", "Microsoft.App/environments"),
                _subnet("doors", "10.0.32.0/24", None),
            ],
        },
        main=True,
    )


def _subnet(name: str, block: str, service: str | None) -> Value:
    plain: dict[str, Value] = {"name": name, "address_prefix": block}
    return plain | ({"delegations": [{"name": name, "service_name": service}]} if service else {})


def subnet(site: Site, name: str) -> Value:
    """The id of one of the network's subnets."""
    return Concat((site.shared("network")["vnet"]["id"], f"/subnets/{name}"))


def zone(domain: str, site: Site) -> Iterator[Statement]:
    """The names, within the network only, of one service's private addresses."""
    private = resource(
        site, "azure.privatedns.PrivateZone", "zone", {"private_zone_name": domain, "location": _EVERYWHERE}, main=True
    )
    yield private
    yield resource(
        site,
        "azure.privatedns.VirtualNetworkLink",
        "link",
        {
            "private_zone_name": private["name"],
            "location": _EVERYWHERE,
            "registration_enabled": False,
            "virtual_network": {"id": site.shared("network")["vnet"]["id"]},
        },
    )


def door(site: Site, target: Value, service: str, zone_part: str) -> Iterator[Node]:
    """A private address in the network for something that has no public one, and its name there.

    learn.microsoft.com/azure/private-link/private-endpoint-dns lists services and their zones.
    """
    endpoint = resource(
        site,
        "azure.network.PrivateEndpoint",
        "door",
        {
            "subnet": {"id": subnet(site, "doors")},
            "private_link_service_connections": [
                {"name": "door", "private_link_service_id": target, "group_ids": [service]}
            ],
        },
    )
    yield endpoint
    yield resource(
        site,
        "azure.network.PrivateDnsZoneGroup",
        "names",
        {
            "private_endpoint_name": endpoint["name"],
            "private_dns_zone_group_name": "default",
            "private_dns_zone_configs": [
                {"name": "default", "private_dns_zone_id": site.shared(zone_part)["zone"]["id"]}
            ],
        },
        tagged=False,
    )


def environment(private: bool, site: Site) -> Iterator[Statement]:
    """Where containers run, in the network or outside it; logs go through Azure Monitor, which needs no key."""
    inside: Value = {"infrastructure_subnet_id": subnet(site, "containers"), "internal": True} if private else None
    made = resource(
        site,
        "azure.app.ManagedEnvironment",
        "environment",
        {
            "workload_profiles": [{"name": CONSUMPTION, "workload_profile_type": CONSUMPTION}],
            "app_logs_configuration": {"destination": "azure-monitor"},
            "vnet_configuration": inside,
        },
        main=True,
    )
    yield made
    yield site.node(
        "azure.monitor.DiagnosticSetting",
        "diagnostics",
        {
            "resource_uri": made["id"],
            "workspace_id": site.shared("logs")["workspace"]["id"],
            "logs": [{"category_group": "allLogs", "enabled": True}],
        },
    )


def registry(site: Site) -> Iterator[Statement]:
    """Where the images of containers are pushed to, without an administrator's password."""
    yield resource(
        site,
        "azure.containerregistry.Registry",
        "images",
        {"sku": {"name": "Basic"}, "admin_user_enabled": False},
        main=True,
    )


def runner(site: Site) -> Iterator[Statement]:
    """Who the workflow is: it may call this pipeline's tasks, and nothing else."""
    yield identity(site)


def messages(site: Site) -> Iterator[Statement]:
    """The namespace of every queue; Standard, since Basic has no sessions, and Premium costs as much as a server."""
    standard: Value = {
        "name": Enum("azure.servicebus.SkuName", "Standard"),
        "tier": Enum("azure.servicebus.SkuTier", "Standard"),
    }
    yield resource(
        site,
        "azure.servicebus.Namespace",
        "namespace",
        {"sku": standard, "disable_local_auth": True, "minimum_tls_version": "1.2"},
        main=True,
        options=KEPT,
    )


PARTS: Mapping[str, Shared] = {
    "resources": resources,
    "subscription": subscription,
    "logs": logs,
    "insights": insights,
    "network": network,
    "postgres_zone": partial(zone, "privatelink.postgres.database.azure.com"),
    "redis_zone": partial(zone, "privatelink.redis.azure.net"),
    "cosmos_zone": partial(zone, "privatelink.documents.azure.com"),
    "environment": partial(environment, False),
    "private_environment": partial(environment, True),
    "registry": registry,
    "runner": runner,
    "messages": messages,
}
