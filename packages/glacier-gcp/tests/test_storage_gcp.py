"""What only Google Cloud's storage has: conditions on folders, keys, retention, secrets, dead letters."""

from __future__ import annotations

import re
from typing import Any

import pytest
from glacier import Dataset, Pipeline
from glacier.compilation import Compiled
from glacier.infra import Json, Ref
from glacier.resource import Resource
from glacier.storage import Cache, Database, Queue
from glacier.terms import KEEP_DATA
from glacier_gcp import GCPCompiler
from glacier_gcp.policy import folder_conditions
from glacier_gcp.storage import GCS, CloudSQL, Memorystore, PubSub
from looking import codes, found, kept_in, nodes, one, said

KEY = "projects/p/locations/us-central1/keyRings/ring/cryptoKeys/key"


def test_a_bucket_is_private_and_kept() -> None:
    bucket = next(node for node in nodes(kept_in(GCS()), "gcp.storage.Bucket") if node.id == "kept_bucket")
    assert bucket.inputs["uniform_bucket_level_access"] is True
    assert bucket.inputs["public_access_prevention"] == "enforced"
    assert bucket.inputs["force_destroy"] == KEEP_DATA.opposite()
    assert bucket.options.protect == KEEP_DATA
    assert bucket.options.retain_on_delete == KEEP_DATA


def test_nothing_is_given_to_everybody_and_no_policy_is_replaced() -> None:
    for spec in (GCS(), CloudSQL(), Memorystore(), PubSub()):
        for node in nodes(kept_in(spec)):
            assert not re.search(r"(IAM|Iam)(Binding|Policy)$", node.type), node
            assert "allUsers" not in str(node.inputs)
            assert "allAuthenticatedUsers" not in str(node.inputs)
            assert not re.search(r"roles/(owner|editor|viewer)", str(node.inputs))


def test_reading_is_the_folder_and_its_list_and_writing_the_folder_alone() -> None:
    compiled = kept_in(GCS("example-one", prefix="in/"))
    members = {node.id: node for node in nodes(compiled, "gcp.storage.BucketIAMMember")}
    reads, writes = members["consume_reads_example_one"], members["produce_writes_example_one"]
    assert reads.inputs["role"] == "roles/storage.objectViewer"
    assert said(reads.inputs["condition"]["expression"], "B") == (  # type: ignore[index,call-overload]  # an object
        'resource.name.startsWith("projects/_/buckets/B/objects/in/kept/")'
        ' || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("in/kept/")'
    )
    assert said(writes.inputs["condition"]["expression"], "B") == (  # type: ignore[index,call-overload]  # an object
        'resource.name.startsWith("projects/_/buckets/B/objects/in/kept/")'
    )
    role = one(compiled, "gcp.projects.IAMCustomRole")
    assert writes.inputs["role"] == Ref(role.id, ("name",))
    verbs = {str(permission) for permission in role.inputs["permissions"]}  # type: ignore[union-attr]  # a list
    assert verbs == {
        "storage.multipartUploads.abort",
        "storage.multipartUploads.create",
        "storage.multipartUploads.listParts",
        "storage.objects.create",
        "storage.objects.delete",
    }


@pytest.mark.parametrize(("listing", "fits"), [(True, 6), (False, 13)])
def test_a_condition_holds_twelve_operators(listing: bool, fits: int) -> None:
    def conditions(number: int) -> list[str]:
        paths = [f"d{n}/" for n in range(number)]
        return [said(condition) for condition in folder_conditions("b", paths, listing=listing)]

    assert len(conditions(fits)) == 1
    more = conditions(fits + 1)
    assert len(more) == 2
    assert all(text.count("||") <= 12 for text in more)
    assert sorted(set(re.findall(r"objects/(d\d+/)", " ".join(more)))) == sorted(f"d{n}/" for n in range(fits + 1))


def test_a_path_cannot_leave_its_quotes() -> None:
    (condition,) = folder_conditions("b", ['a") || true || ("', "one.json"], listing=False)
    assert said(condition) == (
        'resource.name == ("projects/_/buckets/b/objects/a\\") || true || (\\"")'
        ' || resource.name == ("projects/_/buckets/b/objects/one.json")'
    )


def test_many_folders_of_one_bucket_are_several_bindings_of_one_name_each() -> None:
    lake = GCS("example-lake")
    a, b, c, d, e, f, g = (Dataset(name, storage=lake) for name in "abcdefg")
    pipeline = Pipeline("many")

    @pipeline.task
    def read(a: a, b: b, c: c, d: d, e: e, f: f, g: g) -> None:  # type: ignore[valid-type]
        return None

    ids = [node.id for node in nodes(GCPCompiler().compile(pipeline), "gcp.storage.BucketIAMMember")]
    assert {one for one in ids if one.startswith("read_")} == {"read_reads_example_lake", "read_reads_example_lake_2"}


