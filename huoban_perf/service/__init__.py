"""Service: the process that runs the cycle: schedule, occurrences, worker, outbox, callback endpoint, metrics, units.

Imports core, cycle, automation, notices, profile. Work is durable as *occurrences* (profile, job, due time) under a
lease with a fencing number: SQLite for one machine, Redis for several; a queue is only a doorbell. ``schedule`` is
pure, ``tick`` is one round of everything, ``loop`` repeats it until told to stop. The jobs themselves are handed in as
callables, so that nothing here knows a table. ``handover`` puts what is remembered of one place into the ids of another
when the app moves house.
"""
