from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from huoban_perf.service.schedule import Schedule
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
        pytest.skip("systemd-analyze is missing")
    file = tmp_path / "huoban-perf.service"
    file.write_text(systemd_unit(command=("/bin/true", "serve"), home=tmp_path, folder=tmp_path), encoding="utf-8")
    found = subprocess.run([program, "verify", str(file)], capture_output=True, text=True, check=False)
    assert "Unknown" not in found.stderr


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