def test_an_existing_bucket_is_granted_on_and_nothing_else() -> None:
    compiled = kept_in(GCS("example-theirs", existing=True))
    assert "example-theirs" not in [node.inputs.get("name") for node in nodes(compiled, "gcp.storage.Bucket")]
    granted = [n for n in nodes(compiled, "gcp.storage.BucketIAMMember") if n.inputs["bucket"] == "example-theirs"]
    assert {node.id for node in granted} == {"consume_reads_example_theirs", "produce_writes_example_theirs"}
    assert codes(GCS(existing=True)) == [("existing", "error")]
    assert codes(GCS("example-theirs", existing=True, lifecycle_days=3)) == [("existing", "warning")]


def test_adopting_imports_the_bucket_by_its_name() -> None:
    pipeline = Pipeline("adopt")
    data = Dataset("data", storage=GCS("example-old"))

    @pipeline.task
    def make() -> data:  # type: ignore[valid-type]
        return 1

    for adopt, expected in ((True, "example-old"), (False, None)):
        (bucket,) = [
            node
            for node in nodes(GCPCompiler().compile(pipeline, adopt=adopt), "gcp.storage.Bucket")
            if node.inputs.get("name") == "example-old"
        ]
        assert bucket.options.import_ == expected


def test_the_service_may_use_a_key_before_it_is_told_to_and_for_as_long_as_the_data_stays() -> None:
    for spec in (GCS(kms_key=KEY), CloudSQL(kms_key=KEY), Memorystore(kms_key=KEY), PubSub(kms_key=KEY)):
        compiled = kept_in(spec)
        use = one(compiled, "gcp.kms.CryptoKeyIAMMember")
        assert use.inputs["role"] == "roles/cloudkms.cryptoKeyEncrypterDecrypter"
        assert use.options.retain_on_delete == KEEP_DATA
        holders = [node for node in nodes(compiled) if KEY in str(node.inputs) and node is not use]
        assert holders
        assert all(use.ref in node.options.depends_on for node in holders)


@pytest.mark.parametrize(
    ("location", "at", "right"),
    [
        (None, "us-central1", True),
        ("europe-west1", "europe-west1", True),
        ("europe-west1", "us-central1", False),
        ("EU", "europe", True),
        ("EU", "europe-west1", False),
        ("NAM4", "nam4", True),
    ],
)
def test_a_key_is_where_its_bucket_is(location: str | None, at: str, right: bool) -> None:
    key = f"projects/p/locations/{at}/keyRings/ring/cryptoKeys/key"
    assert codes(GCS(location=location, kms_key=key)) == ([] if right else [("key", "error")])


def test_two_buckets_with_one_key_share_the_right_to_it() -> None:
    one_, two = Dataset("one", storage=GCS(kms_key=KEY)), Dataset("two", storage=GCS(kms_key=KEY))
    pipeline = Pipeline("keys")

    @pipeline.task
    def copy(value: one_) -> two:  # type: ignore[valid-type]
        return value

    one(GCPCompiler().compile(pipeline), "gcp.kms.CryptoKeyIAMMember")


def test_a_bucket_has_versions_or_retention() -> None:
    assert ("retention", "error") in codes(GCS(versioning=True, retention_days=3))
    assert codes(GCS(retention_days=3)) == [("retention", "warning")]
    assert codes(GCS(retention_days=30, lifecycle_days=3)) == [("retention", "warning")] * 2
    bucket = next(n for n in nodes(kept_in(GCS(retention_days=3)), "gcp.storage.Bucket") if n.id == "kept_bucket")
    assert bucket.inputs["retention_policy"] == {"retention_period": "259200"}


def test_soft_delete_is_off_or_a_week_at_least() -> None:
    assert codes(GCS(soft_delete_days=3)) == [("soft-delete", "error")]
    assert codes(GCS(soft_delete_days=0)) == codes(GCS(soft_delete_days=7)) == []


def test_former_versions_are_deleted_too() -> None:
    bucket = next(
        node
        for node in nodes(kept_in(GCS(versioning=True, lifecycle_days=9, prefix="in/")), "gcp.storage.Bucket")
        if node.id == "kept_bucket"
    )
    assert bucket.inputs["lifecycle_rules"] == [
        {
            "action": {"type": "AbortIncompleteMultipartUpload"},
            "condition": {"age": 7, "matches_prefixes": ["in/"]},
        },
        {"action": {"type": "Delete"}, "condition": {"age": 9, "matches_prefixes": ["in/"]}},
        {"action": {"type": "Delete"}, "condition": {"days_since_noncurrent_time": 9, "matches_prefixes": ["in/"]}},
    ]


