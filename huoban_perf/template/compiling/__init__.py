"""From checked files to the neutral schema, one module a kind of object.

Every function takes a ``Scope``: the tables as known so far, and the list of problems. A name that leads nowhere is a
problem with its place, and the object is built without it; so the linter and the compiler are one reading.
"""
