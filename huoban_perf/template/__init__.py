"""Templates: YAML text → checked model → desired schema, with line numbers.

Imports ``core`` only. Start at ``load`` (reads a template's files, whatever is wrong with some of them), then ``lint``
(every mistake at once; rules across files are in ``checks``) and ``compile`` (to the neutral schema). ``model`` and
``scheme_model`` state what each file may hold, ``yaml_text`` reads YAML as text with line numbers, ``faults`` words a
model's refusal, ``locate`` and ``layers`` find the files in a checkout or in an installed wheel, with what an app
includes. ``recipes`` and ``wording`` put what was compiled into words. One model and one module of ``compiling`` for
each kind of file: tables, views and forms, roles, pages, automations.
"""

from huoban_perf.template.checks.quota import sizes
from huoban_perf.template.compile import compile_schema
from huoban_perf.template.diff import Difference, DiffRisk, diff_templates
from huoban_perf.template.findings import Finding
from huoban_perf.template.json_schema import FILE_KINDS, FileKind, json_schema
from huoban_perf.template.lint import lint_template, load_template
from huoban_perf.template.load import AppTemplate
from huoban_perf.template.locate import find_template, template_names
from huoban_perf.template.plain import plain
from huoban_perf.template.recipe_text import recipe_text
from huoban_perf.template.recipes import Node, Recipe, recipes_of
from huoban_perf.template.trace import Served, trace_of
from huoban_perf.template.wording import BLOCK_NAMES, VIEW_NAMES, Wording

__all__ = [
    "BLOCK_NAMES",
    "FILE_KINDS",
    "VIEW_NAMES",
    "AppTemplate",
    "DiffRisk",
    "Difference",
    "FileKind",
    "Finding",
    "Node",
    "Recipe",
    "Served",
    "Wording",
    "compile_schema",
    "diff_templates",
    "find_template",
    "json_schema",
    "lint_template",
    "load_template",
    "plain",
    "recipe_text",
    "recipes_of",
    "sizes",
    "template_names",
    "trace_of",
]
