"""From a plan to programs: in one order, with one grant for each task, storage and verb, and nothing guessed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

import pytest
from glacier import CompileError, Dataset, Pipeline, task
from glacier.compilation import Compiled, MultiCloudCompiler
from glacier.infra import Concat, Lookup, Node, Output, Program, Ref, check
from glacier.pipeline import Task
from glacier.storage import ObjectStorage
from glacier.target import ComputeKind, Shared, Site, StorageKind
from glacier.terms import Address, Grant, Job, Made, Unsupported
from glacier_aws import AWSCompiler
from glacier_aws.storage import S3
from toycloud import Robot, Robots, Shelf, Shelves, TinCompiler, ToyCompiler

lake = ObjectStorage(resource_name="lake")
orders, prices = Dataset("orders", lake), Dataset("prices", lake, path="prices/latest.json")
clean, report = Dataset("clean"), Dataset("report", Shelf())


@task
def collect() -> Annotated[Any, orders]: ...


@task(retries=2, timeout=60)
def tidy(rows: Annotated[Any, orders], more: Annotated[Any, prices]) -> Annotated[Any, clean]: ...


@task
def summarize(rows: Annotated[Any, clean], old: Annotated[Any, prices]) -> Annotated[Any, report]: ...


TASKS: list[Task[..., Any]] = [summarize, tidy, collect]


def compiled(*tasks: Task[..., Any], compiler: Any = None, name: str = "sales", **more: Any) -> Compiled:
    made: Compiled = (compiler or ToyCompiler()).compile(Pipeline(name, tasks or TASKS), **more)
    return made


def program(*tasks: Task[..., Any], compiler: Any = None, **more: Any) -> Program:
    (made,) = compiled(*tasks, compiler=compiler, **more).programs.values()
    return made


def nodes(made: Program) -> dict[str, Node]:
    return {node.id: node for node in made.nodes}


# --- Order ----------------------------------------------------------------------------------------------------------


def test_the_order_is_always_the_same() -> None:
    made = program()
    check(made)
    assert [section.title for section in made.sections] == [
        "Provider",
        "Storage lake: datasets orders, prices",
        "Dataset report",
        "Dataset clean",
        "Task collect",
        "Task tidy",
        "Task summarize",
        "The order in which the tasks run",
    ]


def test_a_task_is_its_identity_its_grants_and_its_function() -> None:
    (section,) = [section for section in program().sections if section.title == "Task tidy"]
    assert [statement.id for statement in section.statements] == [
        "tidy_name",
        "lake_read_tidy",
        "scratch_write_tidy",
        "tidy_robot",
    ]


def test_every_resource_names_the_provider() -> None:
    made = nodes(program())
    assert made.pop("toy_provider").options.provider is None
    assert {node.options.provider for node in made.values()} == {Ref("toy_provider")}


def test_the_workflow_is_given_the_stages() -> None:
    made = nodes(program())
    assert made["workflow_workflow"].inputs == {
        "stages": [[Ref("collect_robot", ("id",))], [Ref("tidy_robot", ("id",))], [Ref("summarize_robot", ("id",))]]
    }


def test_declaration_order_is_nothing() -> None:
    assert program(*TASKS) == program(*reversed(TASKS))


# --- Access ---------------------------------------------------------------------------------------------------------


def grants(made: Program) -> dict[str, Any]:
    return {node.id: node.inputs["paths"] for node in made.nodes if node.type == "toy.Key"}


def test_there_is_one_grant_for_each_task_storage_and_verb() -> None:
    assert grants(program()) == {
        "lake_write_collect": ["orders/"],
        "lake_read_tidy": ["orders/", "prices/latest.json"],
        "scratch_write_tidy": ["clean/"],
        "lake_read_summarize": ["prices/latest.json"],
        "scratch_read_summarize": ["clean/"],
        "report_write_summarize": ["report/"],
    }


def test_a_grant_is_for_the_tasks_own_identity() -> None:
    made = nodes(program())
    assert made["lake_read_tidy"].inputs["holder"] == Ref("tidy_name", ("id",))


def test_without_an_annotation_there_is_no_grant() -> None:
    @task(name="tidy")
    def less(rows: Annotated[Any, orders]) -> Annotated[Any, clean]: ...

    before, after = grants(program()), grants(program(summarize, less, collect))
    assert before.pop("lake_read_tidy") == ["orders/", "prices/latest.json"]
    assert after.pop("lake_read_tidy") == ["orders/"]
    assert before == after


def test_a_dataset_read_twice_is_granted_once() -> None:
    @task
    def double(a: Annotated[Any, orders], b: Annotated[Any, orders]) -> None: ...

    assert grants(program(double)) == {"lake_read_double": ["orders/"]}


# --- What a task is told --------------------------------------------------------------------------------------------


def test_a_task_is_told_its_name_and_where_its_storages_are() -> None:
    made = nodes(program())
    assert made["summarize_robot"].inputs["env"] == {
        "GLACIER_TASK": "summarize",
        "GLACIER_STORE_LAKE": Concat(("toy://", Ref("lake_shelf", ("id",)))),
        "GLACIER_STORE_REPORT": Concat(("toy://", Ref("report_shelf", ("id",)))),
        "GLACIER_STORE_SCRATCH": Concat(("toy://", Ref("scratch_shelf", ("id",)))),
    }
    assert set(made["collect_robot"].inputs["env"]) == {"GLACIER_TASK", "GLACIER_STORE_LAKE"}  # type: ignore[arg-type]


class Watching(Robots):
    """Compute that remembers its jobs, and asks for a shared part."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    def emit(self, spec: Robot, site: Site, job: Job) -> Iterator[Made]:
        self.jobs[job.name] = job
        club = site.shared("club")
        yield site.node("toy.Robot", "robot", {"club": club["house"]["id"]}, main=True)
        yield Output(name=f"robot_{site.owner}", value=site.ref("robot", "id"))


