"""``automation``: capture what a person built in the editor, put it on another workspace (plane ``gateway``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from huoban_perf.cli.automation_report import head_lines, posting_lines, prepared_lines
from huoban_perf.cli.desk import Desk, open_desk
from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import progress, show_json, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import problem_line, text
from huoban_perf.core.addresses import ObjectKind
from huoban_perf.core.captures import AutomationHead, AutomationPlane, Place
from huoban_perf.core.errors import ProfileError
from huoban_perf.deploy import CaptureRegister, bindings_of
from huoban_perf.profile import lint_captured

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_OUTPUT = click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """What the commands that talk to the platform work with."""

    desk: Desk
    plane: AutomationPlane
    register: CaptureRegister
    place: Place

    def heads(self) -> dict[str, tuple[AutomationHead, ...]]:
        """Table name → its automations; only tables that the template manages."""
        names = {table.table_id: table.name for table in self.place.schema.tables}
        tables = [
            bound
            for address, bound in self.place.bindings.items()
            if address.kind is ObjectKind.TABLE and bound in names
        ]
        return {names[bound]: self.plane.heads(workspace=self.place.workspace, table_id=bound) for bound in tables}


@contextmanager
def _bench(settings: Settings) -> Iterator[_Bench]:
    with progress(locale=settings.locale, form="json") as reporter, open_desk(settings, reporter) as desk:
        plane = desk.site.connection.automations
        if plane is None:
            raise ProfileError("capture.plane_off", facts={"profile": desk.site.profile.name})
        register = CaptureRegister(desk.site.profile.state_dir, workspace=desk.site.workspace)
        place = Place(
            workspace=desk.site.workspace,
            schema=desk.observed,
            bindings=bindings_of(desk.state),
            automations=register.ids(),
        )
        yield _Bench(desk=desk, plane=plane, register=register, place=place)


@click.group("automation")
def automation_command() -> None:
    """自动化: 在一个工作区手工搭好, 存成文档, 搬到另一个工作区.

    用网页的私有接口, 无正式文档; 要在配置的 planes 里写上 gateway 才开.
    """


@automation_command.command("list")
@_OUTPUT
@pass_settings
def list_command(settings: Settings, output: str) -> Exit:
    """列出模板管理的各表上的自动化. 只读."""
    with _bench(settings) as bench:
        heads, known = bench.heads(), bench.register.known()
    if output == "json":
        rows = [
            {"table": table, "automation_id": head.automation_id, "type": head.sort, "name": head.name}
            for table, found in heads.items()
            for head in found
        ]
        show_json({"format_version": 1, "automations": rows})
    else:
        show_text("\n".join(head_lines(heads, known, locale=settings.locale)))
    return Exit.DONE


@automation_command.command("capture")
@click.argument("automation_id")
@click.argument("key")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="存到哪个文件.")
@pass_settings
def capture_command(settings: Settings, automation_id: str, key: str, out: Path | None) -> Exit:
    """把自动化 AUTOMATION_ID 存成可搬移的文档, 取键名 KEY. 不改动平台."""
    if not key.isidentifier() or key != key.lower() or not key.isascii():
        raise click.UsageError(f"{key}: 键名应为小写字母、数字和下划线, 例如 submit_goals.")
    with _bench(settings) as bench:
        document = bench.plane.capture(automation_id=automation_id, key=key, place=bench.place)
        file = out or bench.desk.site.profile.home / "automations" / f"{key}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(document, encoding="utf-8")
        bench.register.record(key, automation_id=automation_id, document=document, clock=settings.clock, by_hand=True)
    show_text(text("cli.captured", locale=settings.locale, facts={"key": key, "file": str(file)}))
    return Exit.DONE


@automation_command.command("lint")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@pass_settings
def lint_command(settings: Settings, files: tuple[Path, ...]) -> Exit:
    """检查存下的文档是否合乎平台的规矩; 不需要网络."""
    lines = [
        f"{file}: {problem_line(problem, locale=settings.locale)}"
        for file in files
        for problem in lint_captured(file.read_text(encoding="utf-8", errors="replace"), source=str(file))
    ]
    show_text("\n".join(lines) or text("cli.automations_sound", locale=settings.locale, facts={"count": len(files)}))
    return Exit.INVALID if lines else Exit.DONE


@automation_command.command("post")
@click.argument("file", type=_FILE)
@click.option("--yes", is_flag=True, help="发送; 不加则只核对能否绑定, 不发送.")
@click.option("--automation-id", default=None, help="替换工作区里已有的这个自动化.")
@pass_settings
def post_command(settings: Settings, file: Path, yes: bool, automation_id: str | None) -> Exit:
    """把文档绑定到本配置的工作区并发送, 回读核对; 之后要有人打开编辑器确认."""
    with _bench(settings) as bench:
        document = file.read_text(encoding="utf-8", errors="replace")
        prepared = bench.plane.prepare(document=document, source=str(file), place=bench.place)
        target = automation_id or bench.place.automations.get(prepared.key)
        if not yes:
            show_text("\n".join(prepared_lines(prepared, target=target, locale=settings.locale)))
            return Exit.DONE
        posting = bench.plane.post(prepared=prepared, place=bench.place, automation_id=target)
        bench.register.record(
            prepared.key,
            automation_id=posting.automation_id,
            document=document,
            clock=settings.clock,
            by_hand=False,
        )
    show_text("\n".join(posting_lines(prepared, posting, locale=settings.locale)))
    return Exit.ERROR if posting.differences else Exit.MANUAL_STEPS


@automation_command.command("confirm")
@click.argument("key")
@click.option("--by", required=True, help="确认人.")
@pass_settings
def confirm_command(settings: Settings, key: str, by: str) -> Exit:
    """记下: 有人在编辑器里打开过它, 内容完整."""
    profile = settings.profile()
    with settings.site(profile) as site:
        register = CaptureRegister(profile.state_dir, workspace=site.workspace)
        register.confirm(key, by=by, clock=settings.clock)
    show_text(text("cli.automation_confirmed", locale=settings.locale, facts={"key": key, "by": by}))
    return Exit.DONE
