"""Clouds of toys that have prices for what is sent, and countries their regions lie in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import toycloud
from glacier.tables import Tables
from glacier.target import Site, StorageKind
from glacier.terms import Address, Unsupported
from toycloud import Shelf, Shelves, TinCompiler, ToyCompiler

AS_OF = {"as_of": "2026-03-03", "source": "list"}
SENT: list[dict[str, Any]] = [
    {"item": "network.egress.internet", "region": "attic", "unit": "GB", "usd": 0.09, **AS_OF},
    {"item": "network.egress.calls", "region": "*", "unit": "GiB", "usd": 0.5, **AS_OF},
    {"item": "network.egress.inter_region.to.cellar", "region": "attic", "unit": "GB", "usd": 0.02, **AS_OF},
    {"item": "network.egress.inter_region.to.garden", "region": "attic", "unit": "GB", "usd": 0.01, **AS_OF},
]
TABLES = {
    **toycloud.TABLES,
    "regions": {
        "region": {"attic": "The attic", "cellar": "The cellar", "garden": "The garden"},
        "country": {"attic": "DE", "cellar": "US", "garden": "FR"},
    },
    "prices": {"price": [*toycloud.PRICES, *SENT]},
}


class Inside(Shelves):
    """Storage that, in the garden, only the inside of a network reaches."""

    def address(self, spec: Shelf, site: Site) -> Address:
        return Address(url="toy://inside", network=spec.region == "garden")


TRUSTING: Any = object()  # these clouds are planned for and never lowered to, so that nobody asks how


class Priced(ToyCompiler):
    """Toys whose sending has a price."""

    tables: ClassVar[Tables] = Tables("priced", TABLES)
    trust: ClassVar[Any] = TRUSTING
    egress: ClassVar[Mapping[str, str]] = {"compute": "network.egress.calls"}
    storage_kinds: ClassVar[Mapping[str, StorageKind | Unsupported]] = {"object_storage": Inside()}


class Abroad(TinCompiler):
    """Another cloud, in another country, of which no price is known."""

    tables: ClassVar[Tables] = Tables("abroad", {**TABLES, "prices": {"price": []}})
    trust: ClassVar[Any] = TRUSTING
