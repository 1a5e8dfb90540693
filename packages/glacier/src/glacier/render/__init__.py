"""Says an infrastructure program as Python text: ``pulumi`` chooses the words, ``python`` lays them out."""

from glacier.render.pulumi import render

__all__ = ["render"]
