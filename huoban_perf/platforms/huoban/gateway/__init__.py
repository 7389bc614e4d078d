"""The automation gateway: captures an automation a person built once, and puts it on another workspace; off by default.

Standing: a private interface of the web page, used with a person's own login token; the vendor may change or forbid it.
Automations are never written from scratch here: no complete form was recovered, so the only documents that are posted
are ones that were read, with every id and every Chinese name bound anew. A person then opens the editor; only that
proves anything (``code: 0`` does not).

Reading order: ``endpoints``, ``envelope`` → ``directory`` (addresses ↔ ids and names of one workspace) → ``code_text``
(names inside scripts) → ``symbols`` (ids everywhere else) → ``document`` (the stored form) → ``lint`` → ``plane``.

Source: automation-plane.md §3–§8, §11.2, §12.
"""

from huoban_perf.platforms.huoban.gateway.document import Captured, read_captured
from huoban_perf.platforms.huoban.gateway.lint import lint
from huoban_perf.platforms.huoban.gateway.plane import AutomationGateway

__all__ = ["AutomationGateway", "Captured", "lint", "read_captured"]
