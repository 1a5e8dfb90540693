"""Secrets on Google Cloud: one of Secret Manager each, made without a version, in the pipeline's region only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from glacier.infra import Options, Value
from glacier.target import Site
from glacier.terms import Grant, Made, Meter

from glacier_gcp.foundation import apis, unique
from glacier_gcp.policy import grant_member

NOTE = ""
DOOR = ""  # from inside the network, too, Google's services are reached


def emit(name: str, site: Site) -> Iterator[Made]:
    """The secret without a version; what is put there stays in the region of the tasks.

    cloud.google.com/secret-manager/docs/choosing-replication
    """
    replicas: Value = {"user_managed": {"replicas": [{"location": site.target.region}]}}
    yield site.node(
        "gcp.secretmanager.Secret",
        "",
        {"secret_id": unique(site, "gcp.secretmanager.Secret"), "replication": replicas},
        main=True,
        options=Options(depends_on=apis(site, "secretmanager")),
    )


def reference(name: str, site: Site) -> Value:
    """Its name, with the project's."""
    return site.ref("", "id")


def grant(grant: Grant, site: Site) -> Iterator[Made]:
    """Reading its versions."""
    on: dict[str, Value] = {"secret_id": site.ref("", "id"), "role": "roles/secretmanager.secretAccessor"}
    yield grant_member(site, grant, "gcp.secretmanager.SecretIamMember", on)


def commands(variable: str, output: str) -> Sequence[str]:
    """A new version; tasks read the latest."""
    return (f'printf %s "${variable}" | gcloud secrets versions add "$(pulumi stack output {output})" --data-file=-',)


def meters() -> Iterator[Meter]:
    """One version in one region, for as long as it is there."""
    yield Meter(item="secrets.secret", quantity=1)
