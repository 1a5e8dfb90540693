"""What several owners share on AWS, each made when it is first asked for: a network, its doors, a cluster, a queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from glacier.infra import Archive, Concat, Lookup, Node, Options, Statement, Value
from glacier.naming import slug
from glacier.target import Shared, Site
from glacier.terms import KEPT, WAY_OUT, Door, Job, Meter

from glacier_aws.policy import tls_only

DAY = 86_400  # SQS counts in seconds
LONGEST = (
    14  # days SQS keeps a message (docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html)
)

# For what data that is left in place cannot do without, such as the security group of a database.
HELD = Options(retain_on_delete=KEPT.retain_on_delete)

PRIVATE: Mapping[str, Value] = dict.fromkeys(
    ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"), True
)

_ANYWHERE = "0.0.0.0/0"
_HTTPS = (443, 443)
_MONTH = 730  # hours, as AWS counts them
_ZONES = 2  # that the network is in


def network(site: Site) -> Iterator[Statement]:
    """A network in two zones: private subnets that reach S3 in their own region, and public ones for containers.

    Whatever else functions in the private ones come to, they need a door for
    (docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html); those of ``DOORS`` are made for who uses
    them. Containers have public addresses, which a function cannot have.

    ``tasks`` is the security group of every function and container in it. What tasks connect to, such as a database,
    adds its own rule on both sides.
    """
    vpc = site.node(
        "aws.ec2.Vpc",
        "vpc",
        {"cidr_block": "10.0.0.0/16", "enable_dns_support": True, "enable_dns_hostnames": True},
        options=HELD,
    )
    yield vpc
    yield site.node(
        "aws.ec2.DefaultSecurityGroup",
        "default",
        {"vpc_id": vpc["id"]},
        comment="AWS lets everything in this group talk; taken over without rules, it lets nothing.",
    )
    # Zones that an account has to ask for (Local Zones) do not run everything, and sort before the others.
    ordinary: Value = [{"name": "opt-in-status", "values": ["opt-in-not-required"]}]
    zones = site.lookup("aws.get_availability_zones_output", "zones", {"state": "available", "filters": ordinary})
    yield zones
    gateway = site.node("aws.ec2.InternetGateway", "gateway", {"vpc_id": vpc["id"]})
    yield gateway
    tables = [
        site.node("aws.ec2.RouteTable", f"{kind}-routes", {"vpc_id": vpc["id"]}) for kind in ("private", "public")
    ]
    yield from tables
    private, public = tables
    yield site.node(
        "aws.ec2.Route",
        "internet",
        {"route_table_id": public["id"], "destination_cidr_block": _ANYWHERE, "gateway_id": gateway["id"]},
    )
    yield from _subnet(site, vpc, zones, private, "private-a", 0, "10.0.0.0/20")
    yield from _subnet(site, vpc, zones, private, "private-b", 1, "10.0.16.0/20")
    yield from _subnet(site, vpc, zones, public, "public-a", 0, "10.0.128.0/20")
    yield from _subnet(site, vpc, zones, public, "public-b", 1, "10.0.144.0/20")
    yield site.node(
        "aws.ec2.VpcEndpoint",
        "storage",
        {
            "vpc_id": vpc["id"],
            "vpc_endpoint_type": "Gateway",
            "service_name": f"com.amazonaws.{site.target.region}.s3",
            "route_table_ids": [private["id"], public["id"]],
        },
    )
    tasks = site.node("aws.ec2.SecurityGroup", "tasks", {"vpc_id": vpc["id"], "description": "What runs tasks"})
    yield tasks
    services: dict[str, Value] = {
        "cidr_ipv4": _ANYWHERE,
        "description": "S3 and the services of AWS, which have no fixed addresses",
    }
    yield site.node("aws.vpc.SecurityGroupEgressRule", "https", _rule(tasks, _HTTPS, services))


def _subnet(site: Site, vpc: Node, zones: Lookup, table: Node, part: str, zone: int, block: str) -> Iterator[Statement]:
    subnet = site.node(
        "aws.ec2.Subnet",
        part,
        {"vpc_id": vpc["id"], "availability_zone": zones["names", zone], "cidr_block": block},
        options=HELD,  # a database is in it
    )
    yield subnet
    yield site.node(
        "aws.ec2.RouteTableAssociation",
        f"{part}-routes",
        {"subnet_id": subnet["id"], "route_table_id": table["id"]},
    )


def door(site: Site, what: str, ports: tuple[int, int], options: Options) -> tuple[Node, Node]:
    """A security group that lets the tasks in, and nobody else, by some ports; and the rule that says so."""
    shared = site.shared("network")
    group = site.node(
        "aws.ec2.SecurityGroup", "group", {"vpc_id": shared["vpc"]["id"], "description": what}, options=options
    )
    tasks: dict[str, Value] = {"referenced_security_group_id": shared["tasks"]["id"], "description": "Tasks"}
    return group, site.node("aws.vpc.SecurityGroupIngressRule", "ingress", _rule(group, ports, tasks))


def way(site: Site, group: Node, what: str, ports: tuple[int, int]) -> Node:
    """The other side of a door: what lets the tasks go there."""
    there: dict[str, Value] = {"referenced_security_group_id": group["id"], "description": what}
    return site.node("aws.vpc.SecurityGroupEgressRule", "egress", _rule(site.shared("network")["tasks"], ports, there))


def _rule(group: Node, ports: tuple[int, int], peer: Mapping[str, Value]) -> Mapping[str, Value]:
    first, last = ports
    return {"security_group_id": group["id"], "ip_protocol": "tcp", "from_port": first, "to_port": last, **peer}


def endpoint(service: str, site: Site) -> Iterator[Statement]:
    """A door in the network to one service of AWS, for the tasks only."""
    shared = site.shared("network")
    group, ingress = door(site, f"The door to {service}", _HTTPS, Options())
    yield from (group, ingress)
    yield site.node(
        "aws.ec2.VpcEndpoint",
        "endpoint",
        {
            "vpc_id": shared["vpc"]["id"],
            "vpc_endpoint_type": "Interface",
            "service_name": f"com.amazonaws.{site.target.region}.{service}",
            "private_dns_enabled": True,
            "subnet_ids": [shared["private_a"]["id"], shared["private_b"]["id"]],
            "security_group_ids": [group["id"]],
        },
        main=True,
    )


def way_out(site: Site) -> Iterator[Statement]:
    """The way from the private subnets to everywhere else: other clouds, and other regions.

    The network's gateway to S3 is no such way: it serves its own region only
    (docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html), and what goes to S3 there goes on using it.
    """
    shared = site.shared("network")
    address = site.node(
        "aws.ec2.Eip",
        "address",
        {"domain": "vpc"},
        # A network that is not on the internet yet can have neither an address nor a NAT gateway.
        options=Options(depends_on=(shared["internet"].ref,)),
    )
    yield address
    gateway = site.node(
        "aws.ec2.NatGateway",
        "gateway",
        {"allocation_id": address["allocation_id"], "subnet_id": shared["public_a"]["id"]},
        main=True,
        comment="One for both zones, since each costs by the hour; two, each with its routes, survive a zone.",
    )
    yield gateway
    yield site.node(
        "aws.ec2.Route",
        "route",
        {
            "route_table_id": shared["private_routes"]["id"],
            "destination_cidr_block": _ANYWHERE,
            "nat_gateway_id": gateway["id"],
        },
        main=True,
    )


def _through_gateway(size: int | None) -> Iterator[Meter]:
    """The gateway and its address for every hour, and what goes through (aws.amazon.com/vpc/pricing)."""
    yield Meter(item="network.nat.hour", quantity=_MONTH)
    yield Meter(item="network.public_ipv4", quantity=_MONTH)
    yield Meter(item="network.nat.data", quantity=None if size is None else size / 1e9, per="run", of="GB through it")


def _through_endpoint(size: int | None) -> Iterator[Meter]:
    """The endpoint in each zone for every hour (aws.amazon.com/privatelink/pricing); messages are small."""
    yield Meter(item="network.endpoint.hour", quantity=_MONTH * _ZONES)


def cluster(site: Site) -> Iterator[Statement]:
    """Where containers run; on Fargate it is a name and costs nothing."""
    yield site.node("aws.ecs.Cluster", "cluster", {}, main=True)


def failures(site: Site) -> Iterator[Statement]:
    """The queue of calls that failed for good, kept as long as SQS keeps anything."""
    queue = site.node(
        "aws.sqs.Queue",
        "queue",
        {"sqs_managed_sse_enabled": True, "message_retention_seconds": LONGEST * DAY},
        main=True,
    )
    yield queue
    yield refuse_plain(site, queue, "policy")


def refuse_plain(site: Site, queue: Node, part: str) -> Node:
    """The policy by which a queue refuses every request that does not come over TLS."""
    return site.node(
        "aws.sqs.QueuePolicy", part, {"queue_url": queue["url"], "policy": tls_only("sqs", [queue["arn"]])}
    )


def code(site: Site) -> Iterator[Statement]:
    """Where the code of functions is uploaded to, in archives named by what is in them.

    Handed to Lambda directly, an archive holds 50 MiB; from a bucket, 250 MiB unzipped
    (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
    """
    bucket = site.node("aws.s3.Bucket", "bucket", {"force_destroy": True}, main=True)
    yield bucket
    privacy = site.node("aws.s3.BucketPublicAccessBlock", "privacy", {"bucket": bucket["bucket"], **PRIVATE})
    yield privacy
    yield site.node(
        "aws.s3.BucketPolicy",
        "policy",
        {"bucket": bucket["bucket"], "policy": tls_only("s3", [bucket["arn"], Concat((bucket["arn"], "/*"))])},
        options=Options(depends_on=(privacy.ref,)),
    )


def upload(site: Site, job: Job) -> Node:
    """The upload of a task's folder of code, one for all tasks that share it."""
    folder = job.folder.rpartition("/")[2]
    made: Node = site.shared(f"upload-{slug(folder)}", partial(_upload, job, folder))["archive"]
    return made


def _upload(job: Job, folder: str, site: Site) -> Iterator[Statement]:
    yield site.node(
        "aws.s3.BucketObjectv2",
        "archive",
        {
            "bucket": site.shared("code")["bucket"]["bucket"],
            "key": f"{folder}-{job.digest}.zip",
            "source": Archive(job.folder),
        },
        main=True,
        comment="Its name changes when the code does, and with it the function.",
    )


def account(site: Site) -> Iterator[Statement]:
    """The account that is being deployed to."""
    yield site.lookup("aws.get_caller_identity_output", "identity")


def suffix(site: Site) -> Iterator[Statement]:
    """Six characters of this stack's own, for names that must be known before what has them is there."""
    yield site.random("text", main=True)


def outbound(site: Site) -> Iterator[Statement]:
    """Who says so when AWS vouches for a task, once the account has switched that on.

    The account has it or has it not, and a stack that made it would switch it off for all others when it goes
    (www.pulumi.com/registry/packages/aws/api-docs/iam/outboundwebidentityfederation).
    """
    yield site.lookup(
        "aws.iam.get_outbound_web_identity_federation_output",
        "federation",
        beforehand="aws iam get-outbound-web-identity-federation-info ||\n"
        "  aws iam enable-outbound-web-identity-federation",
    )


PARTS: Mapping[str, Shared] = {
    "network": network,
    WAY_OUT: way_out,
    "secrets_endpoint": partial(endpoint, "secretsmanager"),
    "queue_endpoint": partial(endpoint, "sqs"),
    "cluster": cluster,
    "code": code,
    "failures": failures,
    "account": account,
    "suffix": suffix,
    "outbound": outbound,
}

DOORS: Mapping[str, Door] = {
    WAY_OUT: Door(what="NAT gateway", meters=_through_gateway),
    "secrets_endpoint": Door(what="endpoint of Secrets Manager", meters=_through_endpoint),
    "queue_endpoint": Door(what="endpoint of SQS", meters=_through_endpoint),
}
