"""How a task of one cloud gets into another: six pairs, each through the address of a storage.

The clouds are a server on loopback (``hosts.py``) and **our reading of their protocols**, no cloud itself: tokens have
real RS256 signatures that are checked against a JWKS, signed requests are checked with the known secret, and issuer,
audience, subject and expiry are checked as the clouds document it.
"""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from glacier.runtime import passports, proofs
from glacier.runtime.manifest import Place
from glacier.runtime.passports import Passport
from glacier.runtime.stores import open_store
from guests import PAIRS, Start, no_secret, refused
from hosts import AWS, EXCHANGE, GOOGLE, JWKS, NOBODY, Clouds
from issuers import FAULTS, Refusal, believed

PLACE = Place(store="s", path="d/", format="json")

pytestmark = pytest.mark.usefixtures("waits")
each_pair = pytest.mark.parametrize(("home", "host"), PAIRS, ids=lambda cloud: cloud)


@each_pair
def test_a_guest_writes_and_reads(home: str, host: str, start: Start) -> None:
    clouds = start(home, host)
    store = open_store(clouds.address())
    store.write(PLACE, [1, 2], list)
    assert store.read(PLACE, list) == [1, 2]
    assert [path.removeprefix("box/") for path in clouds.objects] == ["in/d/data.json"]
    signed = (home, host) == ("aws", "gcp")  # which is made here and asked of nobody
    assert clouds.counts == {"exchange": 1, "storage": 2} | ({} if signed else {"proof": 1})


@each_pair
@pytest.mark.parametrize("fault", FAULTS)
def test_whoever_is_not_the_task_is_refused(
    home: str, host: str, fault: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the endpoint, which checks what a cloud checks; and then said once, without what was shown."""
    clouds = start(home, host)
    clouds.fault = fault
    if (home, host) == ("aws", "gcp"):
        _spoil_request(clouds, fault, monkeypatch)
    problem = refused(clouds)
    assert clouds.counts["storage"] == 0
    assert clouds.bearer is None
    assert problem.message.startswith(f"{proofs.NAMES[host]} does not let this task in as ")
    assert f"which {proofs.NAMES[home]} gave, and answered " in problem.message
    assert "deploy the program trust" in problem.help or fault == "expiry"
    no_secret(clouds, problem)


def _spoil_request(clouds: Clouds, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The faults of a signed request, which AWS does not make: the task does."""
    role = f"assumed-role/{clouds.trust.role}"
    match fault:
        case "signature":
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "0" * 40)
        case "expiry":
            from botocore import auth

            monkeypatch.setattr(auth, "get_current_datetime", lambda: datetime.now(UTC) - timedelta(hours=1))
        case "audience":
            sign = proofs._sign
            other = {"x-goog-cloud-target-resource": clouds.trust.provider + "-other"}
            monkeypatch.setattr(proofs, "_sign", lambda url, headers, body: sign(url, {**headers, **other}, body))
        case "subject" | "issuer":
            account = clouds.trust.account if fault == "subject" else "999999999999"
            name = role + "-admin" if fault == "subject" else role
            keys = clouds.keys(f"arn:aws:sts::{account}:{name}/work")
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key)
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_key)
            monkeypatch.setenv("AWS_SESSION_TOKEN", keys.session_token)


def test_a_signed_request_is_good_for_one_provider(start: Start) -> None:
    """Whoever gets hold of it cannot say that it was meant for another provider, since that is signed, too."""
    clouds = start("aws", "gcp")
    sent = json.loads(unquote(proofs.prove("aws", "gcp", {"provider": "//iam.googleapis.com/other"}).text))
    headers = {each["key"]: each["value"] for each in sent["headers"]}
    assert sorted(headers) == [
        "Authorization",
        "host",
        "x-amz-date",
        "x-amz-security-token",
        "x-goog-cloud-target-resource",
    ]
    assert sent["method"] == "POST"
    changed = [{**each, "value": each["value"].replace("other", "mine")} for each in sent["headers"]]
    clouds._caller(sent, "//iam.googleapis.com/other")
    with pytest.raises(Refusal, match="signature"):
        clouds._caller({**sent, "headers": changed}, "//iam.googleapis.com/mine")


