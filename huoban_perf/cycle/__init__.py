"""Cycle: one module a job of the appraisal cycle; each may be repeated, killed and previewed at any moment.

Imports core, template, scoring, sync, exchange. A job is a pure function from what stands (``book``) and the day
(``context``) to a draft: rows as they should stand, findings and notices. ``work`` compares, guards, writes, confirms
and logs for all of them, so that none has its own way of writing. State moves last. ``jobs`` is the list by name.

Start reading at ``work``, then ``jobs``, then one job in the order of a cycle: ``opening``, ``progress``,
``reviewers``, ``calibrate``, ``publish``, ``interview``, ``appeals``, ``closing``. Rooms of their own: ``lite`` (what
the small app does otherwise), ``growth`` (from the small to the full app), ``workbooks`` (use cases beside the jobs:
rows as Excel and back).
"""
