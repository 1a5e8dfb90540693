"""Stub."""

from glacier.infra import Lookup


def failures(site):
    yield site.node("aws.sqs.Queue", "queue", {"sqs_managed_sse_enabled": True})


def account(site):
    yield site.lookup("aws.get_caller_identity_output", "identity")


def cluster(site):
    yield site.node("aws.ecs.Cluster", "cluster", {})


def network(site):
    vpc = site.node("aws.ec2.Vpc", "vpc", {"cidr_block": "10.0.0.0/16"})
    yield vpc
    for k in ("private_a", "private_b", "public_a", "public_b"):
        yield site.node("aws.ec2.Subnet", k, {"vpc_id": vpc["id"], "cidr_block": "10.0.0.0/24"})
    yield site.node("aws.ec2.SecurityGroup", "tasks", {"vpc_id": vpc["id"]})


PARTS = {"failures": failures, "account": account, "cluster": cluster, "network": network}
