"""Mapping files: where the figures of indicators come from, and which column is what; where people come from.

```yaml
sources:
  - name: CRM                       # shown in 来源系统
    file: sales.csv                 # or sql: {url: {env: CRM_URL}, query: SELECT …}
    metric: M01                     # one indicator for the whole source, or a column below
    columns: {subject: 工号, from: 开始, to: 结束, value: 金额}
    kind: system                    # system or api figures count as verified; import ones wait for a look
  - name: 合同
    table: 合同台账                 # another table of the workspace, by its name
    where: {状态: 已签}             # only rows that show this
    sum_by: month                   # add the rows of a month up: month, quarter or cycle
    metric: M01
    columns: {subject: 签约人, from: 签约日期, value: 金额}
```

People and departments need no columns: a query names them (``SELECT no AS 工号, …``), a file has them as its header.

```yaml
people: {sql: {url: {env: HR_URL}, query: SELECT …}}     # or file: people.xlsx, or http: {url: {env: HR_API}}
departments: {file: departments.csv}                     # may be left out
```

Secrets are named by their environment variable, never written down.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from huoban_perf.core.errors import Problem, SourceError
from huoban_perf.exchange.sources import HttpSource, Source, SqlSource

Secret = Callable[[str], str]
"""Name of an environment variable → its value; raises when it is empty."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Shape = TypeVar("Shape", bound=_Model)


class SecretRef(_Model):
    """Where a secret is to be found."""

    env: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")


class SqlText(_Model):
    """A query."""

    url: SecretRef
    query: str


class HttpText(_Model):
    """A JSON service."""

    url: SecretRef
    records: str = ""
    next_page: str = ""
    token: SecretRef | None = None


class ColumnsText(_Model):
    """Column names of the source."""

    subject: str
    value: str
    start: str = Field(alias="from")
    end: str = Field(default="", alias="to")
    metric: str = ""


class WayText(_Model):
    """Where rows are read: exactly one of a file, a query and a service."""

    file: Path | None = None
    sql: SqlText | None = None
    http: HttpText | None = None

    @property
    def ways(self) -> int:
        """How many are named."""
        return sum(way is not None for way in (self.file, self.sql, self.http))

    def source(self, *, name: str, folder: Path, secret: Secret) -> Source:
        """Return what is to be read.

        Args:
            name: What the source is called in messages.
            folder: Where relative files lie: beside the mapping.
            secret: Resolves names of secrets.

        Returns:
            The source.
        """
        if self.sql is not None:
            return SqlSource(name=name, url=secret(self.sql.url.env), query=self.sql.query)
        if self.http is not None:
            return HttpSource(
                name=name,
                url=secret(self.http.url.env),
                records=self.http.records,
                next_page=self.http.next_page,
                token=secret(self.http.token.env) if self.http.token else "",
            )
        return folder / (self.file or Path())


class SourceText(WayText):
    """One source of figures."""

    name: str
    table: str = ""
    where: dict[str, str] = Field(default_factory=dict)
    sum_by: Literal["", "month", "quarter", "cycle"] = ""
    metric: str = ""
    columns: ColumnsText
    kind: Literal["system", "api", "import"] = "import"


class MappingText(_Model):
    """A mapping file."""

    sources: tuple[SourceText, ...] = Field(min_length=1)


class OrgText(_Model):
    """Where people and departments come from."""

    people: WayText
    departments: WayText | None = None


def read_org_mapping(file: Path) -> OrgText:
    """Read a mapping file of people and departments.

    Args:
        file: YAML.

    Returns:
        The mapping; each part names one way.

    Raises:
        SourceError: The file is missing, no YAML, or has mistakes; all are listed.
    """
    found = _read(file, OrgText)
    parts = {"people": found.people, **({"departments": found.departments} if found.departments else {})}
    problems = [
        Problem(code="exchange.mapping_org_way", file=file.name, address=name)
        for name, part in parts.items()
        if part.ways != 1
    ]
    if problems:
        raise SourceError("exchange.source_faulty", facts={"source": file.name}, problems=problems)
    return found


def read_mapping(file: Path) -> MappingText:
    """Read a mapping file.

    Args:
        file: YAML.

    Returns:
        The mapping; every source says where it is and which indicator it feeds.

    Raises:
        SourceError: The file is missing, no YAML, or has mistakes; all are listed.
    """
    found = _read(file, MappingText)
    problems = [problem for source in found.sources for problem in _contradictions(source, file.name)]
    if problems:
        raise SourceError("exchange.source_faulty", facts={"source": file.name}, problems=problems)
    return found


def _read(file: Path, model: type[Shape]) -> Shape:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        return model.model_validate(content)
    except OSError:
        raise SourceError("exchange.source_missing", facts={"source": file.name}) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = Problem(
            code="exchange.mapping_yaml", file=file.name, line=mark.line + 1 if mark is not None else None
        )
        raise SourceError("exchange.source_faulty", facts={"source": file.name}, problems=[problem]) from None
    except ValidationError as error:
        problems = [
            Problem(
                code="exchange.mapping_key",
                facts={"key": ".".join(str(part) for part in fault["loc"]), "reason": fault["msg"]},
                file=file.name,
            )
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise SourceError("exchange.source_faulty", facts={"source": file.name}, problems=problems) from None


def _contradictions(source: SourceText, place: str) -> list[Problem]:
    problems = []
    if source.ways + bool(source.table) != 1:
        problems.append(Problem(code="exchange.mapping_one_way", file=place, address=source.name))
    if bool(source.metric) == bool(source.columns.metric):
        problems.append(Problem(code="exchange.mapping_metric", file=place, address=source.name))
    return problems
