"""Where templates are: the checkout first, else the copy inside the installed package."""

from __future__ import annotations

from pathlib import Path

from huoban_perf.core.errors import TemplateError

_PACKAGE = Path(__file__).resolve().parent.parent


def roots() -> tuple[Path, ...]:
    """Return the folders that may hold templates, the checkout's before the package's.

    A wheel carries the templates in ``_app``; an editable install leaves a stale copy there, so the checkout wins.
    """
    candidates = (_PACKAGE.parent / "app_templates", _PACKAGE / "_app" / "app_templates")
    return tuple(folder for folder in candidates if folder.is_dir())


def template_names() -> tuple[str, ...]:
    """Return the keys of all shipped templates, sorted."""
    return tuple(sorted({file.parent.name for root in roots() for file in root.glob("*/app.yaml")}))


def find_template(name: str) -> Path:
    """Return a template's folder.

    Args:
        name: Key of a shipped template, or a path to a folder with an ``app.yaml``.

    Returns:
        The folder.

    Raises:
        TemplateError: There is no such template.
    """
    for folder in (Path(name), *(root / name for root in roots())):
        if (folder / "app.yaml").is_file():
            return folder
    raise TemplateError("template.not_found", facts={"template": name, "known": template_names()})
