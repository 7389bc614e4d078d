"""Sources: rows of people or figures from CSV, Excel, an SQL database or a JSON service, as text with their place.

A source is read whole before anything is done with it: one that breaks off in the middle gives no row at all. What a
row means is the business of the job that asked.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import requests
import simplejson

from huoban_perf.core.errors import Problem, SourceError
from huoban_perf.exchange.csv_files import is_note, read_csv
from huoban_perf.exchange.records import Sheet
from huoban_perf.exchange.workbooks import read_sheet, sheet_names

_TIMEOUT_S = 30.0
_PAGES = 1_000
_BODY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One row.

    Attributes:
        place: File, sheet or name of the source, as people know it.
        line: Row number, the header being row 1; rows of a database and a service are counted from 2 likewise.
        cells: Column name → text without surrounding blanks; empty when empty.
    """

    place: str
    line: int
    cells: Mapping[str, str]

    def problem(self, code: str, *, column: str = "", **facts: str | int) -> Problem:
        """Return a fault of this row."""
        return Problem(code=code, facts=facts, file=self.place, line=self.line, address=column or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSource:
    """A query against a database reached by an SQLAlchemy URL; the URL holds a password and is never shown."""

    name: str
    url: str = field(repr=False)
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSource:
    """A JSON service.

    Attributes:
        name: Its name here.
        url: First page.
        records: Dotted path to the list of records, empty for the answer itself.
        next_page: Dotted path to the address of the next page, or empty for one page.
        token: Sent as a bearer token, or empty.
    """

    name: str
    url: str = field(repr=False)
    records: str = ""
    next_page: str = ""
    token: str = field(default="", repr=False)


Source = Path | SqlSource | HttpSource


def read_source(source: Source, *, session: requests.Session | None = None) -> tuple[SourceRow, ...]:
    """Read a source whole.

    Args:
        source: A file (.csv, .xlsx: its first sheet), a query, or a service.
        session: Sends requests of an HTTP source.

    Returns:
        Its rows in order.

    Raises:
        SourceError: It cannot be read, or broke off in the middle; no row was handed out.
    """
    match source:
        case SqlSource():
            return tuple(_numbered(source.name, _sql_rows(source)))
        case HttpSource():
            return tuple(_numbered(source.name, _http_rows(source, session or requests.Session())))
        case _:
            return _file_rows(source)


def _numbered(place: str, rows: Iterator[Mapping[str, object]]) -> Iterator[SourceRow]:
    for number, row in enumerate(list(rows), start=2):
        yield SourceRow(place=place, line=number, cells={str(name): _text(value) for name, value in row.items()})


def _file_rows(file: Path) -> tuple[SourceRow, ...]:
    if not file.is_file():
        raise SourceError("exchange.source_missing", facts={"source": file.name})
    problems: list[Problem] = []
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        sheet, place = _sheet(connection, file, Path(folder), problems)
        faults = [problem for problem in problems if not is_note(problem)]
        if faults or sheet is None:
            raise SourceError("exchange.source_faulty", facts={"source": file.name}, problems=faults)
        found = connection.execute(sheet.query)
        names = [column[0] for column in found.description or ()]
        header = [cell.strip().removeprefix("\ufeff") for cell in sheet.header]
        _refuse_doubles(header, place)
        return tuple(_row(place, dict(zip(names, cells, strict=True)), header) for cells in found.fetchall())


def _sheet(
    connection: duckdb.DuckDBPyConnection, file: Path, folder: Path, problems: list[Problem]
) -> tuple[Sheet | None, str]:
    spare = folder / "rows.csv"
    if file.suffix.lower() != ".xlsx":
        return read_csv(connection, file, spare=spare, problems=problems), file.name
    titles = sheet_names(file, problems)
    if not titles:
        return None, file.name
    place = f"{file.name}/{titles[0]}"
    return read_sheet(file, titles[0], spare=spare, place=place, problems=problems), place


def _refuse_doubles(header: Sequence[str], place: str) -> None:
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    if doubled:
        problems = [
            Problem(code="exchange.column_twice", facts={"column": name, "name": name}, file=place, line=1)
            for name in doubled
        ]
        raise SourceError("exchange.source_faulty", facts={"source": place}, problems=problems)


def _row(place: str, cells: Mapping[str, Any], header: Sequence[str]) -> SourceRow:
    texts = {name: _text(cells[str(position)]) for position, name in enumerate(header) if name}
    return SourceRow(place=place, line=int(cells["line_no"]), cells=texts)


def _sql_rows(source: SqlSource) -> Iterator[Mapping[str, object]]:
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    try:
        engine = create_engine(source.url)
    except (ArgumentError, SQLAlchemyError, ImportError):
        raise SourceError("exchange.source_url", facts={"source": source.name}) from None
    try:
        with engine.connect() as connection, connection.begin() as transaction:
            found = connection.execute(text(source.query)).mappings()
            rows = [dict(row) for row in found]
            transaction.rollback()
    except (SQLAlchemyError, OSError) as error:
        # The driver's text may hold the address and the account.
        kind = type(getattr(error, "orig", None) or error).__name__
        raise SourceError("exchange.source_down", facts={"source": source.name, "reason": kind}) from None
    finally:
        engine.dispose()
    yield from rows


def _http_rows(source: HttpSource, session: requests.Session) -> Iterator[Mapping[str, object]]:
    url, home = source.url, urlsplit(source.url).netloc
    for _ in range(_PAGES):
        content = _fetch(source, url, session)
        records = _at(content, source.records)
        if not isinstance(records, list) or not all(isinstance(row, dict) for row in records):
            raise SourceError("exchange.source_shape", facts={"source": source.name, "path": source.records or "-"})
        yield from records
        following = _at(content, source.next_page) if source.next_page else None
        if not following:
            return
        if not isinstance(following, str) or urlsplit(following).netloc != home:
            raise SourceError("exchange.source_leaves", facts={"source": source.name})
        url = following
    raise SourceError("exchange.source_endless", facts={"source": source.name, "pages": _PAGES})


def _fetch(source: HttpSource, url: str, session: requests.Session) -> object:
    headers = {"Accept": "application/json"}
    if source.token:
        headers["Authorization"] = f"Bearer {source.token}"
    try:
        with session.get(url, headers=headers, timeout=_TIMEOUT_S, allow_redirects=False, stream=True) as answer:
            if answer.status_code != 200:
                reason = f"HTTP {answer.status_code}"
                raise SourceError("exchange.source_down", facts={"source": source.name, "reason": reason})
            body = answer.raw.read(_BODY_BYTES + 1, decode_content=True)
        if len(body) > _BODY_BYTES:
            raise SourceError("exchange.source_large", facts={"source": source.name, "mib": _BODY_BYTES >> 20})
        return simplejson.loads(body, use_decimal=True)
    except (requests.RequestException, ValueError, OSError) as error:
        facts = {"source": source.name, "reason": type(error).__name__}
        raise SourceError("exchange.source_down", facts=facts) from None


def _at(content: object, path: str) -> object:
    for step in path.split(".") if path else ():
        content = content.get(step) if isinstance(content, dict) else None
    return content


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case float():
            return format(Decimal(repr(value)), "f")
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case date():
            return value.isoformat()
        case _:
            return str(value).strip()
