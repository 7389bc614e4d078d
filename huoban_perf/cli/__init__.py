"""The command line: parse, call, render, exit. No loops over rows, no rules.

``main`` holds the list of commands and turns errors into messages; ``render`` decides how things look; ``texts`` holds
the words in both languages; ``exits`` the exit codes. One ``*_commands`` module a group. May import every room.
"""
