"""``python -m benchmarks.dashboard``: how long the figures over many signed reviews take, and how long it takes to read them from a store."""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime, timedelta

from benchmarks.practice import TENANT, Practice
from benchmarks.timing import cpu_seconds_of, line_of
from fhir_coder.outcomes.dashboard import Range, dashboard
from fhir_coder.outcomes.grouping import By
from fhir_coder.store.cipher import new_store_key
from fhir_coder.store.outcomes import Outcomes
from fhir_coder.store.start import open_stores

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
        outcomes = stores.outcomes
        print(line_of("figures, read from the store", [cpu_seconds_of(lambda: _whole(outcomes, days)) for _ in range(ROUNDS)]))
        signed, coded = list(outcomes.signed(TENANT, days.since, days.until)), list(outcomes.coded(TENANT, days.since, days.until))
        print(f"{len(signed)} signed reviews with {sum(len(one.proposed) for one in signed)} proposed codes")
        print(line_of("figures", [cpu_seconds_of(lambda: dashboard(days, By.CODER, coded, signed)) for _ in range(ROUNDS)]))
        stores.close()
    return 0


def _whole(outcomes: Outcomes, days: Range) -> None:
    """What a page does but for its drawing."""
    dashboard(days, By.CODER, outcomes.coded(TENANT, days.since, days.until), outcomes.signed(TENANT, days.since, days.until))


if __name__ == "__main__":
    raise SystemExit(main())
