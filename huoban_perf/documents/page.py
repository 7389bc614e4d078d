"""The guide as one HTML page that needs no network: style and script inside, allowed by their digests alone.

Everything that comes from a template passes jinja2's autoescape; nothing from it is ever put into the script or the
style, so a name is text wherever it stands.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from huoban_perf.documents import wording
from huoban_perf.documents.guide import Guide


def guide_page(guide: Guide) -> str:
    """Return a guide as an HTML document.

    Args:
        guide: The guide.

    Returns:
        The document, complete in itself.
    """
    style, script = asset("guide.css"), asset("guide.js")
    return (
        environment()
        .get_template("guide.html")
        .render(
            guide=guide,
            words=wording,
            style=Markup(style),  # noqa: S704 - a file of this package
            script=Markup(script),  # noqa: S704 - a file of this package
            policy=f"default-src 'none'; img-src data:; style-src {source(style)}; script-src {source(script)}; "
            "base-uri 'none'; form-action 'none'",
        )
    )


def static_page(name: str, **values: object) -> str:
    """Return a page that runs nothing: ``NAME.html`` of ``pages`` with the style ``NAME.css`` inside.

    Args:
        name: Name of the template and of its style.
        values: What the template names.

    Returns:
        The document, complete in itself; the same values give the same text.
    """
    style = asset(f"{name}.css")
    policy = f"default-src 'none'; img-src data:; style-src {source(style)}; base-uri 'none'; form-action 'none'"
    return (
        environment()
        .get_template(f"{name}.html")
        .render(
            style=Markup(style),  # noqa: S704 - a file of this package
            policy=policy,
            **values,
        )
    )


def environment() -> Environment:
    """Return how pages of this package are rendered: every name escaped, every missing one an error."""
    return Environment(
        loader=PackageLoader("huoban_perf.documents", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def asset(name: str) -> str:
    """Return a file of ``pages`` as text."""
    return (files("huoban_perf.documents") / "pages" / name).read_text(encoding="utf-8")


def source(text: str) -> str:
    """Return how a content security policy names an inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
