"""By whose word a database of RDS is believed: its region's own root, which goes with the code."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from glacier import CompileError, Dataset, Pipeline
from glacier.compilation import Compiled
from glacier.errors import Severity
from glacier.infra import Node
from glacier_aws import AWSCompiler
from glacier_aws.compute import FargateTask, Lambda
from glacier_aws.storage import RDS

ROOTS: dict[str, str] = dict(AWSCompiler.tables.raw("authorities")["rds"])
WITHOUT = sorted(AWSCompiler.tables.regions.keys() - ROOTS.keys())


def compiled(database: RDS, region: str = "eu-west-1", compute: Any = None) -> Compiled:
    pipeline, kept = Pipeline("proven"), Dataset("kept", storage=database)

    @pipeline.task(compute=compute or Lambda())
    def write() -> kept:  # type: ignore[valid-type]
        return None

    return AWSCompiler(region=region).compile(pipeline)


def manifest(made: Compiled) -> dict[str, Any]:
    (text,) = (content for path, content in made.files.items() if path.endswith("/manifest.json"))
    read: dict[str, Any] = json.loads(text)
    return read


def nodes(made: Compiled, node_type: str) -> list[Node]:
    return [node for node in made.programs["aws"].nodes if node.type == node_type]


@pytest.mark.parametrize("region", ROOTS)
def test_a_root_is_its_regions_own(region: str) -> None:
    """docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html has the names."""
    (certificate,) = x509.load_pem_x509_certificates(ROOTS[region].encode())
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == f"Amazon RDS {region} Root CA RSA2048 G1"
    assert certificate.issuer == certificate.subject
    certificate.verify_directly_issued_by(certificate)
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048
    assert certificate.not_valid_after_utc > dt.datetime(2060, 1, 1, tzinfo=dt.UTC)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_roots_are_dated_and_sourced() -> None:
    assert ROOTS.keys() <= AWSCompiler.tables.regions.keys()
    assert len(set(ROOTS.values())) == len(ROOTS)
    for source in AWSCompiler.tables.sources("authorities").values():
        assert source.title
        assert source.url
        assert source.read_on[:2] == "20"


@pytest.mark.parametrize("engine", ["postgres", "mysql"])
@pytest.mark.parametrize("compute", [Lambda(), FargateTask()])
def test_the_instance_serves_what_its_tasks_believe(engine: str, compute: Any) -> None:
    made = compiled(RDS(engine=engine), compute=compute)
    (instance,) = nodes(made, "aws.rds.Instance")
    assert instance.inputs["ca_cert_identifier"] == "rds-ca-rsa2048-g1"
    assert manifest(made)["authorities"] == {"kept": ROOTS["eu-west-1"]}
    program = made.files["aws/__main__.py"].decode()
    assert "CERTIFICATE" not in program
    assert "sslmode" not in program, "the name is looked at, too"


def test_several_databases_fit_beside_the_4_kb_of_an_environment() -> None:
    """docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 4 KB for all of a function's variables."""
    one, two, three = (Dataset(name, storage=RDS(identifier=name)) for name in ("one", "two", "three"))
    pipeline = Pipeline("proven")

    @pipeline.task(compute=Lambda())
    def copy(first: one, second: two) -> three:  # type: ignore[valid-type]
        return None

    made = AWSCompiler(region="eu-west-1").compile(pipeline)
    (function,) = nodes(made, "aws.lambda_.Function")
    environment: Any = function.inputs["environment"]
    assert not [key for key in environment["variables"] if "AUTHORITY" in key]
    assert manifest(made)["authorities"] == dict.fromkeys(("one", "three", "two"), ROOTS["eu-west-1"])


@pytest.mark.parametrize("region", WITHOUT)
def test_a_region_whose_root_is_not_known(region: str) -> None:
    with pytest.raises(CompileError) as caught:
        compiled(RDS(), region=region)
    (found,) = (each for each in caught.value.diagnostics if each.severity is Severity.ERROR)
    assert found.code == "authority"
    assert f"RDS in {region}" in found.message
    assert f"https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem" in found.help
    mine = ROOTS["eu-west-1"]
    assert manifest(compiled(RDS(authority=mine), region=region))["authorities"] == {"kept": mine}


def test_an_authority_is_no_name_of_a_file() -> None:
    with pytest.raises(CompileError, match=r"RDS\.authority holds no certificate in PEM"):
        compiled(RDS(authority="eu-west-1-bundle.pem"))
