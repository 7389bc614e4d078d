"""Lite: the jobs where the small app of eight tables does them in its own way; all others serve both apps.

In the order of a cycle: ``opening``, ``goals``, ``after`` (the release). ``jobs`` in the room chooses by ``is_lite``.
"""
