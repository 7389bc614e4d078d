"""A terminal page as an SVG picture that looks the same everywhere: no font is fetched, Chinese keeps its two cells."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from huoban_perf.cli.render import WIDTH

if TYPE_CHECKING:
    from rich.console import RenderableType

_PAGE = """<svg class="huoban-perf" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: "Noto Sans Mono CJK SC", "Sarasa Mono SC", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
_LENGTH = re.compile(r'textLength="([\d.]+)"([^>]*)>([^<]*)</text>')


def svg_of(shown: RenderableType, *, title: str) -> str:
    """Return what a terminal would show as an SVG document, 80 columns wide.

    Args:
        shown: Anything that a console prints.
        title: Line above it.

    Returns:
        The document; it refers to nothing outside itself.
    """
    from io import StringIO

    from rich.console import Console
    from rich.terminal_theme import DEFAULT_TERMINAL_THEME

    console = Console(width=WIDTH, record=True, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(shown)
    page = console.export_svg(title=title, theme=DEFAULT_TERMINAL_THEME, code_format=_PAGE, font_aspect_ratio=0.5)
    return _LENGTH.sub(_widened, page)


def _widened(found: re.Match[str]) -> str:
    """Give a run of text the length of its cells; rich counts characters, of which a Chinese one takes two cells."""
    from rich.cells import cell_len

    shown = html.unescape(found[3])
    length = float(found[1]) / max(len(shown), 1) * cell_len(shown)
    return f'textLength="{length:g}"{found[2]}>{found[3]}</text>'
