"""Documents: what people read, made from plans, templates and results. Data in, text or bytes out.

Files are written only by ``folder``, ``sheets.write`` and ``cycle_report.page``. May import ``core``, ``template``,
``scoring``, ``deploy``, ``sync``, ``exchange``, ``cycle``.

The guided build: what a person has to build by hand, as one HTML page, the same in Markdown, and one Excel workbook a
new table. The reader is an HR admin, so the documents are Chinese whatever the language of the command line; names are
in the language in which the app is deployed.

Reading order: ``guide`` (stages, sections, tasks: the one content of every form), ``build`` (steps → guide),
``scratch`` (the steps of an empty workspace), ``effort`` (how long each kind of task takes), ``wording`` (the sentences
of both forms), ``page`` with ``pages/`` (HTML by jinja2), ``markdown``, ``starters`` and ``workbooks``
(Excel, the only user of openpyxl), ``folder`` (writes it all).

The handbook: what each role finds and does and what each table holds, from the template alone, as one page without
script: ``handbook`` (the content), ``handbook_parts`` (template → handbook), ``drawing`` (pictures, the only user of
Graphviz), ``handbook_page``.

Results: ``sheets`` (personal result sheets), ``cycle_report`` (charts and figures of a cycle); ``labels`` reads cells
as people see them, ``printing`` makes PDF. They only read the workspace.

Promises, each with a test: the same input gives the same bytes (no clock; workbooks are packed with a fixed time); the
page loads nothing and runs nothing but its own script (a content security policy with digests says so to the browser);
every name is text, never markup or a formula; page and Markdown say the same.

Decisions: a relation is built within its table's section when its target stands by then, else in a second round, so
that most tables are opened once; a workbook holds only kinds that an import can tell from cells, for the rest is
quicker by hand than mended; a box is remembered by app, workspace and address, for a change also by what it changes to.

Source: design.md §3, §5.4 rule 4; schema-plane.md §4.3, §10, §17; issue 5 point 3.
"""

from huoban_perf.documents.build import Place, guide_of
from huoban_perf.documents.folder import write_guide
from huoban_perf.documents.guide import Guide
from huoban_perf.documents.handbook_page import write_handbook
from huoban_perf.documents.handbook_parts import handbook_of
from huoban_perf.documents.scratch import steps_from_scratch

__all__ = ["Guide", "Place", "guide_of", "handbook_of", "steps_from_scratch", "write_guide", "write_handbook"]
