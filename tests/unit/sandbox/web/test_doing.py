"""What a person does: fills in forms, changes items, takes actions, presses buttons; all as the API would allow."""

from __future__ import annotations

from html import unescape
from io import BytesIO

import pytest

from tests.unit.sandbox.web.office import Office, Visitor


def _said(answer: object) -> str:
    return unescape(answer.get_data(as_text=True))  # type: ignore[attr-defined]


def test_form_makes_an_item_with_what_it_begins_with(office: Office) -> None:
    page = office.browser("王芳")
    form = f"/new/{office.goal}?form={office.ids['make']}"
    text = page.text(form)
    assert "合计 100" in text
    assert "保密分" not in text
    assert 'value="2024-03-04"' in text  # today
    made = page.post(form, **page.answers(name="新目标", owner=office.people["王芳"], weight="40", status="1"))
    assert "新目标" in page.follow(made)
    item = made.headers["Location"].rsplit("/", 1)[1]
    assert office.sandbox.world.rows.get(int(item)).created_by == int(office.people["王芳"])
    assert office.behaviour.settled == [("goal", item)]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": ""}, "目标: 请填写"),
        ({"name": "x", "weight": "四十"}, "权重: 要填数字"),
        ({"name": "x", "weight": "1e99"}, "权重: 要填数字"),
        ({"name": "x", "weight": "1.5"}, "权重: 要填整数"),
        ({"name": "x", "start": "2024-02-30"}, "开始: 没有这个日期"),
        ({"name": "x", "status": "99"}, "状态: 没有这个选项"),
        ({"name": "x", "owner": "1"}, "负责人: 没有这个选项"),
        ({"name": "字" * 501}, "目标: 太长"),
    ],
)
def test_wrong_answer_is_named_and_nothing_is_written(office: Office, values: dict[str, str], said: str) -> None:
    page = office.browser("王芳")
    answer = page.post(f"/new/{office.goal}?form={office.ids['make']}", **page.answers(**{"weight": "7", **values}))
    assert answer.status_code == 422
    assert said in _said(answer).replace("</a>", "")
    assert office.behaviour.settled == []
    assert len(office.sandbox.world.rows.all_of(int(office.goal))) == 1


def test_unique_value_and_refusals_of_the_store_are_said_at_the_question(office: Office) -> None:
    office.sandbox.control("mode", {"mode": "documented", "switches": {"unique": "error"}})
    page = office.browser("王芳")
    office.put("goal", name="有码", owner=[office.people["李雷"]], code="K-1")
    answer = page.post(f"/r/{office.first}/edit", seen=seen(office), **page.answers(name="签约", code="K-1"))
    assert answer.status_code == 422
    assert "编码</a>: 已有另一条数据用了这个值" in _said(answer)


def seen(office: Office) -> str:
    return office.sandbox.world.rows.get(int(office.first)).updated_on


def test_only_what_differs_is_written_and_a_stale_page_is_refused(office: Office) -> None:
    page = office.browser("王芳")
    asked = page.text(f"/r/{office.first}/edit")
    assert "操作结果" not in asked  # the state machine's own
    same = page.answers(name="签约", weight="60", owner=office.people["王芳"], status="1")
    before = seen(office)
    page.follow(page.post(f"/r/{office.first}/edit", seen=before, **same))
    assert seen(office) == before
    page.follow(
        page.post(f"/r/{office.first}/edit", seen=before, **{**same, **page.answers(weight="61", note="a\r\nb")})
    )
    assert (office.cell(office.first, "weight"), office.cell(office.first, "note")) == (61, "a\nb")
    assert office.cell(office.first, "secret") == 7
    stale = page.post(f"/r/{office.first}/edit", seen=before, **page.answers(name="签约", weight="1"))
    assert stale.status_code == 422
    assert "刚被别人改过" in _said(stale)
    assert office.cell(office.first, "weight") == 61


def test_fields_nobody_asked_for_are_not_written(office: Office) -> None:
    page = office.browser("王芳")
    page.post(
        f"/r/{office.first}/edit", seen=seen(office), **page.answers(name="签约", secret="100", action_result="x")
    )
    assert office.cell(office.first, "secret") == 7
    assert office.cell(office.first, "action_result") is None


