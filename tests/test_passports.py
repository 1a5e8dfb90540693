"""What the compiler writes lets the runtime in: addresses and pins come from compiled programs, and meet on loopback.

The clouds are our reading of their protocols (``packages/glacier/tests/hosts.py``); ids that a cloud assigns are given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from glacier import infra
from glacier.compilation import Compiled
from glacier.infra import Concat, Ref, Stack
from glacier.runtime import endpoints, passports
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Problem
from glacier.runtime.stores import open_store
from guests import Start, starting
from hosts import AWS, EXCHANGE, GOOGLE, TENANT, Clouds
from mixes import FUNCTIONS, JOBS, PAIRS, compiler, quietly, visit

_POOL = "projects/987654321/locations/global/workloadIdentityPools/guests"
_ENTRA = f"arn:aws:iam::123456789012:oidc-provider/sts.windows.net/{TENANT}/"


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    monkeypatch.setattr(endpoints, "time", SimpleNamespace(sleep=lambda seconds: None))
    passports._passport.cache_clear()
    with starting(monkeypatch) as start:
        yield start
    passports._passport.cache_clear()


def assigned(clouds: Clouds) -> dict[str, str]:
    """What the clouds assign when the programs are deployed, by the ends of the outputs' names."""
    trust = clouds.trust
    return {
        "account_identity_account_id": trust.account,
        "work_role_name": trust.role,
        "work_role_arn": trust.arn,
        "outbound_federation_issuer_identifier": AWS.url,
        "work_account_unique_id": trust.unique_id,
        "work_identity_principal_id": trust.principal,
        "subscription_client_tenant_id": TENANT,
        "egress_application_client_id": trust.application.removeprefix("api://"),
        f"work_from_{clouds.home}_identity_client_id": trust.client,
        "guests_pool_name": _POOL,
        "suffix_text_result": "x1y2z3",
        f"work_from_{clouds.home}_id_result": "a1b2c3",
        "tenant_arn": _ENTRA,
        "given_bucket_bucket": "box",
        "given_bucket_name": "box",
        "given_container_name": "box",
        "given_account_name": "account",
    }


def deployed(value: Any, known: Mapping[str, str]) -> Any:
    """A value as it is once its program has been deployed; what nobody asks for is left out."""
    match value:
        case Ref():
            return next((found for name, found in known.items() if value.output.endswith(name)), "?")
        case Stack():
            return "dev"
        case Concat(parts=parts):
            return "".join(str(deployed(part, known)) for part in parts)
        case infra.Json(value=inside):
            return json.dumps(deployed(inside, known))
        case Mapping():
            return {name: deployed(each, known) for name, each in value.items()}
        case list() | tuple():
            return [deployed(each, known) for each in value]
    return value


def address(made: Compiled, home: str, known: Mapping[str, str]) -> str:
    """Where the task's environment says that the dataset ``given`` is."""

    def search(value: Any) -> Iterator[str]:
        match value:
            case {"name": "GLACIER_STORE_GIVEN", "value": str(found)} | {"GLACIER_STORE_GIVEN": str(found)}:
                yield found
            case Mapping():
                for each in value.values():
                    yield from search(each)
            case list():
                for each in value:
                    yield from search(each)
            case str() if "GLACIER_STORE_GIVEN" in value:  # a container's definition is JSON in a text
                yield from search(json.loads(value))

    (found,) = {each for node in made.programs[home].nodes for each in search(deployed(dict(node.inputs), known))}
    return found


def pins(made: Compiled, clouds: Clouds) -> None:
    """What the trust program says of this guest is what the clouds of this test go by."""
    known, trust = assigned(clouds), clouds.trust
    kinds = ("iam.Role", "WorkloadIdentityPoolProvider", "FederatedIdentityCredential")
    (pin,) = (node for node in made.programs["trust"].nodes if node.type.endswith(kinds))
    said = deployed(dict(pin.inputs), known)
    if clouds.host == "aws":
        trust.role_arn = f"arn:aws:iam::{trust.account}:role/{said['name']}"
        (statement,) = json.loads(said["assume_role_policy"])["Statement"]
        conditions = statement["Condition"].pop("StringEquals")
        assert statement == {
            "Effect": "Allow",
            "Principal": {"Federated": "accounts.google.com" if clouds.home == "gcp" else _ENTRA},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {},
        }
        if clouds.home == "gcp":
            trust.audience = conditions.pop("accounts.google.com:oaud")
            assert conditions == {"accounts.google.com:sub": trust.unique_id}
        else:
            tokens = f"sts.windows.net/{TENANT}/"
            assert conditions == {f"{tokens}:aud": trust.application, f"{tokens}:sub": trust.principal}
    elif clouds.host == "gcp":
        trust.provider = f"//iam.googleapis.com/{_POOL}/providers/{said['workload_identity_pool_provider_id']}"
        condition = said["attribute_condition"]
        if clouds.home == "aws":
            assert said["aws"] == {"account_id": trust.account}
            assert condition == f"assertion.arn.startsWith('arn:aws:sts::{trust.account}:assumed-role/{trust.role}/')"
        else:
            issuer = f"https://sts.windows.net/{TENANT}/"
            assert said["oidc"] == {"issuer_uri": issuer, "allowed_audiences": [trust.application]}
            assert condition == f"assertion.tid == '{TENANT}' && assertion.sub == '{trust.principal}'"
    else:
        assert said["audiences"] == [EXCHANGE]
        who = (GOOGLE.url, trust.unique_id) if clouds.home == "gcp" else (AWS.url, trust.arn)
        assert (said["issuer"], said["subject"]) == who


@pytest.mark.parametrize("works", [FUNCTIONS, JOBS], ids=["function", "job"])
@pytest.mark.parametrize(("home", "host"), PAIRS, ids=lambda cloud: cloud)
def test_a_compiled_guest_gets_in(home: str, host: str, works: Any, start: Start) -> None:
    clouds = start(home, host)
    made = quietly(compiler(home, host), visit(home, host, works=works))
    pins(made, clouds)
    where = address(made, home, assigned(clouds))
    place = Place(store="given", path="given/", format="json")
    store = open_store(where)
    store.write(place, [1], list)
    assert store.read(place, list) == [1]
    assert clouds.counts["exchange"] == 1


@pytest.mark.parametrize(("home", "host"), PAIRS, ids=lambda cloud: cloud)
def test_before_the_other_program_was_there(home: str, host: str, start: Start) -> None:
    """Pulumi writes ``None`` for an output that a stack does not have yet."""
    clouds = start(home, host)
    made = quietly(compiler(home, host), visit(home, host))
    where = address(made, home, dict.fromkeys(assigned(clouds), "None"))
    with pytest.raises(Problem, match="is not known yet"):
        open_store(where)
    assert not clouds.counts
