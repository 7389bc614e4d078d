"""Readers of the two forms, written apart from the writers: a page or a Markdown text back into plain tasks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "img"}


@dataclass
class Read:
    """One task as a reader sees it."""

    name: str = ""
    does: str = ""
    kind: str = ""
    flags: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)
    help: str | None = None
    heading: str = field(default="", compare=False)


class Page(HTMLParser):
    """The page's tasks, headings, attributes and text; every tag has to be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.tasks: list[Read] = []
        self.headings: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if tag in VOID:
            return
        name = found.get("class", "")
        self.open.append((tag, name))
        if (tag, name) == ("li", "task"):
            self.tasks.append(Read(heading=self.headings[-1]))
        if tag in {"h1", "h2", "h3"}:
            self.headings.append("")
        if tag == "script":
            self.scripts.append("")
        if tag == "style":
            self.styles.append("")
        if tag in {"span", "b"} and self.tasks:
            task = self.tasks[-1]
            {"mark": task.flags, "excel": task.flags, "setting": task.settings, "choice": task.choices}.get(
                name, []
            ).append("")
        if tag == "q":
            self.tasks[-1].help = ""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if not self.open:
            return
        tag, name = self.open[-1]
        if tag == "script":
            self.scripts[-1] += data
            return
        if tag == "style":
            self.styles[-1] += data
            return
        self.text += data
        if any(opened in {"h1", "h2", "h3"} for opened, _ in self.open):
            self.headings[-1] += data
        if self.tasks:
            self._of_task(self.tasks[-1], tag, name, data)

    def _of_task(self, task: Read, tag: str, name: str, data: str) -> None:
        if tag == "q":
            task.help = (task.help or "") + data
        elif name in {"name", "does", "kind"}:
            setattr(task, name, getattr(task, name) + data)
        else:
            lists = {"mark": task.flags, "excel": task.flags, "setting": task.settings, "choice": task.choices}
            if name in lists:
                lists[name][-1] += data

    def attributes(self, name: str) -> list[str]:
        return [found[name] for _, found in self.tags if name in found]


_SPAN = re.compile(r"(`+)(.+?)(?<!`)\1(?!`)")


def uncode(text: str) -> str:
    """Read a code span as CommonMark does: one space on both sides is dropped."""
    found = _SPAN.search(text)
    assert found, text
    inner = found[2]
    return inner[1:-1] if inner[0] == inner[-1] == " " and inner.strip() else inner


def unprose(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def markdown_tasks(text: str) -> list[Read]:
    tasks: list[Read] = []
    for line in text.split("\n"):
        if line.startswith("- [ ] "):
            span = _SPAN.search(line)
            assert span, line
            task = Read(name=uncode(line), does=line[6 : span.start()].strip())
            facts = [unprose(fact) for fact in line[span.end() :].split(" · ")[1:]]
            for fact in facts:
                if fact.startswith("**"):
                    task.flags.append(fact.strip("*"))
                elif not task.kind and not task.does and not task.flags and not task.settings:
                    task.kind = fact
                else:
                    task.settings.append(fact)
            tasks.append(task)
        elif re.match(r"    \d+\. `", line):
            tasks[-1].choices.append(uncode(line))
        elif line.startswith("  - 填写提示: "):
            tasks[-1].help = uncode(line)
    return tasks
