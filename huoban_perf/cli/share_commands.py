"""``nocodb share``: views of one person behind a password, where the platform has no filter by reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import OutputForm, folded, progress, show_json, show_note, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import text
from huoban_perf.core.errors import FactValue, ProfileError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from huoban_perf.core.personal import StandingView
    from huoban_perf.cycle.personal import Arranged


@click.command("share")
@click.option("--for", "people", multiple=True, metavar="工号", help="只给这些人; 可重复. 不加则给每位有下属的人.")
@click.option(
    "--view", "views", multiple=True, metavar="表.视图", help="哪个视图; 可重复. 默认 appraisal.team (团队进度看板)."
)
@click.option("--links", is_flag=True, help="列出全部链接和密码 (密码只显示在屏幕上).")
@click.option("--remove", is_flag=True, help="去掉; 链接随即失效.")
@click.option("--demo", is_flag=True, help="在 demo --platform nocodb 建的 base 里.")
@click.option("--yes", is_flag=True, help="执行; 不加则只预览.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def share_command(  # noqa: PLR0913 - one parameter an option
    settings: Settings,
    *,
    people: tuple[str, ...],
    views: tuple[str, ...],
    links: bool,
    remove: bool,
    demo: bool,
    yes: bool,
    output: str,
) -> Exit:
    """给上级 (或某个人) 建只含自己数据的视图, 用带密码的链接打开; 不再是上级的人, 视图和链接自动去掉."""
    from huoban_perf.cli.workshop import open_workshop
    from huoban_perf.cycle.personal import Asked, arrange_personal
    from huoban_perf.demo.script import demo_profile

    form = cast("OutputForm", output)
    profile = demo_profile(settings.profile(), data="company", platform="nocodb") if demo else None
    with (
        progress(locale=settings.locale, form=form) as reporter,
        open_workshop(settings, reporter, profile=profile) as shop,
    ):
        sink = shop.site.connection.personal
        if sink is None:
            raise ProfileError("personal.none", facts={"profile": shop.site.profile.name})
        asked = Asked(people=people, views=views, remove=remove)
        locale = shop.site.profile.locale
        done = arrange_personal(shop.app, sink, asked, locale=locale, apply=yes)
    shown = [*done.made, *done.mended, *(done.kept if links else ())]
    if form == "json":
        show_json(_as_json(done, shown if yes or links else [], applied=yes))
        return Exit.DONE
    facts: dict[str, FactValue] = {
        "made": len(done.made),
        "mended": len(done.mended),
        "kept": len(done.kept),
        "dropped": len(done.dropped),
        "without": "、".join(done.without_account),
    }
    for line in _lines(settings, done, shown):
        show_text(line)
    is_idle = not (done.made or done.mended or done.dropped)
    code = "cli.share_idle" if is_idle else "cli.share_done" if yes else "cli.share_preview"
    show_text(folded(text(code, locale=settings.locale, facts=facts)))
    if done.without_account:
        show_note(folded(text("cli.share_without", locale=settings.locale, facts=facts)))
    return Exit.DONE


def _lines(settings: Settings, done: Arranged, shown: Iterable[StandingView]) -> Iterable[str]:
    """Yield who has which view, where, behind which password."""
    for one in shown:
        facts: dict[str, FactValue] = {
            "person": one.person,
            "name": done.names.get(one.person, ""),
            "view": done.titles[one.key].in_locale(settings.locale),
            "password": one.password,
        }
        yield text("cli.share_line", locale=settings.locale, facts=facts)
        if one.link:
            yield f"  {one.link}"  # never folded: it is to be copied
            yield text("cli.share_password", locale=settings.locale, facts=facts)


def _as_json(done: Arranged, shown: Iterable[StandingView], *, applied: bool) -> dict[str, object]:
    return {
        "format_version": 1,
        "applied": applied,
        "made": len(done.made),
        "mended": len(done.mended),
        "kept": len(done.kept),
        "dropped": [{"person": one.person, "view": one.key} for one in done.dropped],
        "without_account": list(done.without_account),
        "links": [{"person": one.person, "view": one.key, "link": one.link, "password": one.password} for one in shown],
    }
