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
    """Return the keys of all shipped templates, sorted; shared parts (``_parts``) are none."""
    files = [file for root in roots() for file in root.glob("*/app.yaml")]
    return tuple(sorted({file.parent.name for file in files if not file.parent.name.startswith("_")}))


def find_template(name: str | Path) -> Path:
    """Return a template's folder.

    Args:
        name: Key of a shipped template, or a path to a folder with an ``app.yaml``. A shipped key wins over a folder of
            the same name in the current directory; write ``./name`` for that one.

    Returns:
        The folder.

    Raises:
        TemplateError: There is no such template.
    """
    shipped = [root / name for root in roots()] if str(name) in template_names() else []
    for folder in (*shipped, Path(name)):
        if (folder / "app.yaml").is_file():
            return folder
    raise TemplateError("template.not_found", facts={"template": str(name), "known": template_names()})


def find_included(name: str, *, folder: Path) -> Path | None:
    """Return the folder of an included part or template.

    Args:
        name: As ``include`` states it.
        folder: The including app's folder.

    Returns:
        ``_parts/<name>`` beside the app or among the shipped templates, else the template of that name; None when there
        is neither.
    """
    homes = (folder.parent, *roots())
    candidates = [home / inner / name for inner in ("_parts", ".") for home in homes]
    return next((one for one in candidates if one.is_dir() and one.resolve() != folder.resolve()), None)


def find_automation(name: str, *, folder: Path) -> Path:
    """Return a file of automations.

    Args:
        name: Its name without suffix.
        folder: The app's folder.

    Returns:
        ``automations/<name>.yaml`` inside the app's folder, beside the folder of templates it stands in, or beside the
        shipped templates; the first that exists, else where it belongs.
    """
    homes = (folder, folder.parent.parent, *(root.parent for root in roots()))
    candidates = [home / "automations" / f"{name}.yaml" for home in homes]
    return next((one for one in candidates if one.is_file()), candidates[1])
