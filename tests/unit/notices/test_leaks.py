from __future__ import annotations

import pytest

from huoban_perf.notices.leaks import leaks_in
from huoban_perf.notices.texts import shipped_texts


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("您本季度得分 92.5", "score"),
        ("张三 88分, 请查看", "score"),
        ("Your score: 91", "score"),
        ("您的等级为 A", "grade"),
        ("绩效等级: 待改进", "grade"),
        ("已评为C级", "grade"),
        ("奖金 12,000 已审批", "amount"),
        ("¥3500 到账", "amount"),
        ("评价人: 李四", "rater"),
        ("您的申诉已受理", "appeal"),
        ("Your appeal was accepted", "appeal"),
    ],
)
def test_text_that_shows_a_result_is_found(text: str, kind: str) -> None:
    assert kind in leaks_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "评价任务待完成, 截止 2026-10-12",
        "请于 10分钟 内完成分派, 见「等级分布」视图",
        "2026Q3 结果已公布, 请登录查看 https://app.huoban.com/x",
        "有 3 件待办",
        "「张刚 · 同事」被婉拒, 请另找评价人: 没有共事",
    ],
)
def test_text_about_work_to_do_may_leave(text: str) -> None:
    assert leaks_in(text) == ()


@pytest.mark.parametrize("event", sorted(shipped_texts()))
def test_shipped_texts_show_nothing(event: str) -> None:
    labels = shipped_texts()[event]
    assert leaks_in(labels.zh) == leaks_in(labels.en) == ()
