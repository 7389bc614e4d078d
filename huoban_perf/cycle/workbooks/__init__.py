"""Workbooks: rows leave as Excel and come back; an import is a draft like any job's.

``columns`` (which there are, who may change them) → ``outgoing`` → ``incoming`` (what people changed).
"""
