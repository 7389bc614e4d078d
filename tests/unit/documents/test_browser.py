"""The page in a real browser: boxes, memory, progress, copying, printing, and nothing fetched."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from huoban_perf.documents import Place, write_guide
from tests.unit.documents.browser import MISSING, PROGRAM, Browser, browser
from tests.unit.documents.wishes import QUOTES, SCRIPT, app, hostile, whole

pytestmark = pytest.mark.skipif(PROGRAM is None, reason=MISSING)

TICKED = "[...document.querySelectorAll('input:checked')].map((box) => box.dataset.key)"
COUNT = "document.querySelector('.bar .count').textContent"
LEFT = "document.querySelector('.bar .left').textContent"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("guides")
    write_guide(whole(app(), place=Place(workspace="1", name="一")), found / "one")
    write_guide(whole(app(), place=Place(workspace="2", name="二")), found / "two")
    write_guide(whole(hostile(), place=Place(workspace='3"><script>', name=SCRIPT)), found / "hostile")
    return found


def open_guide(chromium: Browser, folder: Path, name: str) -> None:
    chromium.open((folder / name / "guide.html").as_uri())
    chromium.evaluate("localStorage.clear()")
    chromium.reload()


def tick(key: str) -> str:
    return f"document.querySelector('input[data-key=\"{key}\"]').click()"


def test_ticked_boxes_are_remembered_after_a_reload_and_counted(chromium: Browser, folder: Path) -> None:
    open_guide(chromium, folder, "one")
    total = sum(1 for _ in whole(app()).tasks())
    assert chromium.evaluate(COUNT) == f"0 / {total}"
    before = chromium.evaluate(LEFT)
    chromium.evaluate(tick("table:goal"))
    chromium.evaluate(tick("field:goal.weight"))
    assert chromium.evaluate(COUNT) == f"2 / {total}"
    assert chromium.evaluate(LEFT) != before
    chromium.reload()
    assert chromium.evaluate(TICKED) == ["table:goal", "field:goal.weight"]
    assert chromium.evaluate(COUNT) == f"2 / {total}"
    chromium.evaluate(tick("field:goal.weight"))
    chromium.reload()
    assert chromium.evaluate(TICKED) == ["table:goal"]
    assert chromium.evaluate("Object.keys(localStorage)") == ["huoban-perf/guide/performance/1/table:goal"]


def test_another_workspaces_guide_has_boxes_of_its_own(chromium: Browser, folder: Path) -> None:
    open_guide(chromium, folder, "one")
    chromium.evaluate(tick("table:goal"))
    chromium.open((folder / "two" / "guide.html").as_uri())
    assert chromium.evaluate(TICKED) == []


def test_finished_section_and_finished_guide_are_shown(chromium: Browser, folder: Path) -> None:
    open_guide(chromium, folder, "one")
    chromium.evaluate("document.querySelectorAll('#section-1 input').forEach((box) => box.click())")
    count = "document.querySelector('.contents .complete .count').textContent"
    boxes = chromium.evaluate("document.querySelectorAll('#section-1 input').length")
    assert chromium.evaluate(count) == f"{boxes} / {boxes}"
    assert chromium.evaluate("document.querySelectorAll('.contents .complete').length") == 1
    chromium.evaluate("document.getElementById('open-only').click()")
    assert chromium.evaluate("getComputedStyle(document.getElementById('section-1')).display") == "none"
    chromium.evaluate("document.querySelectorAll('input:not(:checked)').forEach((box) => box.click())")
    assert "huoban-perf plan" in chromium.evaluate(LEFT)
    chromium.evaluate("window.confirm = () => true; document.getElementById('forget').click()")
    assert chromium.evaluate("[localStorage.length, document.querySelectorAll('input:checked').length]") == [0, 0]


def test_copy_buttons_copy_the_exact_text(chromium: Browser, folder: Path) -> None:
    open_guide(chromium, folder, "hostile")
    chromium.evaluate("window.copied = []; navigator.clipboard.writeText = async (text) => { copied.push(text); }")
    chromium.evaluate("document.querySelectorAll('button.copy').forEach((button) => button.click())")
    copied = chromium.evaluate("copied")
    assert {SCRIPT, QUOTES} <= set(copied)
    assert copied == chromium.evaluate("[...document.querySelectorAll('button.copy')].map((one) => one.dataset.copy)")


def test_hostile_names_run_nothing_and_nothing_is_fetched(chromium: Browser, folder: Path) -> None:
    for name in ("hostile", "one"):
        chromium.open((folder / name / "guide.html").as_uri())
        chromium.evaluate("1")
        fetched = [event["request"]["url"] for event in chromium.said("Network.requestWillBeSent")]
        assert all(url.startswith(("file://", "data:")) for url in fetched)
        assert len([url for url in fetched if url.startswith("file://")]) == 1
        assert chromium.said("Page.javascriptDialogOpening") == []
        assert chromium.said("Runtime.exceptionThrown") == []
        assert [event["entry"]["text"] for event in chromium.said("Log.entryAdded")] == []
        assert chromium.evaluate("[document.scripts.length, document.images.length]") == [1, 0]


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_nothing_is_wider_than_the_screen(width: int, chromium: Browser, folder: Path) -> None:
    chromium.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 700
    )
    for name in ("one", "hostile"):
        open_guide(chromium, folder, name)
        assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    chromium.call("Emulation.clearDeviceMetricsOverride")


def test_options_are_numbered_from_one_in_every_field(chromium: Browser, folder: Path) -> None:
    open_guide(chromium, folder, "one")
    texts = "[...list.querySelectorAll('li')].map((one) => one.innerText)"
    lists = chromium.evaluate(f"[...document.querySelectorAll('.choices')].map((list) => {texts})")
    wanted = [[choice.name for choice in task.choices] for task in whole(app()).tasks() if task.choices]
    assert [len(found) for found in lists] == [len(names) for names in wanted]
    for found, names in zip(lists, wanted, strict=True):
        for place, name in enumerate(names):
            assert found[place].startswith(f"{place + 1}. {name}")
    assert chromium.evaluate("getComputedStyle(document.querySelector('.choices li')).listStyleType") == "none"


def test_prints_as_pdf_without_buttons_and_with_every_task(chromium: Browser, folder: Path) -> None:
    open_guide(chromium, folder, "one")
    chromium.evaluate("document.getElementById('open-only').click()")
    chromium.evaluate("document.querySelectorAll('#section-1 input').forEach((box) => box.click())")
    chromium.call("Emulation.setEmulatedMedia", media="print")
    assert chromium.evaluate("getComputedStyle(document.querySelector('.bar')).display") == "none"
    hidden = "[...document.querySelectorAll('.task')].filter((task) => !task.offsetParent).length"
    assert chromium.evaluate(hidden) == 0
    chromium.call("Emulation.setEmulatedMedia", media="")
    pdf = base64.b64decode(chromium.call("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") > 5


def test_dark_and_light_have_readable_ink(chromium: Browser, folder: Path) -> None:
    open_guide(chromium, folder, "one")
    look = "(() => { const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]; })()"
    seen = []
    for scheme in ("light", "dark"):
        chromium.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        seen.append(chromium.evaluate(look))
    chromium.call("Emulation.setEmulatedMedia", features=[])
    assert seen[0] != seen[1]
