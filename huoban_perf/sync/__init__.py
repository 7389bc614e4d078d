"""Sync: extract, score, compare, write back, confirm; stored runs. Every job may be repeated at any moment.

Imports core, template, scoring. ``app`` is what every job works on. The flow, in reading order: ``extract`` (the
workspace once, as the files of ``score run``; ``extract_map`` and ``paths`` say which field feeds which column),
``scheme`` (the scheme document from its tables), ``stretches`` and ``stretch_rules`` (任职记录: days in service),
``results`` (the engine's answer in neutral values), ``score`` (the job), ``write_back`` and ``confirm`` (only the
difference, read back), ``release`` (the decider's act). ``snapshot`` is a table as read, ``wanted`` a row as
wished, ``runs`` the stored runs, ``cost`` the fewest requests that could do the work.
"""
