"""``guide``: what has to be built by hand, as documents for an HR admin."""

from __future__ import annotations

from pathlib import Path

import click

from huoban_perf.cli.deployed import wish_of
from huoban_perf.cli.desk import open_desk
from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import folded, progress, show_json, show_note, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import text
from huoban_perf.core.errors import FactValue
from huoban_perf.deploy import Consent
from huoban_perf.documents import Guide, Place, guide_of, steps_from_scratch, write_guide


@click.command("guide")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="写到哪个文件夹.")
@click.option("--from-scratch", is_flag=True, help="不连网, 只看模板, 从空白工作区写起.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def guide_command(settings: Settings, out: Path, from_scratch: bool, output: str) -> Exit:
    """把须手工完成的步骤写成搭建指南: 可勾选的网页、Markdown, 以及每张新表一个 Excel. 只读工作区."""
    guide = _whole_guide(settings) if from_scratch else _remaining_guide(settings)
    files = write_guide(guide, out) if guide.stages else ()
    if output == "json":
        show_json(_report(guide, files))
    else:
        show_text(folded("\n".join(_lines(settings, guide, files))))
    return Exit.DONE


def _whole_guide(settings: Settings) -> Guide:
    """Return the guide for an empty workspace, from the profile's template alone."""
    profile = settings.profile()
    desired = wish_of(profile).schema
    return guide_of(steps_from_scratch(desired, names=profile.locale), desired=desired, names=profile.locale)


def _remaining_guide(settings: Settings) -> Guide:
    """Return the guide of what the plan leaves to a person."""
    with progress(locale=settings.locale, form="json") as reporter, open_desk(settings, reporter) as desk:
        plan = desk.plan(Consent())
        profile = desk.site.profile
    undecided = len(plan.conflicts) + len(plan.refusals)
    if undecided:
        show_note(folded(text("documents.undecided", locale=settings.locale, facts={"count": undecided})))
    place = Place(workspace=plan.workspace, name=profile.workspace)
    return guide_of(plan.manual_steps, desired=desk.wish.schema, names=profile.locale, place=place)


def _facts(guide: Guide) -> dict[str, FactValue]:
    tasks = sum(1 for _ in guide.tasks())
    return {"sections": len(guide.sections), "tasks": tasks, "minutes": -(-guide.seconds // 60)}


def _report(guide: Guide, files: tuple[Path, ...]) -> dict[str, object]:
    return {"format_version": 1, **_facts(guide), "files": [str(file) for file in files]}


def _lines(settings: Settings, guide: Guide, files: tuple[Path, ...]) -> list[str]:
    if not files:
        return [text("documents.nothing", locale=settings.locale)]
    page, markdown, *workbooks = files
    said: list[tuple[str, dict[str, FactValue]]] = [
        ("documents.written", _facts(guide)),
        ("documents.page", {"file": str(page)}),
        ("documents.markdown", {"file": str(markdown)}),
    ]
    if workbooks:
        said.append(("documents.workbooks", {"count": len(workbooks), "folder": str(workbooks[0].parent)}))
    said.append(("documents.next", {}))
    return [text(code, locale=settings.locale, facts=facts) for code, facts in said]
