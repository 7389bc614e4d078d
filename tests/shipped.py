"""Shipped templates are read once a process: they are frozen, and stay as they are while tests run.

Imported before any module takes the name ``load_template``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import huoban_perf.template as templates

_LOAD = templates.load_template


@cache
def _shipped(name: str) -> templates.AppTemplate:
    return _LOAD(name)


def _load(name: str | Path, **files: Path | None) -> templates.AppTemplate:
    is_shipped = isinstance(name, str) and name in templates.template_names()
    return _shipped(name) if is_shipped and not any(files.values()) else _LOAD(name, **files)


templates.load_template = _load
