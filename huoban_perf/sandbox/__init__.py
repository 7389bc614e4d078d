"""An embedded workspace that speaks the platform's wire protocol, with faults on demand.

May import ``core`` only, and shares no code with the client: the two meet in ``tests/contract/wire`` (twins rule,
design.md §9). Outside the standard library: flask (with jinja2 in ``web``), waitress, simplejson; requests only in
``inprocess`` and ``callbacks``; sqlite3 only in ``store``.

======================  ===================================================================================
``rules``               every unproven behaviour as a named switch with its open question; three modes
``world``               state and rules, no HTTP; start at ``world/state.py``: one call = one transaction
``world/access``        what a key that acts as a person may see and change; evaluated by ``core.permissions``
``store``               durable SQLite, items as JSON text, an index of comparable values; one process a file
``faces/v1``            the platform's paths, envelope, codes, shapes (``/openapi/v1``)
``faces/v2``            the recovered tables plane (``/v2``): tickets and logins, create and update
``faces/paas``          the private automation gateway (``/paas``, ``/paasapi``): stores documents, executes none
``faces/planes``        what the planes beside v1 share: identities, statuses, the fidelity header
``faces/control``       our plane beside it (``/_sandbox``): build, load, dump, clock, mode, limits, faults
``faults``              what goes wrong, where, when, how often
``web``                 the workspace in a browser, for people: its own charter
``server``              opens, makes the application, serves on 127.0.0.1
``inprocess``           the same application on a ``requests.Session``
``callbacks``           pushes results to a key's callback address
``cipher``              seals what is pushed for a key that has an Encrypt Key (a guess of the platform's scheme)
======================  ===================================================================================

A batch is accepted (durable, answered), applied some requests later, and its result pushed; a request is a tick. The
world's clock starts where it is told, moves a second with each accepted write, and more by control: the same script
always gives the same bytes. API keys are made from the seed, so they protect nothing: the server listens on loopback,
and told to listen elsewhere it lets only the pages be used from there.
"""

from huoban_perf.sandbox.inprocess import mount
from huoban_perf.sandbox.server import RunningServer, create_app, open_world, serve
from huoban_perf.sandbox.web.port import Behaviour, Offer
from huoban_perf.sandbox.world import World

__all__ = ["Behaviour", "Offer", "RunningServer", "World", "create_app", "mount", "open_world", "serve"]
