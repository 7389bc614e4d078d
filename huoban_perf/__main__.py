"""``python -m huoban_perf`` is ``huoban-perf``."""

from huoban_perf.cli.main import main

if __name__ == "__main__":
    main()
