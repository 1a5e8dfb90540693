"""Draws a pipeline: as text, as Mermaid, as SVG, and as a page of HTML that needs nothing else."""

from glacier.draw.chart import mermaid
from glacier.draw.lines import Role, lines, text
from glacier.draw.page import html
from glacier.draw.picture import svg

__all__ = ["Role", "html", "lines", "mermaid", "svg", "text"]
