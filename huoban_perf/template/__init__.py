"""Templates: YAML text → checked model → desired schema, with line numbers.

Imports ``core`` only. Start at ``load`` (reads a template's files and reports every mistake at once), then ``lint``
(rules across files) and ``compile`` (to the neutral schema). ``model`` states what each file may hold; ``locate`` finds
the files in a checkout or in an installed wheel. Further files (views, roles, forms, pages, automations) are further
models beside ``TableText``.
"""

from huoban_perf.template.compile import compile_schema
from huoban_perf.template.json_schema import table_json_schema
from huoban_perf.template.lint import Finding, lint_template
from huoban_perf.template.load import AppTemplate, load_template
from huoban_perf.template.locate import find_template, template_names

__all__ = [
    "AppTemplate",
    "Finding",
    "compile_schema",
    "find_template",
    "lint_template",
    "load_template",
    "table_json_schema",
    "template_names",
]