def test_form_for_an_item_saves_and_acts_in_one_step(office: Office) -> None:
    page = office.browser("王芳")
    path = f"/r/{office.first}/fill/{office.ids['report']}"
    assert "报进度" in page.text(f"/r/{office.first}")
    assert "保存并提交" in page.text(path)
    wrong = page.post(path, seen=seen(office), do=pick(office, "send"), **page.answers(progress=""))
    assert "进度</a>: 请填写" in _said(wrong)
    assert "保存并提交" in _said(wrong)
    assert office.cell(office.first, "owner_action") is None
    done = page.post(path, seen=seen(office), do=pick(office, "send"), **page.answers(progress="50%"))
    assert "记下了" in page.follow(done)
    assert str(office.cell(office.first, "progress")) == "0.5"
    assert office.cell(office.first, "owner_action") == [office.field("owner_action").options_by_alias["send"]]


def pick(office: Office, action: str) -> str:
    field = office.field("owner_action")
    return f"{field.key}:{field.options_by_alias[action]}"


def test_form_is_offered_only_for_its_rows(office: Office) -> None:
    sent = office.put("goal", name="交了的", status="sent", owner=[office.people["王芳"]])
    page = office.browser("王芳")
    assert "报进度" not in page.text(f"/r/{sent}")
    assert page.get(f"/r/{sent}/fill/{office.ids['report']}").status_code == 404


def test_action_is_offered_to_its_person_and_refused_to_others(office: Office) -> None:
    page, hr = office.browser("王芳"), office.browser("人事刘洋")
    assert ">提交</button>" in page.text(f"/r/{office.first}")
    assert ">提交</button>" not in hr.text(f"/r/{office.first}")
    assert hr.post(f"/r/{office.first}/act", do=pick(office, "send")).status_code == 403
    assert page.post(f"/r/{office.first}/act", do=pick(office, "close")).status_code == 403
    assert page.post(f"/r/{office.first}/act", do="nonsense").status_code == 403
    assert office.behaviour.settled == []
    page.follow(page.post(f"/r/{office.first}/act", do=pick(office, "send"), reason="好了"))
    assert office.cell(office.first, "action_reason") == "好了"
    assert office.behaviour.settled == [("goal", office.first)]


def test_action_that_asks_for_a_reason_is_not_taken_without_one(office: Office) -> None:
    sent = office.put("goal", name="交了的", status="sent", owner=[office.people["李雷"]])
    hr = office.browser("人事刘洋")
    assert "要写明原因" in hr.follow(hr.post(f"/r/{sent}/act", do=pick(office, "close"), reason="  "))
    assert office.cell(sent, "owner_action") is None
    hr.follow(hr.post(f"/r/{sent}/act", do=pick(office, "close"), reason="办完"))
    assert office.cell(sent, "owner_action") is not None


def test_button_opens_a_page_that_begins_with_what_the_person_may_see(office: Office) -> None:
    office.sandbox.raw("PUT", f"/item/{office.first}", {"fields": {office.field("team").key: [office.sales]}})
    page = office.browser("王芳")
    opened = page.post(f"/r/{office.first}/press/{office.ids['again']}")
    text = page.follow(opened)
    assert 'value="签约"' in text
    made = page.post(str(opened.headers["Location"]), **page.answers(name="签约二", owner=office.people["王芳"]))
    page.follow(made)
    item = str(made.headers["Location"]).rsplit("/", 1)[1]
    assert office.cell(item, "team") == [office.sales]
    assert office.cell(item, "note") == "接着做"
    assert office.cell(item, "helpers") == [office.people["王芳"]]
    assert office.cell(item, "secret") is None
    assert office.behaviour.pressed == []


def test_button_that_does_something_is_pressed_in_the_persons_name(office: Office) -> None:
    page = office.browser("王芳")
    page.follow(page.post(f"/r/{office.first}/press/{office.ids['mark']}"))
    assert office.behaviour.pressed == [("automation:goal.mark", office.first, office.people["王芳"])]
    sent = office.put("goal", name="交了的", status="sent", owner=[office.people["王芳"]])
    assert page.post(f"/r/{sent}/press/{office.ids['drafts']}").status_code == 404
    assert office.browser("李雷").post(f"/r/{office.first}/press/{office.ids['mark']}").status_code == 404