class Inside(Shelves):
    """Storage that only the inside of a network reaches."""

    def address(self, spec: Shelf, site: Site) -> Address:
        return Address(url="toy://inside", network=site.owner == "lake")


WATCHING = Watching()


def _club(site: Site) -> Iterator[Node | Lookup]:
    yield site.lookup("toy.who_output", "who")
    yield site.node("toy.Club", "house", {"owner": site.ref("who", "id")})


class Shop(ToyCompiler):
    """Toys with watched compute, a shared part, and storage inside a network."""

    storage_kinds: ClassVar[Mapping[str, StorageKind | Unsupported]] = {"object_storage": Inside()}
    compute_kinds: ClassVar[Mapping[str, ComputeKind | Unsupported]] = {"serverless": WATCHING}
    shared_parts: ClassVar[Mapping[str, Shared]] = {"club": _club}


def test_a_job_is_everything_the_task_said() -> None:
    made = compiled(compiler=Shop())
    job = WATCHING.jobs["tidy"]
    assert (job.folder, job.retries, job.timeout) == ("functions/tasks", 2, 60)
    assert f"toy/{job.folder}/manifest.json" in made.files
    assert len(job.digest) == 12
    assert job.network
    assert WATCHING.jobs["collect"].network
    assert WATCHING.jobs["summarize"].timeout is None


def test_only_what_needs_the_network_is_put_into_it() -> None:
    @task
    def alone() -> Annotated[Any, clean]: ...

    compiled(alone, compiler=Shop())
    assert not WATCHING.jobs["alone"].network


class Signed(Shelves):
    """Storage whose server's certificate is signed by somebody of its own: known, known when deploying, or unknown."""

    def address(self, spec: Shelf, site: Site) -> Address:
        authorities = {"lake": "a certificate", "scratch": site.ref("shelf", "signer")}
        return Address(url="toy://signed", authority=authorities.get(site.owner))


class Unsigned(Shelves):
    """Storage whose server nobody could tell from another."""

    def address(self, spec: Shelf, site: Site) -> Address:
        return Address(url="toy://unsigned", authority=Unsupported("nobody knows its signer", "another shelf"))


class SignedShop(ToyCompiler):
    """Toys on signed shelves."""

    storage_kinds: ClassVar[Mapping[str, StorageKind | Unsupported]] = {"object_storage": Signed()}


class UnsignedShop(ToyCompiler):
    """Toys on shelves that nobody signed."""

    storage_kinds: ClassVar[Mapping[str, StorageKind | Unsupported]] = {"object_storage": Unsigned()}


def test_by_whose_word_a_server_is_believed() -> None:
    """What is known goes with the code of those who need it; what is not, into the environment."""
    made = compiled(compiler=SignedShop())
    environment = nodes(made.programs["toy"])["summarize_robot"].inputs["env"]
    assert isinstance(environment, dict)
    assert {key: value for key, value in environment.items() if "AUTHORITY" in key} == {
        "GLACIER_AUTHORITY_SCRATCH": Ref("scratch_shelf", ("signer",))
    }
    manifest = json.loads(made.files["toy/functions/tasks/manifest.json"])
    assert manifest["authorities"] == {"lake": "a certificate"}
    plain = compiled().files["toy/functions/tasks/manifest.json"]
    assert "authorities" not in json.loads(plain)


def test_a_server_that_nobody_could_tell_from_another_is_refused() -> None:
    with pytest.raises(CompileError) as caught:
        compiled(compiler=UnsignedShop())
    found = [diagnostic for diagnostic in caught.value.diagnostics if diagnostic.code == "authority"]
    assert len(found) == 3
    assert "nobody knows its signer" in found[0].message
    assert found[0].help == "another shelf"


