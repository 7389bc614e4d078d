"""Cycle: one module a job of the appraisal cycle; each may be repeated, killed and previewed at any moment.

Imports core, template, scoring, sync, exchange. A job is a pure function from what stands (``book``) and the day
(``context``) to a draft: rows as they should stand, findings and notices. ``work`` compares, guards, writes, confirms
and logs for all of them, so that none has its own way of writing. State moves last. ``jobs`` is the list by name.

Two use cases beside the jobs: ``workbook_export`` and ``workbook_import`` (with ``workbook_columns``: which columns,
who may change them); an import is a draft like any job's.
"""
