"""What an operator installs: a systemd unit that runs the service, or cron lines that run single jobs."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from huoban_perf.service.schedule import Schedule

STOP_S = 120
"""Time for the job under way to end after SIGTERM; after it the lease sees to the rest."""


def systemd_unit(*, command: Sequence[str], home: Path, folder: Path) -> str:
    """Return a systemd unit that runs the service with as few rights as it needs.

    Args:
        command: Program and arguments.
        home: The only folder it may write.
        folder: Working folder.

    Returns:
        The unit's text; keys come from an environment file that only root and the unit can read.
    """
    lines = [
        "[Unit]",
        "Description=huoban-perf: performance cycle jobs, automations and notices",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=exec",
        f"WorkingDirectory={folder}",
        f"ExecStart={' '.join(_quoted(word) for word in command)}",
        "EnvironmentFile=/etc/huoban-perf/keys.env",
        "DynamicUser=no",
        "User=huoban-perf",
        "UMask=0077",
        "Restart=always",
        "RestartSec=5",
        "KillSignal=SIGTERM",
        f"TimeoutStopSec={STOP_S}",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=read-only",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        f"ReadWritePaths={home}",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
        "",
    ]
    return "\n".join(lines)


def _quoted(word: str) -> str:
    """Quote one word of ExecStart: percent signs double, spaces and quotes in double quotes."""
    plain = word.replace("%", "%%")
    if any(mark in plain for mark in " \t\"'\\"):
        return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return plain


def cron_lines(*, command: Sequence[str], schedules: Sequence[Schedule], folder: Path) -> str:
    """Return a crontab that runs every job on its schedule, for machines without the service.

    Args:
        command: Program and the options before ``job run``.
        schedules: When jobs run.
        folder: Working folder.

    Returns:
        The text; each zone's lines stand under its own ``CRON_TZ`` line, and a percent sign is escaped as cron asks.
    """
    lines = ["# huoban-perf: keys come from this user's environment; output is mailed by cron", "SHELL=/bin/sh"]
    zones: dict[str, list[Schedule]] = {}
    for entry in schedules:
        zones.setdefault(entry.zone, []).append(entry)
    for zone, entries in zones.items():
        lines.append(f"CRON_TZ={zone}")
        for entry in entries:
            words = [*command, "job", "run", entry.job, "--yes", "--unattended"]
            line = f"cd {shlex.quote(str(folder))} && {shlex.join(words)}".replace("%", "\\%")
            lines.append(f"{entry.cron} {line}")
    return "\n".join([*lines, ""])
