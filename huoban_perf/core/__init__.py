"""The shared words: addresses, the neutral schema, values, items, filters, changes, ports and errors.

Imports nothing of ours and no library. Every other room speaks in these words, so that none needs another's.
Start reading at ``ports`` (what a platform offers) and ``schema`` (what a template wishes); ``errors`` draws the tree
of everything that can go wrong.
"""
