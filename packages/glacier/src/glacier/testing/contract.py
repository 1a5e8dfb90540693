"""What every provider must satisfy; a provider's own tests inherit it and say which compiler they mean.

    class TestAWS(ProviderContract):
        compiler = AWSCompiler()
        changes = {(S3, "bucket"): "other-name", …}

The proofs against real SDKs, which are slow, are in :mod:`glacier.testing.proofs`.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from types import FunctionType
from typing import Any, ClassVar

from glacier import infra, providers
from glacier.access import storage_kind
from glacier.compilation import Compiled, Compiler
from glacier.compute import Serverless
from glacier.errors import CompileError, Severity
from glacier.graph import Verb
from glacier.infra import Node
from glacier.pipeline import Pipeline
from glacier.render import packages_of
from glacier.resource import Resource, public_fields
from glacier.target import ComputeKind, Draft, Prerequisites, Reviews, Site, StorageKind
from glacier.terms import WAY_OUT, Unsupported
from glacier.testing.cases import CASES, GENERIC, on_compute, on_storage, shared_storage, with_secrets
from glacier.vendoring import exported
from glacier.vendoring.exported import MIB, Folder
from glacier.vendoring.sizes import Package, Size, review


class ProviderContract:
    """The cases every provider passes.

    ``compiler`` is the cloud as configured; ``changes`` gives, for each field of each of its own classes, a legal
    value other than the default; ``complete`` what else must be set for a class, or for one field of it;
    ``refused`` the cases, and the values of generic fields such as ``Database.engine``, that this cloud does not have,
    each with a word of the reason it gives.
    """

    compiler: ClassVar[Compiler]
    changes: ClassVar[Mapping[tuple[type[Resource], str], object]]
    complete: ClassVar[Mapping[tuple[type[Resource], str], Mapping[str, object]]] = {}
    refused: ClassVar[Mapping[str, str]] = {}

    def particulars(self) -> list[type[Resource]]:
        """The provider's own classes."""
        target = self.compiler
        kinds = (*target.storage_kinds.values(), *target.compute_kinds.values(), *target.more_kinds)
        return [kind.PARTICULAR for kind in kinds if not isinstance(kind, Unsupported)]

    def compiled(self, pipeline: Pipeline) -> Compiled:
        """A pipeline compiled to this provider."""
        return self.compiler.compile(pipeline)

    def cases(self) -> dict[str, Compiled]:
        """Every case, compiled."""
        return {name: self.compiled(case()) for name, case in CASES.items() if name not in self.refused}

    def test_what_is_refused_is_refused_with_its_reason(self) -> None:
        for name, case in CASES.items():
            if name in self.refused:
                self._refuses(case(), self.refused[name])
        for generic, (pipeline, values) in GENERIC.items():
            for field, value in values.items():
                if (reason := self.refused.get(f"{generic.__name__}.{field}")) is not None:
                    self._refuses(pipeline(generic(**{field: value})), reason)

    def _refuses(self, pipeline: Pipeline, reason: str) -> None:
        found = [d for d in self.compiler.plan(pipeline).diagnostics if d.severity == "error"]
        assert found, f"{pipeline.name} compiles"
        assert all(d.code == "unsupported" and reason in d.message and d.help for d in found), found

    def test_the_entry_point_names_the_provider(self) -> None:
        assert providers.load(self.compiler.provider) is type(self.compiler)

    def test_every_generic_kind_is_there_or_is_refused_with_a_reason(self) -> None:
        known = {**self.compiler.storage_kinds, **self.compiler.compute_kinds}
        assert {generic.kind for generic in GENERIC} <= set(known)
        for kind in known.values():
            if isinstance(kind, Unsupported):
                assert kind.why
            else:
                assert kind.PARTICULAR.provider == self.compiler.provider

    def test_a_kind_has_no_function_that_nobody_calls(self) -> None:
        """A review that is misspelt would be none, and no type checker knows that it was meant."""
        asked = {name for each in (StorageKind, ComputeKind, Reviews, Prerequisites) for name in dir(each)}
        target = self.compiler
        for kind in (*target.storage_kinds.values(), *target.compute_kinds.values(), *target.more_kinds):
            said = [f for f in vars(kind).values() if isinstance(f, FunctionType) and f.__globals__ is vars(kind)]
            assert not [f.__name__ for f in said if not f.__name__.startswith("_") and f.__name__ not in asked]

    def test_settings_of_glaciers_own_are_not_the_users(self) -> None:
        for cls in self.particulars():
            if cls.kind in self.compiler.compute_kinds:
                secret = {**self.complete.get((cls, ""), {}), "env": {"GLACIER_TASK": "hunter2"}}
                (said,) = self.compiler.plan(on_compute(cls(**secret))).diagnostics
                assert said.message.startswith(f"{cls.__name__}.env: 'GLACIER_TASK' begins with GLACIER_")
                assert "hunter2" not in f"{said.message}{said.help}"

    def test_every_case_is_sound(self) -> None:
        for name, compiled in self.cases().items():
            for program in compiled.programs.values():
                infra.check(program)
                assert list(program.nodes), name

    def test_no_field_of_a_generic_class_is_ignored(self) -> None:
        for generic, (pipeline, values) in GENERIC.items():
            assert set(values) == {field.name for field in public_fields(generic)}, f"say how to change {generic}"
            plain = _said(self.compiled(pipeline(generic())))
            for field, value in values.items():
                if f"{generic.__name__}.{field}" in self.refused:
                    continue
                changed = self.compiled(pipeline(generic(**{field: value})))
                assert _said(changed) != plain, f"{generic.__name__}.{field} changes nothing"

    def test_no_field_of_its_own_classes_is_ignored(self) -> None:
        for cls in self.particulars():
            pipeline = on_storage if cls.kind in self.compiler.storage_kinds else on_compute
            for field in public_fields(cls):
                assert (cls, field.name) in self.changes, f"say how to change {cls.__name__}.{field.name}"
                with_: dict[str, Any] = {**self.complete.get((cls, ""), {}), **self.complete.get((cls, field.name), {})}
                plain = self.compiled(pipeline(cls(**with_)))
                changed = self.compiled(pipeline(cls(**{**with_, field.name: self.changes[cls, field.name]})))
                assert _said(changed) != _said(plain), f"{cls.__name__}.{field.name} changes nothing"

    def test_a_hint_sets_a_field_of_the_particular(self) -> None:
        for generic, (pipeline, _) in GENERIC.items():
            particular = next((cls for cls in self.particulars() if cls.kind == generic.kind), None)
            for field in public_fields(particular) if particular else ():
                value = self.changes[particular, field.name]  # type: ignore[index]  # there is one in this loop
                try:
                    hinted = self.compiled(pipeline(generic(**{f"{self.compiler.provider}_{field.name}": value})))
                except CompileError as error:  # a field that needs others beside it
                    assert all(d.code != "hint" for d in error.diagnostics), error
                    continue
                assert _said(hinted) != _said(self.compiled(pipeline(generic()))), f"{particular}.{field.name}"

    def test_grants_are_exactly_the_annotations(self) -> None:
        """Removing one access removes what it granted, and adds and changes no other grant."""
        plan = self.compiler.plan(shared_storage())
        assert not [d for d in plan.diagnostics if d.severity == "error"]
        full = self.compiled(shared_storage())
        without = self.compiled(shared_storage(reads_both=False))
        before, after = _grants(full), _grants(without)
        assert before.keys() >= after.keys()
        changed = {name for name in before if before[name] != after.get(name)}
        assert changed, "removing an access removed no grant"
        for name in changed:
            assert "join" in name, f"removing what join reads changed {name}"

    def test_a_secret_is_for_the_task_that_names_it(self) -> None:
        """Removing a parameter removes its one grant, its one setting and its place; nothing else of a task changes."""
        if "secrets" in self.refused:
            return
        before, after = (self._nodes(with_secrets(both=both)) for both in (True, False))
        gone = {name for name in before if name not in after}
        assert not after.keys() - before.keys()
        assert len([name for name in gone if "_reads_" in name]) == 1
        assert [name for name in gone if "_reads_" not in name] == ["secret_signing_key"]
        key = "GLACIER_SECRET_SIGNING_KEY"
        users = [name for name, node in before.items() if key in repr(node.inputs) and name not in gone]
        assert len(users) == 1
        assert users[0].startswith("sign_")
        assert not [name for name, node in after.items() if key in repr(node.inputs)]
        for name in before.keys() - gone:
            assert before[name] == after[name] or name.startswith(("sign_", "upload_", "image_", "deliver_")), name

    def _nodes(self, pipeline: Pipeline) -> dict[str, Node]:
        return {node.id: node for program in self.compiled(pipeline).programs.values() for node in program.nodes}

    def test_a_door_is_a_shared_part_with_a_price(self) -> None:
        """Whatever leads out of a network is made by a part, and is in the estimate of who needs it."""
        target = self.compiler
        assert target.confined <= set(target.compute_kinds)
        assert set(target.doors) <= set(target.shared_parts)
        assert not target.confined or WAY_OUT in target.doors
        for door in target.doors.values():
            assert [meter for meter in door.meters(10**9) if meter.quantity is not None]
        for name, compiled in self.cases().items():
            assert compiled.plan is not None
            made = {section.title for program in compiled.programs.values() for section in program.sections}
            priced = [line.subject for line in compiled.plan.estimate.lines]
            ways = {way.part for way in compiled.plan.ways}
            for part, door in target.doors.items():
                assert (f"Shared: {part.replace('_', ' ')}" in made) == (part in ways), f"{name}: {part}"
                assert any(said.startswith(door.what) for said in priced) == (part in ways), f"{name}: {part}"

    def test_names_fit_for_the_longest_pipeline(self) -> None:
        longest = "p" + "x" * 99
        for storage in [generic for generic in GENERIC if generic.kind in self.compiler.storage_kinds]:
            compiled = self.compiled(on_storage(storage(), longest))
            for program in compiled.programs.values():
                infra.check(program)
                for node in program.nodes:
                    rules = self.compiler.tables.names
                    assert len(node.name) <= rules.get(node.type, rules["*"]).max, node

    def test_each_limit_holds_at_the_bound_and_fails_past_it(self) -> None:
        classes = {cls.__name__: cls for cls in self.particulars()}
        tried = 0
        for (owner, field), limit in self.compiler.tables.limits.items():
            cls = classes.get(owner)
            if cls is None:
                continue
            pipeline = on_storage if cls.kind in self.compiler.storage_kinds else on_compute
            with_: dict[str, Any] = {**self.complete.get((cls, ""), {}), **self.complete.get((cls, field), {})}
            for bound, step in ((limit.min, -1), (limit.max, +1)):
                if bound is None or isinstance(self.changes[cls, field], str):
                    continue
                number = int(bound)
                found = self.compiler.plan(pipeline(cls(**{**with_, field: number}))).diagnostics
                assert not [d for d in found if d.code == "limit"], f"{owner}.{field} = {number}"
                found = self.compiler.plan(pipeline(cls(**{**with_, field: number + step}))).diagnostics
                said = [d for d in found if d.code == "limit"]
                assert said, f"{owner}.{field} = {number + step} is let through"
                assert f"{owner}.{field}" in said[0].message
                assert "source:" in said[0].help
                tried += 1
            if limit.one_of is not None and isinstance(limit.one_of[0], str):
                wrong = self.compiler.plan(pipeline(cls(**{**with_, field: f"{limit.one_of[-1]}x"}))).diagnostics
                assert any(d.code == "limit" and "did you mean" in d.help for d in wrong), f"{owner}.{field}"
                tried += 1
        assert tried > 3

    def test_what_a_function_weighs_is_held_against_what_its_cloud_takes(self, tmp_path: Path) -> None:
        """A cloud says of both measures how much it takes, or that it documents no limit, and where that was read."""
        self.compiled(on_compute(Serverless())).export_pulumi(tmp_path)
        (folder,) = exported.read(tmp_path).folders
        assert set(folder.limits) == {"unzipped", "zipped"}
        for part, bound in folder.limits.items():
            assert ", read 20" in bound.source
            full = int(bound.max * MIB) if bound.max is not None else 1 << 40
            said = [[each.severity for each in review(_weighing(folder, part, size))] for size in (full, full + 1)]
            assert said == ([[Severity.WARNING], [Severity.ERROR]] if bound.max is not None else [[], []])

    def test_the_text_parses_and_needs_nothing_of_ours(self) -> None:
        for name, compiled in self.cases().items():
            for path, content in compiled.files.items():
                if path.endswith("__main__.py") and "/functions/" not in path:
                    for node in ast.walk(ast.parse(content)):
                        modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                        assert not [m for m in modules if m.startswith("glacier")], name

    def test_what_a_program_imports_is_what_it_installs(self) -> None:
        for name, compiled in self.cases().items():
            for cloud, program in compiled.programs.items():
                listed = compiled.files[f"{cloud}/requirements.txt"].decode().split()
                installed = {line.partition("==")[0] for line in listed}
                assert installed == {"pulumi", *(p.replace("_", "-") for p in packages_of(program))}, name

    def test_servers_prove_who_they_are(self) -> None:
        for name, compiled in self.cases().items():
            assert compiled.plan is not None
            for storage in compiled.plan.storages:
                site = Site(Draft(self.compiler, compiled.name), storage.owner)
                address = storage_kind(compiled.plan, storage).address(storage.particular, site)
                said = "".join(part for part in infra.walk(address.url) if isinstance(part, str))
                assert not said.startswith("redis://"), f"{name}: a cache without TLS"
                mode = re.search(r"[?&]sslmode=([^&]*)", said)
                assert mode is None or (mode[1] == "verify-ca" and address.authority is not None), f"{name}: {said}"
                assert not isinstance(address.authority, Unsupported), name

    def test_nothing_secret_or_wild_is_in_the_text(self) -> None:
        for compiled in self.cases().values():
            for program in compiled.programs.values():
                for node in program.nodes:
                    assert not [k for k in node.inputs if "password" in k.lower() and isinstance(node.inputs[k], str)]

    def test_bytes_do_not_depend_on_hash_seed_or_process(self) -> None:
        code = (
            "import hashlib, sys\n"
            "from glacier import providers\n"
            "from glacier.testing.cases import CASES\n"
            f"compiler = providers.load({self.compiler.provider!r})()\n"
            "total = hashlib.sha256()\n"
            f"for name in sorted(set(CASES).difference({sorted(self.refused)!r})):\n"
            "    for path, content in sorted(compiler.compile(CASES[name]()).files.items()):\n"
            "        total.update(path.encode() + content)\n"
            "print(total.hexdigest())"
        )
        digests = {
            subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for seed in ("0", "1", "4242")
        }
        assert len(digests) == 1

    def test_tables_are_dated_and_sourced(self) -> None:
        tables = self.compiler.tables
        for table in ("limits", "regions", "prices", "sdk"):
            for source in tables.sources(table).values():
                assert source.title
                assert source.read_on[:2] == "20"
        for (item, region), price in tables.prices.items():
            assert price.usd >= 0, item
            assert region == "*" or region in tables.regions, region
        assert all(limit.source in tables.sources("limits") for limit in tables.limits.values())
        assert self.compiler.place in tables.regions

    def test_the_plan_is_plain_data(self) -> None:
        for compiled in self.cases().values():
            record = json.loads(compiled.files["glacier.json"])
            assert record["pipeline"] == compiled.name
            assert {grant["may"] for grant in record["grants"]} <= {verb.value for verb in Verb}


def _weighing(folder: Folder, part: str, size: int) -> Size:
    weights = {"unzipped": 0, "zipped": 0, part: size}
    return Size(folder=folder, own=Package(name="(code)", version="", **weights), packages=())


def _said(compiled: Compiled) -> tuple[object, ...]:
    """What a compilation says: its files, without the record of their hashes, and its diagnostics."""
    files = {path: content for path, content in compiled.files.items() if path != "glacier.json"}
    return files, [(d.code, d.message) for d in compiled.diagnostics]


def _grants(compiled: Compiled) -> dict[str, Node]:
    """The nodes that name a task and give it something: those that are there because of an access."""
    nodes = [node for program in compiled.programs.values() for node in program.nodes]
    verbs = ("reads", "writes")
    return {node.id: node for node, verb in product(nodes, verbs) if f"_{verb}_" in f"{node.id}_"}
