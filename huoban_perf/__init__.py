"""huoban_perf: provision a performance-management app on a no-code platform, score its cycles, write results back.

The rooms, from the bottom up: ``core`` (shared words), ``template`` and ``scoring``, ``deploy``, ``sync``,
``platforms`` and ``sandbox``, ``profile`` (where concrete classes meet), ``demo``, ``cli``. Each room's docstring is
its charter.
"""

__version__ = "0.1.0"
__all__ = ["__version__"]
