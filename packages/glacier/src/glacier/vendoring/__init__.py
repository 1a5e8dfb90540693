"""Puts the packages that tasks import into exported folders of code, for the machines that will run them.

requirements ─lock─▶ one lock for all clouds ─select─▶ wheels of one platform ─install─▶ tree ─place─▶ folder of code

The lock and the choice are uv's; a tree is pruned, compiled and kept by its content; only placing touches the export.
"""

from glacier.vendoring.building import Built, build
from glacier.vendoring.sizes import Size

__all__ = ["Built", "Size", "build"]
