"""Automation: the one executor of what templates declare: picked actions, item events, schedules, buttons.

Imports core and sync. ``events`` finds what happened by polling, ``noticing`` turns it into firings, kept in a
``Ledger`` until they are done, ``actions`` moves rows by the state machines, ``persons`` tells who acted, ``effects``
carries out steps, ``outgoing`` gathers what they change into few requests, ``children`` moves the rows that follow by
their own machines, ``expressions`` works out what is written, ``clockwork`` knows when schedules come round. A firing
is tried again when the platform fails and parked where a person sees it. The platform's own automations may do the same
at once: then the executor finds everything done and changes nothing.
"""

from huoban_perf.automation.executor import Executor
from huoban_perf.automation.firings import Cause, Firing, FiringState, Ledger, Settled
from huoban_perf.automation.surroundings import GuardCheck, Surroundings, Verdict
from huoban_perf.automation.tally import GivenUp, Round

__all__ = [
    "Cause",
    "Executor",
    "Firing",
    "FiringState",
    "GivenUp",
    "GuardCheck",
    "Ledger",
    "Round",
    "Settled",
    "Surroundings",
    "Verdict",
]
