"""Says an infrastructure program as Python text: ``pulumi`` chooses the words, ``python`` lays them out."""

from glacier.render.pulumi import packages_of, render

__all__ = ["packages_of", "render"]