def test_a_location_of_several_regions_has_its_own_price() -> None:
    lines = GCPCompiler().plan(_sized(GCS(location="EU"))).estimate.lines
    kept = next(line for line in lines if line.item.startswith("object_storage.storage") and line.quantity)
    assert kept.item == "object_storage.storage.STANDARD.EU"
    assert kept.usd == 0.026
    assert kept.quantity == pytest.approx(1e9 / 2**30)


def _sized(storage: GCS) -> Pipeline:
    data = Dataset("data", storage=storage, expected_size="1 GB")
    pipeline = Pipeline("sized")

    @pipeline.task
    def make() -> data:  # type: ignore[valid-type]
        return 1

    return pipeline


@pytest.mark.parametrize(
    ("name", "why"),
    [("goog-data", "goog"), ("my-g00gle", "google"), ("10.0.0.1", "IP"), ("a..b", "two dots"), ("Upper", "character")],
)
def test_a_bucket_cannot_have_every_name(name: str, why: str) -> None:
    assert any(d.code == "limit" and why in d.message for d in found(GCS(name)))


def test_the_password_is_in_one_secret_and_in_no_text() -> None:
    compiled = kept_in(CloudSQL())
    password = Ref(one(compiled, "random.RandomPassword").id, ("result",))
    assert one(compiled, "gcp.sql.User").inputs["password"] == password
    version = one(compiled, "gcp.secretmanager.SecretVersion").inputs["secret_data"]
    assert isinstance(version, Json)
    assert version.value == {"username": Ref("kept_user", ("name",)), "password": password}
    holders = [node.id for node in nodes(compiled) if str(password) in str(node.inputs)]
    assert holders == ["kept_user", "kept_version"]


def test_what_may_be_read_and_what_may_be_written_are_two_bindings_of_the_secret() -> None:
    table = Dataset("table", storage=CloudSQL(name="books"))
    other = Dataset("other", storage=table.storage)
    pipeline = Pipeline("both")

    @pipeline.task
    def copy(value: table) -> other:  # type: ignore[valid-type]
        return value

    members = nodes(GCPCompiler().compile(pipeline), "gcp.secretmanager.SecretIamMember")
    assert len(members) == 2
    assert len({str(sorted(member.inputs.items(), key=lambda item: item[0])) for member in members}) == 2


def test_a_database_is_reached_from_the_network_only_and_tasks_join_it() -> None:
    compiled = kept_in(CloudSQL())
    settings = one(compiled, "gcp.sql.DatabaseInstance").inputs["settings"]
    assert isinstance(settings, dict)
    assert settings["edition"] == "ENTERPRISE"
    assert settings["ip_configuration"]["ipv4_enabled"] is False
    assert settings["ip_configuration"]["ssl_mode"] == "ENCRYPTED_ONLY"
    for function in nodes(compiled, "gcp.cloudfunctionsv2.Function"):
        service = function.inputs["service_config"]
        assert isinstance(service, dict)
        assert service["direct_vpc_egress"] == "VPC_EGRESS_PRIVATE_RANGES_ONLY"
    assert not nodes(kept_in(GCS()), "gcp.compute.Network")


@pytest.mark.parametrize(
    ("tier", "right"),
    [
        ("db-custom-2-7680", True),
        ("db-custom-1-3840", True),
        ("db-custom-2-4096", True),
        ("db-custom-3-7680", False),
        ("db-custom-2-7681", False),
        ("db-custom-2-1024", False),
        ("db-custom-2-99840", False),
        ("db-custom-98-98304", False),
    ],
)
def test_a_machine_of_ones_own_measure(tier: str, right: bool) -> None:
    said = found(CloudSQL(tier=tier))
    assert (not said) is right
    for diagnostic in said:
        assert diagnostic.code == "tier"
        help_ = re.fullmatch(r"tier='(.*)'", diagnostic.help)
        assert help_ is not None
        assert tier.startswith("db-custom-98") or not found(CloudSQL(tier=help_[1]))


def test_a_standby_takes_backups() -> None:
    assert codes(CloudSQL(availability_type="REGIONAL", backups=0)) == [("backups", "error")]
    assert codes(CloudSQL(availability_type="REGIONAL")) == codes(CloudSQL(backups=0)) == []


def test_sizes_become_machines_and_nodes() -> None:
    sizes = {size: Database(size=size) for size in ("small", "medium", "large")}
    tiers = [
        one(kept_in(each), "gcp.sql.DatabaseInstance").inputs["settings"]["tier"]  # type: ignore[index,call-overload]
        for each in sizes.values()
    ]
    assert tiers == ["db-g1-small", "db-custom-2-4096", "db-custom-2-8192"]
    instance = one(kept_in(Cache(size_mb=200_000)), "gcp.memorystore.Instance")
    assert (instance.inputs["mode"], instance.inputs["shard_count"]) == ("CLUSTER", 5)
    assert codes(Memorystore(shard_count=2)) == [("shards", "error")]


