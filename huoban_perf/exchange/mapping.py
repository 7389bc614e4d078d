"""Mapping files: where the figures of indicators come from, and which column is what.

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

Secrets are named by their environment variable, never written down.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from huoban_perf.core.errors import Problem, SourceError
from huoban_perf.exchange.sources import HttpSource, Source, SqlSource

Secret = Callable[[str], str]
"""Name of an environment variable → its value; raises when it is empty."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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


class SourceText(_Model):
    """One source of figures."""

    name: str
    file: Path | None = None
    sql: SqlText | None = None
    http: HttpText | None = None
    table: str = ""
    where: dict[str, str] = Field(default_factory=dict)
    sum_by: Literal["", "month", "quarter", "cycle"] = ""
    metric: str = ""
    columns: ColumnsText
    kind: Literal["system", "api", "import"] = "import"

    def source(self, *, folder: Path, secret: Secret) -> Source:
        """Return what is to be read.

        Args:
            folder: Where relative files lie: beside the mapping.
            secret: Resolves names of secrets.

        Returns:
            The source.
        """
        if self.sql is not None:
            return SqlSource(name=self.name, url=secret(self.sql.url.env), query=self.sql.query)
        if self.http is not None:
            return HttpSource(
                name=self.name,
                url=secret(self.http.url.env),
                records=self.http.records,
                next_page=self.http.next_page,
                token=secret(self.http.token.env) if self.http.token else "",
            )
        return folder / (self.file or Path())


class MappingText(_Model):
    """A mapping file."""

    sources: tuple[SourceText, ...] = Field(min_length=1)


def read_mapping(file: Path) -> MappingText:
    """Read a mapping file.

    Args:
        file: YAML.

    Returns:
        The mapping; every source says where it is and which indicator it feeds.

    Raises:
        SourceError: The file is missing, no YAML, or has mistakes; all are listed.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        found = MappingText.model_validate(content)
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
    problems = [problem for source in found.sources for problem in _contradictions(source, file.name)]
    if problems:
        raise SourceError("exchange.source_faulty", facts={"source": file.name}, problems=problems)
    return found


def _contradictions(source: SourceText, place: str) -> list[Problem]:
    ways = [way for way in (source.file, source.sql, source.http, source.table or None) if way is not None]
    problems = []
    if len(ways) != 1:
        problems.append(Problem(code="exchange.mapping_one_way", file=place, address=source.name))
    if bool(source.metric) == bool(source.columns.metric):
        problems.append(Problem(code="exchange.mapping_metric", file=place, address=source.name))
    return problems