def test_the_stand_in_speaks_as_aws_does(start: Start) -> None:
    """AWS's own client asks, and understands the answers."""
    from botocore.config import Config
    from botocore.session import Session

    clouds = start("aws", "azure")
    client = Session().create_client("sts", region_name="eu-west-1", endpoint_url=clouds.url)
    given = client.get_web_identity_token(Audience=[EXCHANGE], DurationSeconds=300, SigningAlgorithm="RS256")
    believed(given["WebIdentityToken"], {AWS.url: JWKS[AWS.url]}, EXCHANGE, clouds.trust.arn)
    clouds.home = "gcp"
    form = {"RoleArn": clouds.trust.role_arn, "RoleSessionName": "x-x", "DurationSeconds": 3600}
    token = GOOGLE.token(aud=clouds.trust.audience, sub=clouds.trust.unique_id)
    unsigned = Session().create_client(
        "sts", "eu-west-1", endpoint_url=clouds.url, config=Config(retries={"total_max_attempts": 1})
    )
    keys = unsigned.assume_role_with_web_identity(**form, WebIdentityToken=token)["Credentials"]
    assert keys["AccessKeyId"] == clouds.bearer
    with pytest.raises(unsigned.exceptions.InvalidIdentityTokenException):
        unsigned.assume_role_with_web_identity(**form, WebIdentityToken=NOBODY.token(aud="a", sub="b"))


# Asked for once, and again when they are about to end


@each_pair
def test_credentials_are_kept_for_all_storages_of_a_host(home: str, host: str, start: Start) -> None:
    clouds = start(home, host)
    for folder in ("/in?", "/out?", "/in?"):
        open_store(clouds.address().replace("/in?", folder)).write(PLACE, [1], list)
    assert clouds.counts["exchange"] == 1
    assert len(clouds.objects) == 2


@each_pair
def test_credentials_that_end_are_exchanged_anew(home: str, host: str, start: Start) -> None:
    """The store takes the newest only, so obstore must have asked, and must use what it was given."""
    clouds = start(home, host)
    clouds.life = 0
    store = open_store(clouds.address())
    store.write(PLACE, [1], list)
    before = clouds.counts["exchange"]
    assert store.read(PLACE, list) == [1]
    assert clouds.counts["exchange"] == before + 1


@each_pair
def test_the_margin(home: str, host: str, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    clouds = start(home, host)
    known = passport_of(clouds)
    ends = known()["expires_at"]
    assert timedelta(minutes=59) < ends - datetime.now(UTC) <= timedelta(hours=1)
    for left, exchanges in ((301, 1), (299, 2)):
        monkeypatch.setattr(passports, "datetime", _at(ends - timedelta(seconds=left)))
        known()
        assert clouds.counts["exchange"] == exchanges
    monkeypatch.setattr(passports, "datetime", datetime)
    clouds.life = 100  # less than the margin from the first: used for half of its time
    short = Passport(known._host, known._known)
    ends = short()["expires_at"]
    for left, exchanges in ((60, 3), (40, 4)):
        monkeypatch.setattr(passports, "datetime", _at(ends - timedelta(seconds=left)))
        short()
        assert clouds.counts["exchange"] == exchanges


def passport_of(clouds: Clouds) -> Passport:
    """What obstore was given for a store."""
    found = open_store(clouds.address()).bucket._store.credential_provider  # type: ignore[attr-defined]
    assert isinstance(found, Passport)
    return found


def _at(when: datetime) -> type[datetime]:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return when

    return Clock


@each_pair
def test_many_at_once_ask_once(home: str, host: str, start: Start) -> None:
    clouds = start(home, host)
    together = threading.Barrier(16)
    done: list[str] = []

    def work(number: int) -> None:
        together.wait()
        store = open_store(clouds.address().replace("/in?", f"/{number % 4}?"))
        store.write(Place(store="s", path=f"{number}/", format="json"), [number], list)
        done.extend(str(each) for each in store.read(Place(store="s", path=f"{number}/", format="json"), list))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done, key=int) == [str(number) for number in range(16)]
    assert clouds.counts["exchange"] == 1