def _told(compiled: Compiled) -> dict[str, Any]:
    """What a function is told of the only storage."""
    service: Any = one(compiled, "gcp.cloudfunctionsv2.Function").inputs["service_config"]
    return {key: value for key, value in service["environment_variables"].items() if key != "GLACIER_TASK"}


def _alone(storage: Resource) -> Compiled:
    kept, pipeline = Dataset("kept", storage=storage), Pipeline("alone")

    @pipeline.task
    def produce() -> kept:  # type: ignore[valid-type]
        return None

    return GCPCompiler().compile(pipeline)


@pytest.mark.parametrize("version", ["POSTGRES_17", "MYSQL_8_4"])
def test_a_database_proves_itself_by_an_authority_of_its_own(version: str) -> None:
    """One that signs for nobody else: only so is its word enough, where the name is not looked at."""
    compiled = _alone(CloudSQL(database_version=version))
    settings: Any = one(compiled, "gcp.sql.DatabaseInstance").inputs["settings"]
    assert settings["ip_configuration"]["server_ca_mode"] == "GOOGLE_MANAGED_INTERNAL_CA"
    told = _told(compiled)
    assert "?sslmode=verify-ca&gcp_secret=" in said(told.pop("GLACIER_STORE_KEPT"))
    assert told == {"GLACIER_AUTHORITY_KEPT": Ref("kept_instance", ("server_ca_certs", 0, "cert"))}


def test_a_cache_proves_itself_by_an_authority_of_its_own() -> None:
    """With all of its certificates, of which there are several before one expires."""
    compiled = _alone(Memorystore())
    assert one(compiled, "gcp.memorystore.Instance").inputs["server_ca_mode"] == "GOOGLE_MANAGED_PER_INSTANCE_CA"
    told = _told(compiled)
    assert said(told.pop("GLACIER_STORE_KEPT")).endswith(":6379/?iam=gcp&sslmode=verify-ca")
    assert told == {"GLACIER_AUTHORITY_KEPT": Json(Ref("kept_instance", ("managed_server_cas",)))}


def test_a_cache_has_no_password_and_speaks_tls_only() -> None:
    inputs = one(kept_in(Memorystore()), "gcp.memorystore.Instance").inputs
    assert inputs["authorization_mode"] == "IAM_AUTH"
    assert inputs["transit_encryption_mode"] == "SERVER_AUTHENTICATION"


def test_signing_in_to_a_cache_is_for_that_cache() -> None:
    members = [m for m in nodes(kept_in(Memorystore()), "gcp.projects.IAMMember") if "memorystore" in str(m.inputs)]
    assert {member.id for member in members} == {"consume_reads_kept", "produce_writes_kept"}
    for member in members:
        condition = member.inputs["condition"]
        assert isinstance(condition, dict)
        assert said(condition["expression"]) == 'resource.name.endsWith("/locations/?/instances/?")'


def test_dead_letters_are_kept_and_pubsub_may_move_them() -> None:
    compiled = kept_in(PubSub(max_delivery_attempts=7))
    subscriptions = {node.id: node.inputs for node in nodes(compiled, "gcp.pubsub.Subscription")}
    assert subscriptions["kept_unread"]["topic"] == Ref("kept_deadletters", ("id",))
    assert subscriptions["kept_subscription"]["dead_letter_policy"] == {
        "dead_letter_topic": Ref("kept_deadletters", ("id",)),
        "max_delivery_attempts": 7,
    }
    who = Ref("pubsub_agent_identity", ("member",))
    moves = {node.id: node.inputs["role"] for node in nodes(compiled) if node.inputs.get("member") == who}
    assert moves == {"kept_puts": "roles/pubsub.publisher", "kept_takes": "roles/pubsub.subscriber"}


def test_fewer_tries_than_pubsub_makes_are_rounded_up_and_told() -> None:
    assert codes(PubSub(max_delivery_attempts=3)) == [("rounded", "note")]
    subscription = nodes(kept_in(Queue(max_receives=3)), "gcp.pubsub.Subscription")[-1]
    policy = subscription.inputs["dead_letter_policy"]
    assert isinstance(policy, dict)
    assert policy["max_delivery_attempts"] == 5
    assert codes(PubSub(max_delivery_attempts=5)) == []


def test_order_is_kept_by_the_subscription_and_told_in_the_address() -> None:
    compiled = kept_in(PubSub(enable_message_ordering=True))
    subscription = next(n for n in nodes(compiled, "gcp.pubsub.Subscription") if n.id == "kept_subscription")
    assert subscription.inputs["enable_message_ordering"] is True
    address = next(o.value for o in compiled.programs["gcp"].outputs if o.name == "storage_kept")
    assert said(address) == "pubsub://??subscription=?&ordered=1"
