"""The app file against the other files: order, file names, moved keys, files nobody reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.errors import Problem
from huoban_perf.template.compiling.fields import expand_fields
from huoban_perf.template.findings import Finding, error, warning
from huoban_perf.template.load import Draft, Source
from huoban_perf.template.model import AppText

_READ = (
    "app.yaml", "parameters*.yaml", "scheme*.yaml", "extract.yaml", "roles.yaml",
    "trace.yaml", "growth.yaml",
    "tables/*.yaml", "views/*.yaml", "pages/*.yaml", "automations/*.yaml",
)  # fmt: skip
"""Files of a template that some room reads."""


def check_app(draft: Draft) -> Iterator[Finding]:
    """Check ``app.yaml`` and the set of files.

    Args:
        draft: The template.

    Yields:
        Findings.
    """
    yield from _file_names(draft)
    yield from _unread(draft)
    if draft.app is not None:
        yield from _order(draft, draft.app)
        yield from _moved(draft, draft.app)
        yield from _lifecycle(draft.app)


def _file_names(draft: Draft) -> Iterator[Finding]:
    for key, source in draft.tables.items():
        stem = PurePosixPath(source.shown).stem
        if stem != key:
            yield error(source.problem("template.file_name", "key", table=key, file=stem))


def _unread(draft: Draft) -> Iterator[Finding]:
    files = sorted(file for suffix in ("yaml", "yml") for file in draft.folder.rglob(f"*.{suffix}"))
    for file in files:
        part = file.relative_to(draft.folder)
        if not any(part.match(pattern) and len(part.parts) == len(Path(pattern).parts) for pattern in _READ):
            shown = (Path(draft.folder.name) / part).as_posix()
            yield warning(_no_place(shown))


def _no_place(shown: str) -> Problem:
    return Problem(code="template.unread_file", facts={"file": shown, "read": _READ}, file=shown)


def _order(draft: Draft, app: Source[AppText]) -> Iterator[Finding]:
    order = app.model.order
    for index, key in enumerate(order):
        if key not in draft.table_keys:
            yield error(app.problem("template.table_missing", "order", index, table=key))
        if key in order[:index]:
            yield error(app.problem("template.repeated_table", "order", index, table=key))
    for index, key in enumerate(app.model.replaces):
        if key not in draft.own_tables:
            yield error(app.problem("template.replaces_nothing", "replaces", index, table=key))
    for key in sorted(draft.table_keys - set(order)):
        yield error(app.problem("template.table_not_in_order", "order", table=key))
    for language in ("zh", "en"):
        names = Counter(getattr(source.model.labels, language) for source in draft.tables.values())
        for source in draft.tables.values():
            label = getattr(source.model.labels, language)
            if names[label] > 1:
                yield error(source.problem("template.repeated_label", "labels", label=label))


def _moved(draft: Draft, app: Source[AppText]) -> Iterator[Finding]:
    known = _addresses(draft)
    for index, move in enumerate(app.model.moved):
        old, new = _parsed(move.from_), _parsed(move.to)
        for end, text, address in (("from", move.from_, old), ("to", move.to, new)):
            if address is None:
                yield error(app.problem("template.not_an_address", "moved", index, end, address=text))
        if old is None or new is None:
            continue
        if old.kind is not new.kind:
            yield error(app.problem("template.moved_kind", "moved", index, old=str(old), new=str(new)))
        elif known is not None and str(new) not in known:
            yield error(app.problem("template.moved_to_nothing", "moved", index, "to", new=str(new)))
        elif known is not None and str(old) in known:
            yield error(app.problem("template.moved_still_there", "moved", index, "from", old=str(old)))


def _lifecycle(app: Source[AppText]) -> Iterator[Finding]:
    for index, text in enumerate(app.model.lifecycle.allow_delete):
        if _parsed(text) is None:
            yield error(app.problem("template.not_an_address", "lifecycle", "allow_delete", index, address=text))


def _parsed(text: str) -> Address | None:
    try:
        return Address.parse(text)
    except ValueError:
        return None


def _addresses(draft: Draft) -> set[str] | None:
    """Every address of the template, or None while a file is broken and nothing can be said."""
    sources = (draft.parameters, *draft.tables.values())
    if len(draft.tables) < len(draft.table_keys) or not all(source is not None and source.whole for source in sources):
        return None
    features = frozenset(draft.app.model.features) if draft.app is not None else None
    found = {f"{ObjectKind.PAGE}:{page.model.key}" for page in draft.pages}
    for views in draft.views:
        found |= {f"{ObjectKind.VIEW}:{views.model.table}.{view.key}" for view in views.model.views}
        found |= {f"{ObjectKind.FORM}:{views.model.table}.{form.key}" for form in views.model.forms}
    for file in draft.automations:
        found |= {f"{ObjectKind.AUTOMATION}:{file.model.table}.{one.key}" for one in file.model.automations}
    for key, source in draft.tables.items():
        found.add(f"{ObjectKind.TABLE}:{key}")
        for field in expand_fields(source.model, draft.parameters.model if draft.parameters else None, features):
            found.add(f"{ObjectKind.FIELD}:{key}.{field.key}")
            found |= {f"{ObjectKind.OPTION}:{key}.{field.key}.{option.key}" for option in field.options}
    return found
