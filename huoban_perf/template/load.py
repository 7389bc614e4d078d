"""Read a template: all its files, all mistakes at once.

``Draft`` is what could be read, with holes where a file is broken; ``AppTemplate`` is a whole template that passed the
linter. A further kind of file is a model, one line in ``read_template`` and a module in ``checks``. Where files come
from when an app includes shared parts is ``layers``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from huoban_perf.core.errors import FactValue, Problem
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.template.automation_model import AutomationsText, JobsText
from huoban_perf.template.faults import address_of, shape_problems
from huoban_perf.template.layers import Layers
from huoban_perf.template.locate import find_included, find_template
from huoban_perf.template.mending import mended
from huoban_perf.template.model import AppText, CriterionText, ParametersText, TableText
from huoban_perf.template.page_model import PageText
from huoban_perf.template.role_model import RolesText
from huoban_perf.template.scheme_model import SchemeText
from huoban_perf.template.text_model import Text
from huoban_perf.template.trace_model import TraceText
from huoban_perf.template.view_model import ViewsText
from huoban_perf.template.yaml_text import Mapped, line_of, read_yaml

_Model = TypeVar("_Model", bound=Text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Generic[_Model]):
    """A checked file with the text it came from, for line numbers.

    Attributes:
        shown: The file's name as people know it.
        model: What it says.
        text: Where it says so.
        whole: Whether the model is the whole file; False when broken parts were taken out for the linter.
    """

    shown: str
    model: _Model
    text: Mapped
    whole: bool = True

    def line(self, *path: str | int) -> int:
        """Return the line of a part of the file."""
        return line_of(self.text, path)

    def problem(self, code: str, *path: str | int, **facts: FactValue) -> Problem:
        """Return a problem at a part of the file.

        Args:
            code: Message id.
            *path: Keys and indexes from the root.
            **facts: Placeholders of the message.

        Returns:
            The problem with file, line and address.
        """
        address = address_of(self.text, path) or None
        return Problem(code=code, facts=facts, file=self.shown, line=self.line(*path), address=address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Whatever could be read of a template.

    Attributes:
        folder: Where it was read.
        app: ``app.yaml``, or None when unreadable.
        parameters: The parameter file, or None when unreadable.
        scheme: The scheme document, or None when unreadable.
        tables: Readable ``tables/*.yaml`` by table key, in file order.
        table_keys: Keys of all table files, broken ones included.
        views: Readable ``views/*.yaml``.
        roles: ``roles.yaml``, or None when there is none or it is unreadable.
        pages: Readable ``pages/*.yaml``.
        automations: Readable files of ``automations`` that the app names.
        jobs: ``automations/jobs.yaml``, or None.
        trace: ``trace.yaml`` of the app's own folder, or None.
        included: Names of files that come from a part or another template.
        own_tables: Keys of the table files that stand in the app's own folder.
        problems: Every mistake inside single files.
    """

    folder: Path
    app: Source[AppText] | None
    parameters: Source[ParametersText] | None
    scheme: Source[SchemeText] | None
    tables: Mapping[str, Source[TableText]]
    table_keys: frozenset[str]
    views: tuple[Source[ViewsText], ...] = ()
    roles: Source[RolesText] | None = None
    pages: tuple[Source[PageText], ...] = ()
    automations: tuple[Source[AutomationsText], ...] = ()
    jobs: Source[JobsText] | None = None
    trace: Source[TraceText] | None = None
    included: frozenset[str] = frozenset()
    own_tables: frozenset[str] = frozenset()
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppTemplate:
    """A template without mistakes.

    Attributes:
        folder: Where it was read.
        app: ``app.yaml``.
        parameters: The company's parameters.
        tables: ``tables/*.yaml`` by table key, in the app's order.
        scheme_source: The scheme document with line numbers.
        schema: What it asks for.
        trace: The process and what serves it, or None.
    """

    schema: DesiredSchema
    folder: Path
    app: Source[AppText]
    parameters: Source[ParametersText]
    tables: Mapping[str, Source[TableText]]
    scheme_source: Source[SchemeText]
    trace: Source[TraceText] | None = None

    @property
    def scheme(self) -> dict[str, object]:
        """The canonical scheme document a new workspace starts with; scalars are text, as the file states them."""
        return dict(self.scheme_source.text)

    def criteria(self, relation: str) -> tuple[CriterionText, ...]:
        """Return what a form asks.

        Args:
            relation: Key of a 评价关系.

        Returns:
            The criteria in form order; a criterion's key is its field's key in ``review_task``.
        """
        return tuple(one for one in self.parameters.model.criteria if relation in one.relations)

    def points(self, relation: str) -> dict[str, dict[str, Decimal | None]]:
        """Return the points of every answer of a form.

        Args:
            relation: Key of a 评价关系.

        Returns:
            Criterion key → option key → points; None for 「不了解, 无法评价」.
        """
        return {one.key: {option.key: option.points for option in one.options} for one in self.criteria(relation)}