def test_item_is_removed_only_by_who_may(office: Office) -> None:
    page, hr = office.browser("王芳"), office.browser("人事刘洋")
    assert "确认删除" not in page.text(f"/r/{office.first}")
    assert page.post(f"/r/{office.first}/delete").status_code == 403
    assert "已删除" in hr.follow(hr.post(f"/r/{office.first}/delete"))
    assert hr.get(f"/r/{office.first}").status_code == 404


def test_item_that_its_maker_does_not_see_is_still_made(office: Office) -> None:
    page = office.browser("王芳")
    made = page.post(f"/new/{office.goal}", **page.answers(name="给李雷", owner=office.people["李雷"]))
    assert "不在您能看到的范围里" in page.follow(made)
    assert made.headers["Location"] == "/home"


def test_nothing_is_made_where_the_person_may_add_nothing(office: Office) -> None:
    page = office.browser("王芳")
    assert page.get(f"/new/{office.team}").status_code == 403
    assert page.get(f"/new/{office.goal}?form=123").status_code == 404


def test_public_form_asks_no_names_and_takes_a_code_once(office: Office) -> None:
    stranger = office.browser()
    path = f"/p/{office.ids['tell']}"
    text = stranger.text(f"{path}?code=C-9")
    assert 'value="C-9"' in text
    assert "王芳" not in text
    assert "销售部" not in text
    first = stranger.post(path, **stranger.answers(code="C-9", name="意见", owner=office.people["王芳"]))
    assert "谢谢" in _said(first)
    again = stranger.post(path, **stranger.answers(code="C-9", name="意见"))
    assert again.status_code == 422
    assert "已经用过了" in _said(again)
    rows = office.sandbox.world.rows.all_of(int(office.goal))
    assert [row.title for row in rows] == ["签约", "意见"]
    assert office.cell(str(rows[1].item_id), "owner") is None
    assert stranger.get(f"/p/{office.ids['make']}").status_code == 404


def test_many_choices_are_looked_up_by_name(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huoban_perf.sandbox.web.questions.CHOICES_MOST", 1)
    for _ in range(2):
        office.put("team", name="重名部")
    page = office.browser("王芳")
    assert "datalist" in page.text(f"/r/{office.first}/edit")

    def change(**values: str) -> str:
        answer = page.post(f"/r/{office.first}/edit", seen=seen(office), **page.answers(name="签约", **values))
        return _said(answer) if answer.status_code == 422 else page.follow(answer)

    assert "没有找到“无此部”" in change(team="无此部")
    assert "有 2 个都叫“重名部”" in change(team="重名部")
    assert "已保存" in change(team="销售部", helpers="王芳、李雷")
    assert office.cell(office.first, "team") == [office.sales]
    assert office.cell(office.first, "helpers") == [office.people["王芳"], office.people["李雷"]]


def test_visitor_goes_out_again(office: Office) -> None:
    page: Visitor = office.browser("王芳")
    assert "选一个人" in page.follow(page.post("/leave"))
    assert "选一个人" in page.text("/home")


def test_files_are_kept_handed_out_and_taken_away(office: Office) -> None:
    page, path = office.browser("王芳"), f"/r/{office.first}/edit"
    box, me = f"f{office.field('proof').field_id}", office.people["王芳"]

    def send(*files: tuple[bytes, str], stay: tuple[str, ...] = ()) -> object:
        parts = [(BytesIO(content), name) for content, name in files]
        sent = {"token": page.token, "seen": seen(office), **page.answers(name="签约", owner=me), box: [*stay, *parts]}
        return page.client.post(path, data=sent, content_type="multipart/form-data")

    page.follow(send((b"one", "../../一.txt"), (b"<b>two</b>", "/tmp/x/two.html")))  # type: ignore[arg-type]
    first, second = office.cell(office.first, "proof")
    text = page.text(f"/r/{office.first}")
    assert f'<a href="/file/{first}">一.txt</a>' in text
    assert f'<a href="/file/{second}">two.html</a>' in text
    with page.client.get(f"/file/{second}") as got:
        assert got.data == b"<b>two</b>"
        assert got.headers["Content-Type"] == "application/octet-stream"
        assert "attachment" in got.headers["Content-Disposition"]
    assert office.browser("李雷").get(f"/file/{first}").status_code == 404
    page.follow(send(stay=(second,)))  # type: ignore[arg-type]
    assert office.cell(office.first, "proof") == [second]
    assert send(stay=("123",)).status_code == 422  # type: ignore[attr-defined]
