from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from croniter import croniter

from huoban_perf.service.schedule import Schedule
from huoban_perf.service.timetable import TIMETABLE
from huoban_perf.service.units import cron_lines, systemd_unit

COMMAND = ("/opt/huoban perf/bin/huoban-perf", "--profile", "生产 100%", "serve")


def test_unit_quotes_its_command_and_may_write_its_home_only() -> None:
    unit = systemd_unit(command=COMMAND, home=Path("/var/lib/huoban-perf"), folder=Path("/srv"))
    assert 'ExecStart="/opt/huoban perf/bin/huoban-perf" --profile "生产 100%%" serve\n' in unit
    assert "ReadWritePaths=/var/lib/huoban-perf\n" in unit
    assert "ProtectSystem=strict" in unit
    assert "API_KEY" not in unit


def test_unit_is_accepted_by_systemd(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("systemd-analyze is missing")
        pytest.skip("systemd-analyze is missing")
    file = tmp_path / "huoban-perf.service"
    file.write_text(systemd_unit(command=("/bin/true", "serve"), home=tmp_path, folder=tmp_path), encoding="utf-8")
    found = subprocess.run([program, "verify", str(file)], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")


def test_cron_runs_what_it_says_with_the_words_unbroken(tmp_path: Path) -> None:
    """Each line is read as cron reads it (a percent sign escaped), then by a shell, and comes out as the same words."""
    program = tmp_path / "say words"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$PWD" "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    folder = tmp_path / "绩效 100%"
    folder.mkdir()
    text = cron_lines(command=(str(program), "--profile", "生产 50%"), schedules=TIMETABLE, folder=folder)
    jobs = [line for line in text.splitlines() if line[0] in "0123456789*"]
    assert len(jobs) == len(TIMETABLE)
    for line, schedule in zip(jobs, TIMETABLE, strict=True):
        *fields, command = line.split(" ", 5)
        assert croniter.is_valid(" ".join(fields))
        ran = subprocess.run(["/bin/sh", "-c", command.replace("\\%", "%")], capture_output=True, text=True, check=True)
        words = ["--profile", "生产 50%", "job", "run", schedule.job, "--yes", "--unattended"]
        assert ran.stdout.splitlines() == [str(folder), *words]
    assert "%" not in text.replace("\\%", "")


def test_cron_lines_stand_under_their_zone() -> None:
    text = cron_lines(
        command=COMMAND[:3],
        schedules=[
            Schedule(job="remind", cron="0 9 * * 1-5"),
            Schedule(job="score", cron="30 2 * * *", zone="UTC"),
            Schedule(job="progress", cron="0 6 * * *"),
        ],
        folder=Path("/srv/绩效"),
    )
    lines = text.splitlines()
    assert lines[2] == "CRON_TZ=Asia/Shanghai"
    assert lines[3].startswith(
        "0 9 * * 1-5 cd '/srv/绩效' && '/opt/huoban perf/bin/huoban-perf' --profile '生产 100\\%'"
    )
    assert lines[3].endswith("job run remind --yes --unattended")
    assert lines[5] == "CRON_TZ=UTC"
    assert len(lines) == 7
