"""Whether a value is what an SDK declares, and the same value as Python says it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from glacier.errors import nearest
from glacier.testing.schema import Alternative, Block, Choice, Field, File, Many, Plain, Shape, Table, fields
from glacier.testing.wire import UNKNOWN, Steps


def conform(value: object, allowed: Shape, path: str, found: list[str]) -> object:
    """A value as Python says it, with what is wrong with it added to ``found``.

    Keys become the SDK's snake case, whole numbers become ints where the SDK wants ints and floats where it wants
    floats. A value known only after deploying is right anywhere.
    """
    if value is UNKNOWN or not allowed:
        return value
    tried: list[tuple[list[str], object]] = []
    for alternative in [one for one in allowed if _kin(value, one)] or allowed:
        wrong: list[str] = []
        tried.append((wrong, _one(value, alternative, path, wrong)))
        if not wrong:
            return tried[-1][1]
    wrong, result = min(tried, key=lambda attempt: len(attempt[0]))
    found.extend(wrong)
    return result


def _kin(value: object, allowed: Alternative) -> bool:
    """Whether a value is at least the sort of thing that is wanted, so that its faults are worth telling."""
    match allowed:
        case Block() | Table():
            return isinstance(value, Mapping)
        case Many():
            return isinstance(value, list)
        case File():
            return isinstance(value, tuple)
    return not isinstance(value, Mapping | list | tuple)


def _one(value: object, allowed: Alternative, path: str, found: list[str]) -> object:
    match allowed, value:
        case Block(cls=cls), Mapping():
            return record(value, fields(cls), path, found)
        case Many(item=item), list():
            return [conform(one, item, f"{path}[{i}]", found) for i, one in enumerate(value)]
        case Table(item=item), Mapping():
            return {key: conform(one, item, f"{path}[{key!r}]", found) for key, one in value.items()}
        case File(kind=kind), (str() as what, *_) if isinstance(value, tuple) and what.startswith(kind):
            return value
        case Choice(), str() | int() | float():
            if value not in allowed.values:
                found.append(f"{path}: {value!r} is no {allowed.name}{_hint(value, allowed.values)}")
            return value
        case Plain(type=wanted), str() | bool() | int() | float() if _fits(value, wanted):
            return float(value) if wanted is float else value
    found.append(f"{path}: {_describe(value)} where {_name(allowed)} is wanted")
    return value


def record(
    value: Mapping[str, object], declared: Mapping[str, Field], path: str, found: list[str]
) -> dict[str, object]:
    """An object as Python says it, by the properties declared for it; see :func:`conform`."""
    result: dict[str, object] = {}
    for wire, one in value.items():
        known = declared.get(wire)
        here = f"{path}.{known.name if known else wire}" if path else (known.name if known else wire)
        if known is None:
            found.append(f"{here}: there is no such key{_hint(wire, [f.name for f in declared.values()])}")
            result[wire] = one
            continue
        if known.deprecated:
            found.append(f"{here}: {known.deprecated}")
        result[known.name] = conform(one, known.shape, here, found)
    for wire, known in declared.items():
        if known.required and value.get(wire) is None:
            found.append(f"{path}.{known.name}: is required" if path else f"{known.name}: is required")
    return result


def _fits(value: object, wanted: type) -> bool:
    if isinstance(value, bool) or wanted is bool:
        return isinstance(value, bool) and wanted is bool
    return isinstance(value, int | float) if wanted is float else isinstance(value, wanted)


def _hint(word: object, choices: Iterable[object]) -> str:
    like = nearest(str(word), map(str, choices))
    return f"; {like!r} is" if like else ""


def _describe(value: object) -> str:
    match value:
        case Mapping():
            return "an object"
        case list():
            return "a list"
        case ("resource", *_):
            return "a resource"
        case (kind, *_):
            return f"an {kind}"
    return f"{type(value).__name__} {value!r}"


def _name(allowed: object) -> str:
    match allowed:
        case Plain(type=wanted):
            return wanted.__name__
        case Choice(name=name):
            return f"one of {name}"
        case Block(cls=cls):
            return cls.__name__
        case Many():
            return "a list"
        case File(kind=kind):
            return f"an {kind}"
    return "an object"


def leaves(value: object, path: Steps = ()) -> Iterator[tuple[Steps, object]]:
    """Every plain value inside a value, with the path to it."""
    match value:
        case Mapping():
            for key, one in value.items():
                yield from leaves(one, (*path, key))
        case list():
            for index, one in enumerate(value):
                yield from leaves(one, (*path, index))
        case _:
            yield path, value


def snake_path(path: Steps, declared: Mapping[str, Field]) -> Steps:
    """A path in the engine's names as Python says it."""
    said: list[str | int] = []
    here: Mapping[str, Field] = declared
    shape: Shape = ()
    for step in path:
        known = here.get(str(step))
        said.append(known.name if known else step)
        shape = known.shape if known else next((one.item for one in shape if isinstance(one, Many | Table)), ())
        here = next((fields(one.cls) for one in shape if isinstance(one, Block)), {})
    return tuple(said)


def dotted(path: Steps) -> str:
    """A path for people: ``rules[0].status``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")
