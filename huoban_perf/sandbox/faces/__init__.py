"""Requests and answers: ``v1`` speaks the platform's wire, ``control`` is our own plane beside it.

Neither holds a rule of the platform: those are in ``world`` and ``rules``.
"""
