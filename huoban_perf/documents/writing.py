"""Writing what people read: whatever the disk refuses is one error that names the place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huoban_perf.core.errors import HuobanPerfError


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Write inside this block.

    Args:
        place: The file or folder a person asked for.

    Yields:
        Nothing.

    Raises:
        HuobanPerfError: ``documents.not_writable``: the disk refused.
    """
    try:
        yield
    except OSError as error:
        facts = {"folder": str(place), "reason": error.strerror or type(error).__name__}
        raise HuobanPerfError("documents.not_writable", facts=facts) from error
