"""Moving house: an app's items go from one workspace to another, on the same platform or a different one.

``carry`` is the job: ``survey`` reads both sides and lays each item beside its twin, ``wish`` says how an item should
stand at the other end and what cannot be carried, ``carry`` creates what is missing, then fills in what had to wait
until every item had an id (relations that go round in a circle), then reads both sides anew and compares them cell by
cell. ``memory`` is the file that lets a killed move go on and a second one write nothing.

Promises: nothing is written twice, however often a run is killed; what somebody changed at the other end since is never
overwritten unasked; what cannot be carried is said before anything is written, item by item; nothing is ever deleted.
"""

from huoban_perf.sync.move.carry import Carried, Comparison, Difference, carry, compare_sides, demand_ours
from huoban_perf.sync.move.memory import MoveMemory, memory_path
from huoban_perf.sync.move.people import Directory, People, meet, read_people
from huoban_perf.sync.move.survey import Ends, Reading, Survey, TableCount, read_ends, survey
from huoban_perf.sync.move.wish import Loss

__all__ = [
    "Carried",
    "Comparison",
    "Difference",
    "Directory",
    "Ends",
    "Loss",
    "MoveMemory",
    "People",
    "Reading",
    "Survey",
    "TableCount",
    "carry",
    "compare_sides",
    "demand_ours",
    "meet",
    "memory_path",
    "read_ends",
    "read_people",
    "survey",
]
