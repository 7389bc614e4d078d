"""A page as PDF, by a Chromium that runs without a window and without the network; the only caller of that program."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from huoban_perf.core.errors import HuobanPerfError

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-pdf-header-footer",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_PATIENCE_S = 120


def find_browser(given: Path | None = None) -> Path:
    """Return the browser that prints.

    Args:
        given: A program the person named, or None to look along the path.

    Returns:
        The program.

    Raises:
        HuobanPerfError: There is none.
    """
    found = str(given) if given is not None and given.is_file() else None
    if given is None:
        found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise HuobanPerfError("documents.no_browser", facts={"names": _NAMES[:4], "given": str(given or "-")})
    return Path(found)


def print_page(page: str, file: Path, *, browser: Path) -> None:
    """Print one page into a PDF that only its owner reads, replacing the file only when the whole of it is there.

    Args:
        page: The HTML document, complete in itself.
        file: Where to.
        browser: The program.

    Raises:
        HuobanPerfError: The browser failed.
    """
    with TemporaryDirectory(prefix="huoban_perf-") as spare:
        html, made = Path(spare) / "page.html", Path(spare) / "page.pdf"
        html.write_text(page, encoding="utf-8")
        command = [str(browser), *_FLAGS, *_without_sandbox(), f"--user-data-dir={spare}/profile"]
        command += [f"--print-to-pdf={made}", html.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_PATIENCE_S, check=False)  # noqa: S603 - the person's own browser
        except (OSError, subprocess.TimeoutExpired) as error:
            raise HuobanPerfError("documents.browser_failed", facts={"reason": type(error).__name__}) from error
        if not made.is_file() or not made.read_bytes().startswith(b"%PDF"):
            raise HuobanPerfError("documents.browser_failed", facts={"reason": _last_line(done.stderr)})
        private(file).write_bytes(made.read_bytes())


def private(file: Path) -> Path:
    """Make a file that only its owner reads, or leave its content and take it from everybody else; return it."""
    file.touch(mode=0o600)
    file.chmod(0o600)
    return file


def _without_sandbox() -> Sequence[str]:
    """Chromium refuses its own sandbox to the superuser, as in a container."""
    return ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "-"
