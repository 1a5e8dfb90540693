"""A plug-in for mypy, by which the bare form checks: ``def tidy(rows: orders) -> clean``.

    [tool.mypy]
    plugins = ["glacier.mypy"]

A variable that holds a dataset is a value, which no type checker takes for a type. With the plug-in it is one, of which
nothing is known (``Any``): what the data is, ``Annotated[type, dataset]`` says.

mypy.readthedocs.io/en/stable/extending_mypy.html (get_dynamic_class_hook)
"""

from __future__ import annotations

from collections.abc import Callable

from mypy.nodes import GDEF, SymbolTableNode, TypeAlias
from mypy.plugin import DynamicClassDefContext, Plugin
from mypy.types import AnyType, TypeOfAny

_DATASET = "glacier.dataset.Dataset"


class Datasets(Plugin):
    """Takes the variables that datasets are assigned to for types."""

    def get_dynamic_class_hook(self, fullname: str) -> Callable[[DynamicClassDefContext], None] | None:
        """What is done with ``name = Dataset(…)``."""
        return _as_type if fullname == _DATASET else None


def _as_type(context: DynamicClassDefContext) -> None:
    fullname, line = context.api.qualified_name(context.name), context.call.line
    alias = TypeAlias(AnyType(TypeOfAny.explicit), fullname, context.api.cur_mod_id, line, context.call.column)
    context.api.add_symbol_table_node(context.name, SymbolTableNode(GDEF, alias))


def plugin(version: str) -> type[Plugin]:
    """What mypy asks a plug-in's module for."""
    return Datasets
