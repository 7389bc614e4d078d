"""Where an app's files are: its own folder first, then what it includes, and the automations beside the templates.

An app includes shared parts (``app_templates/_parts/<name>``) or other templates. Its own file of a name replaces an
included one; of several included files of a name the first include wins, except views: those of one table add up,
unless the app replaces the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from huoban_perf.template.locate import find_automation, find_included
from huoban_perf.template.model import AppText


class Layers:
    """Finds files.

    Attributes:
        missing: Positions in ``include`` of names that lead nowhere.
        included: Every file handed out that is not the app's own.
    """

    def __init__(self, folder: Path, app: AppText | None) -> None:
        """Look up the included folders.

        Args:
            folder: The app's own folder.
            app: ``app.yaml``, or None when unreadable: then nothing is included.
        """
        self._folder = folder
        self._app = app
        found = [find_included(name, folder=folder) for name in (app.include if app is not None else ())]
        self._others = [one for one in found if one is not None]
        self.missing = [row for row, one in enumerate(found) if one is None]
        self.included: set[Path] = set()

    def one(self, name: str) -> Path:
        """Return the file of a name; the app's own path when no folder has it."""
        for folder in (self._folder, *self._others):
            if (folder / name).is_file():
                return self._from(folder, folder / name)
        return self._folder / name

    def tables(self) -> Iterator[Path]:
        """Yield the app's own table files, then the included ones of tables in its order."""
        own = sorted((self._folder / "tables").glob("*.yaml"))
        yield from own
        stems = {file.stem for file in own}
        for key in self._order():
            file = next((one for folder in self._others if (one := folder / "tables" / f"{key}.yaml").is_file()), None)
            if key not in stems and file is not None:
                yield self._from(file.parent.parent, file)

    def views(self) -> Iterator[Path]:
        """Yield the app's own view files, then the included ones of tables in its order that it does not replace."""
        yield from sorted((self._folder / "views").glob("*.yaml"))
        replaced = self._app.replaces if self._app is not None else ()
        for folder in self._others:
            for key in self._order():
                if key not in replaced and (folder / "views" / f"{key}.yaml").is_file():
                    yield self._from(folder, folder / "views" / f"{key}.yaml")

    def pages(self) -> Iterator[Path]:
        """Yield the app's own pages, then included ones of other names."""
        seen: set[str] = set()
        for folder in (self._folder, *self._others):
            for file in sorted((folder / "pages").glob("*.yaml")):
                if file.name not in seen:
                    seen.add(file.name)
                    yield self._from(folder, file)

    def automations(self) -> Iterator[Path]:
        """Yield the files of automations that the app names, in its order; a missing one as it should be called."""
        for name in self._app.automations if self._app is not None else ():
            yield find_automation(name, folder=self._folder)

    def jobs(self) -> Path | None:
        """Return ``automations/jobs.yaml``, or None when there is none."""
        file = find_automation("jobs", folder=self._folder)
        return file if file.is_file() else None

    def _order(self) -> tuple[str, ...]:
        return self._app.order if self._app is not None else ()

    def _from(self, folder: Path, file: Path) -> Path:
        if folder != self._folder:
            self.included.add(file)
        return file
