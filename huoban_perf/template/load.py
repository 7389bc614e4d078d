"""Read a template: all its files, all mistakes at once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from huoban_perf.core.errors import FactValue, Problem, TemplateError
from huoban_perf.template.locate import find_template
from huoban_perf.template.model import AppText, ParametersText, TableText, Text
from huoban_perf.template.yaml_text import Mapped, line_of, read_yaml

_Model = TypeVar("_Model", bound=Text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Generic[_Model]):
    """A checked file with the text it came from, for line numbers."""

    shown: str
    model: _Model
    text: Mapped

    def line(self, *path: str | int) -> int:
        """Return the line of a part of the file."""
        return line_of(self.text, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppTemplate:
    """A template whose files each hold what they may; rules across files are ``lint``'s.

    Attributes:
        folder: Where it was read.
        app: ``app.yaml``.
        parameters: The company's parameters.
        tables: ``tables/*.yaml`` by table key, in the app's order.
        scheme: The canonical scheme document a new workspace starts with (text values).
        scheme_text: The same with line numbers.
        scheme_shown: Its file name.
    """

    folder: Path
    app: Source[AppText]
    parameters: Source[ParametersText]
    tables: Mapping[str, Source[TableText]]
    scheme: Mapping[str, object]
    scheme_text: Mapped
    scheme_shown: str


def load_template(name: str, *, parameters: Path | None = None, scheme: Path | None = None) -> AppTemplate:
    """Read a template, refuse it with every mistake, or return it.

    Args:
        name: Key of a shipped template, or a folder.
        parameters: A company's parameter file; None takes the template's own.
        scheme: A scheme document; None takes the template's own.

    Returns:
        The template; it passed ``lint`` without errors.

    Raises:
        TemplateError: ``problems`` has every mistake of every file, with file, line and address.
    """
    from huoban_perf.template.lint import lint_loaded

    problems: list[Problem] = []
    template = read_template(name, parameters=parameters, scheme=scheme, problems=problems)
    if template is not None:
        problems += [finding.problem for finding in lint_loaded(template) if finding.severity == "error"]
    if problems or template is None:
        facts: dict[str, FactValue] = {"template": name, "count": len(problems)}
        raise TemplateError("template.invalid", facts=facts, problems=problems)
    return template


def read_template(
    name: str, *, parameters: Path | None, scheme: Path | None, problems: list[Problem]
) -> AppTemplate | None:
    """Read a template's files.

    Args:
        name: Key of a shipped template, or a folder.
        parameters: A company's parameter file, or None.
        scheme: A scheme document, or None.
        problems: Gets every mistake.

    Returns:
        The template, or None when a file could not be read.

    Raises:
        TemplateError: There is no such template.
    """
    folder = find_template(name)
    app = _source(folder / "app.yaml", AppText, problems, folder)
    company = _source(parameters or folder / "parameters.yaml", ParametersText, problems, folder)
    found = {
        source.model.key: source
        for file in sorted((folder / "tables").glob("*.yaml"))
        if (source := _source(file, TableText, problems, folder)) is not None
    }
    scheme_file = scheme or folder / "scheme.yaml"
    shown = _shown(scheme_file, folder)
    scheme_text = read_yaml(scheme_file, problems=problems, shown=shown)
    if app is None or company is None or problems:
        return None
    return AppTemplate(
        folder=folder,
        app=app,
        parameters=company,
        tables={
            key: found[key] for key in (*app.model.order, *sorted(set(found) - set(app.model.order))) if key in found
        },
        scheme=scheme_text,
        scheme_text=scheme_text,
        scheme_shown=shown,
    )


def _source(file: Path, kind: type[_Model], problems: list[Problem], folder: Path) -> Source[_Model] | None:
    shown = _shown(file, folder)
    before = len(problems)
    text = read_yaml(file, problems=problems, shown=shown)
    if len(problems) > before:
        return None
    try:
        return Source(shown=shown, model=kind.model_validate(text), text=text)
    except ValidationError as error:
        problems += [_problem(fault, kind, text, shown) for fault in error.errors(include_url=False)]
        return None


def _problem(fault: Mapping[str, object], kind: type[BaseModel], text: Mapped, shown: str) -> Problem:
    path = [step for step in _path(fault) if isinstance(step, str | int)]
    line, where = line_of(text, path), ".".join(str(step) for step in path)
    if fault["type"] == "extra_forbidden":
        key = str(path[-1])
        allowed = _allowed(kind, path[:-1])
        near = difflib.get_close_matches(key, allowed, n=1)
        facts: dict[str, FactValue] = {"key": key, "near": near[0] if near else "-", "allowed": tuple(allowed)}
        return Problem(code="template.unknown_key", facts=facts, file=shown, line=line, address=where)
    if fault["type"] == "missing":
        missing: dict[str, FactValue] = {"key": str(path[-1])}
        return Problem(code="template.missing_key", facts=missing, file=shown, line=line, address=where)
    value: dict[str, FactValue] = {"value": str(fault.get("input")), "reason": str(fault["msg"])}
    return Problem(code="template.bad_value", facts=value, file=shown, line=line, address=where)


def _path(fault: Mapping[str, object]) -> tuple[object, ...]:
    place = fault["loc"]
    return place if isinstance(place, tuple) else ()


def _allowed(kind: type[BaseModel], path: list[str | int]) -> list[str]:
    """Return the keys a model knows at a path, for the nearest-key advice."""
    here: type[BaseModel] = kind
    for step in path:
        if isinstance(step, int):
            continue
        field = here.model_fields.get(step)
        inner = _inner_model(field.annotation) if field is not None else None
        if inner is None:
            return []
        here = inner
    return sorted(field.alias or name for name, field in here.model_fields.items())


def _inner_model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        inner = _inner_model(part)
        if inner is not None:
            return inner
    return None


def _shown(file: Path, folder: Path) -> str:
    return file.relative_to(folder.parent).as_posix() if file.is_relative_to(folder.parent) else file.as_posix()
