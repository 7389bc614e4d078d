"""The deployed app as a job sees it: connection, schema, bindings, clock and progress in one value."""

from __future__ import annotations

from dataclasses import dataclass

from huoban_perf.core.addresses import Bindings
from huoban_perf.core.clock import Clock
from huoban_perf.core.ports import Connection
from huoban_perf.core.progress import Progress, silent
from huoban_perf.core.schema import DesiredSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedApp:
    """What every job needs to read and write.

    Attributes:
        connection: The platform.
        schema: The app's schema.
        bindings: Platform ids of every table, field and option.
        clock: Time and waiting.
        progress: Told about long work.
    """

    connection: Connection
    schema: DesiredSchema
    bindings: Bindings
    clock: Clock
    progress: Progress = silent
