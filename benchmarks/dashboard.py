"""``python -m benchmarks.dashboard``: how long the figures over many signed reviews take, and how long it takes to read them from a store."""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime, timedelta

from benchmarks.practice import TENANT, Practice
from benchmarks.timing import cpu_seconds_of, line_of, seconds_of
from fhir_coder.outcomes.dashboard import Range, dashboard
from fhir_coder.outcomes.grouping import By
from fhir_coder.outcomes.signed_line import lines_of
from fhir_coder.store.cipher import new_store_key
from fhir_coder.store.start import Stores, open_stores

ROUNDS = 5


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=int, default=10_000, help="how many signed reviews (default: 10000)")
    reviews: int = parser.parse_args().reviews
    with tempfile.TemporaryDirectory() as folder:
        url, key, last = f"sqlite:///{folder}/store.sqlite", new_store_key(), datetime.now(UTC)
        practice = Practice(url, key, last)
        practice.fill(reviews)
        practice.close()
        stores = open_stores(url, key)
        days = Range(last.date() - timedelta(days=40), last.date())
        bounds = days.since, days.until
        print(line_of("figures, read from the store", [cpu_seconds_of(lambda: _whole(stores, days)) for _ in range(ROUNDS)]))
        print(line_of("the same, by the clock", [seconds_of(lambda: _whole(stores, days)) for _ in range(ROUNDS)]))
        signed, coded = list(stores.signed_lines.lines(TENANT, *bounds)), list(stores.outcomes.coded(TENANT, *bounds))
        print(f"{len(signed)} signed reviews with {sum(len(one.counted.proposed) for one in signed)} proposed codes")
        print(line_of("figures", [cpu_seconds_of(lambda: dashboard(days, By.CODER, coded, signed)) for _ in range(ROUNDS)]))
        print(line_of("from all decisions", [cpu_seconds_of(lambda: list(stores.outcomes.signed(TENANT, *bounds)))]))
        if lines_of(stores.outcomes.signed(TENANT, *bounds)) != tuple(signed):
            raise RuntimeError("the lines are not what the decisions lead to")
        stores.close()
    return 0


def _whole(stores: Stores, days: Range) -> None:
    """What a page does but for its drawing."""
    bounds = days.since, days.until
    dashboard(days, By.CODER, stores.outcomes.coded(TENANT, *bounds), stores.signed_lines.lines(TENANT, *bounds))


if __name__ == "__main__":
    raise SystemExit(main())