def read_template(name: str | Path, *, parameters: Path | None, scheme: Path | None) -> Draft:
    """Read a template's files, whatever is wrong with some of them.

    Args:
        name: Key of a shipped template, or a folder.
        parameters: A company's parameter file, or None.
        scheme: A scheme document, or None.

    Returns:
        All that could be read, and every mistake inside single files.

    Raises:
        TemplateError: There is no such template.
    """
    folder = find_template(name)
    reader = _Reader(folder)
    app = reader.one(folder / "app.yaml", AppText)
    layers = Layers(folder, app.model if app is not None else None)
    if app is not None:
        for row in layers.missing:
            name = app.model.include[row]
            reader.problems.append(app.problem("template.no_such_include", "include", row, name=name))
    company_file = parameters or _parameters(folder, layers, app, reader)
    company = reader.one(company_file, ParametersText)
    if scheme is None and company is not None and company.model.scheme is not None:
        scheme = company_file.parent / company.model.scheme
    rules = reader.one(scheme or layers.one("scheme.yaml"), SchemeText)
    tables = reader.tables(layers.tables())
    roles_file, jobs_file = layers.one("roles.yaml"), layers.jobs()
    return Draft(
        folder=folder,
        app=app,
        parameters=company,
        scheme=rules,
        tables=tables,
        table_keys=frozenset(reader.keys),
        views=reader.several(layers.views(), ViewsText),
        roles=reader.one(roles_file, RolesText) if roles_file.is_file() else None,
        pages=reader.several(layers.pages(), PageText),
        automations=reader.several(layers.automations(), AutomationsText),
        jobs=reader.one(jobs_file, JobsText) if jobs_file is not None else None,
        trace=reader.one(folder / "trace.yaml", TraceText) if (folder / "trace.yaml").is_file() else None,
        included=frozenset(reader.shown(file) for file in layers.included),
        own_tables=frozenset(file.stem for file in (folder / "tables").glob("*.yaml")),
        problems=tuple(reader.problems),
    )


def _parameters(folder: Path, layers: Layers, app: Source[AppText] | None, reader: _Reader) -> Path:
    """Return the parameter file of an app: another template's when it shares that one."""
    name = app.model.parameters if app is not None else None
    if app is not None and name is not None:
        home = find_included(name, folder=folder)
        if home is not None:
            return home / "parameters.yaml"
        reader.problems.append(app.problem("template.no_such_include", "parameters", name=name))
    return layers.one("parameters.yaml")


class _Reader:
    """Reads files of one template and collects their mistakes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.problems: list[Problem] = []
        self.keys: set[str] = set()

    def one(self, file: Path, kind: type[_Model]) -> Source[_Model] | None:
        """Read one file, without its broken parts; None when nothing can be made of it."""
        shown, before = self.shown(file), len(self.problems)
        text = read_yaml(file, problems=self.problems, shown=shown)
        if kind is TableText:
            self.keys.add(str((text.get("key") if text else None) or file.stem))
        if text is None:
            return None
        model: _Model | None
        try:
            model = kind.model_validate(text)
        except ValidationError as error:
            self.problems += shape_problems(error, kind=kind, text=text, shown=shown)
            model = mended(error, kind=kind, text=text)
        whole = len(self.problems) == before
        return None if model is None else Source(shown=shown, model=model, text=text, whole=whole)

    def several(self, files: Iterable[Path], kind: type[_Model]) -> tuple[Source[_Model], ...]:
        """Read every one of some files; those of which nothing can be made are left out."""
        sources = (self.one(file, kind) for file in files)
        return tuple(source for source in sources if source is not None)

    def tables(self, files: Iterable[Path]) -> dict[str, Source[TableText]]:
        """Read table files by the key each states; a key stated twice is a mistake."""
        found: dict[str, Source[TableText]] = {}
        for source in self.several(files, TableText):
            key = source.model.key
            if key in found:
                facts: dict[str, FactValue] = {"key": key, "other": found[key].shown}
                self.problems.append(source.problem("template.repeated_file", "key", **facts))
            else:
                found[key] = source
        return found

    def shown(self, file: Path) -> str:
        """Return a file's name as people know it: from the folder of the templates, or of the automations, on."""
        for home in (self._folder.parent, self._folder.parent.parent):
            if file.is_relative_to(home):
                return file.relative_to(home).as_posix()
        return file.as_posix()
