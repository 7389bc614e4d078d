"""The demo: a sample company or the InstEval ratings, seeded through the wire, scored, released and read back.

``script`` is the main job from beginning to end; ``company`` and ``insteval`` are the data, ``*_rows`` turn them into
rows of the app. May import core, template, deploy, sync, profile.
"""

from huoban_perf.demo.script import DemoReport, run_demo

__all__ = ["DemoReport", "run_demo"]