def test_a_shared_part_is_made_once_and_comes_first() -> None:
    made = program(compiler=Shop())
    assert [section.title for section in made.sections][:2] == ["Provider", "Shared: club"]
    assert [node.id for node in made.nodes if node.type == "toy.Club"] == ["club_house"]
    assert not [s for s in program(compiler=ToyCompiler()).sections if s.title.startswith("Shared")]


# --- Outputs and words ----------------------------------------------------------------------------------------------


def test_outputs_are_addresses_then_those_of_kinds_then_the_workflow() -> None:
    made = program(compiler=Shop())
    assert [output.name for output in made.outputs] == [
        "storage_lake",
        "storage_report",
        "storage_scratch",
        "robot_collect",
        "robot_tidy",
        "robot_summarize",
        "workflow",
    ]
    assert made.outputs[-1].value == Ref("workflow_workflow", ("id",))


def test_comments_say_who_reads_and_writes() -> None:
    made = nodes(program())
    assert made["lake_shelf"].comment == (
        "orders: written by collect, read by tidy. prices: put there by somebody else, read by summarize, tidy."
    )
    assert made["report_shelf"].comment == "report: written by summarize."
    assert made["tidy_name"].comment == "tidy reads orders, prices and writes clean."
    assert made["tidy_robot"].comment == ""


def test_a_title_does_not_list_everything() -> None:
    @task
    def many() -> tuple[tuple(Annotated[Any, Dataset(f"d{n}", lake)] for n in range(6))]: ...  # type: ignore[valid-type]

    assert program(many).sections[1].title == "Storage lake: datasets d0, d1, d2, d3 and 2 more"


def test_a_program_says_what_and_where_it_is() -> None:
    made = program(name="My Sales", compiler=ToyCompiler(region="cellar"))
    assert made.name == "my-sales-toy"
    assert made.doc.startswith("Infrastructure of the pipeline My Sales on toy, in cellar.\n\n")
    assert max(map(len, made.doc.splitlines())) <= 88


# --- Several clouds, existing buckets, names that meet ----------------------------------------------------------------


def test_each_cloud_has_a_program_if_it_has_something_to_make() -> None:
    @task(compute=Robot())
    def there() -> Annotated[Any, report]: ...

    @task
    def here() -> Annotated[Any, clean]: ...

    clouds = {"tin": TinCompiler(), "toy": ToyCompiler()}
    both = compiled(there, here, compiler=MultiCloudCompiler(clouds)).programs
    assert list(both) == ["tin", "toy"]
    assert [s.title for s in both["toy"].sections] == [
        "Provider",
        "Dataset report",
        "Task there",
        "The order in which the tasks run",
    ]
    assert [s.title for s in both["tin"].sections][1:3] == ["Dataset clean", "Task here"]
    assert list(compiled(here, compiler=MultiCloudCompiler(clouds)).programs) == ["tin"]


def test_a_bucket_that_exists_is_taken_over_only_when_asked() -> None:
    @task
    def write() -> tuple[Annotated[Any, Dataset("a", S3("a-bucket"))], Annotated[Any, Dataset("b", S3())]]: ...

    for adopt, imported in ((False, None), (True, "a-bucket")):
        made = nodes(program(write, compiler=AWSCompiler(), adopt=adopt))
        assert made["a_bucket_bucket"].options.import_ == imported
        assert made["b_bucket"].options.import_ is None


def test_two_owners_that_meet_in_one_variable_are_said() -> None:
    """A storage ``a`` that ``b`` reads, and one called ``a read``, would both make ``a_read_b…`` somewhere."""

    class Meeting(Shelves):
        def emit(self, spec: Shelf, site: Site) -> Iterator[Made]:
            yield from super().emit(spec, site)
            yield site.node("toy.Extra", "b-shelf" if site.owner == "a" else "extra", {})

    class Town(ToyCompiler):
        storage_kinds: ClassVar[Mapping[str, StorageKind | Unsupported]] = {"object_storage": Meeting()}

    first, second = Dataset("a", ObjectStorage()), Dataset("a b", ObjectStorage())

    @task
    def write() -> tuple[Annotated[Any, first], Annotated[Any, second]]: ...

    with pytest.raises(CompileError) as caught:
        compiled(write, compiler=Town())
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.subject) == ("name", "Dataset a b")
    assert diagnostic.message == "would share the name 'a_b_shelf' with Dataset a"
    assert diagnostic.help == "rename one of the two"


def test_a_grant_across_clouds_is_not_the_storages_own() -> None:
    """What a task of another cloud may do is not granted in this cloud's program by its own identity's name."""

    class Refusing(Shelves):
        def grant(self, spec: Shelf, grant: Grant, site: Site) -> Iterator[Made]:
            assert grant.who.provider == "toy"
            return super().grant(spec, grant, site)

    class Strict(ToyCompiler):
        storage_kinds: ClassVar[Mapping[str, StorageKind | Unsupported]] = {"object_storage": Refusing()}

    assert grants(program(compiler=Strict())) == grants(program())
