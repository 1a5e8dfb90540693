"""Secrets on AWS: one of Secrets Manager each, made empty, which only the tasks that are given it may read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from glacier.infra import Value
from glacier.target import Site
from glacier.terms import Grant, Made, Meter

from glacier_aws.policy import role_policy, statement

NOTE = ""
DOOR = "secrets_endpoint"


def emit(name: str, site: Site) -> Iterator[Made]:
    """The secret without a value; one that is deleted can be brought back for thirty days.

    docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
    """
    what = f"{name}, for tasks of the pipeline {site.draft.pipeline}"
    yield site.node("aws.secretsmanager.Secret", "", {"description": what}, main=True)


def reference(name: str, site: Site) -> Value:
    """Its ARN, which says the region too."""
    return site.ref("", "arn")


def grant(grant: Grant, site: Site) -> Iterator[Made]:
    """Reading its value."""
    yield role_policy(site, grant, statement(["secretsmanager:GetSecretValue"], [site.ref("", "arn")]))


def commands(variable: str, output: str) -> Sequence[str]:
    """Its ARN names the region, in which the CLI would not look by itself."""
    asked = f'"$(pulumi stack output {output})"'
    return (
        f'printf %s "${variable}" | aws secretsmanager put-secret-value --secret-id {asked}'
        f' --region "$(pulumi stack output {output} | cut -d: -f4)" --secret-string file:///dev/stdin',
    )


def meters() -> Iterator[Meter]:
    """The secret, for as long as it is there."""
    yield Meter(item="secrets.secret", quantity=1)
