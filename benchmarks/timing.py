"""Times as one line of text."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

MILLISECONDS = 1000.0


def seconds_of(work: Callable[[], object]) -> float:
    """How long the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def cpu_seconds_of(work: Callable[[], object]) -> float:
    """Processor time of this process for the work: what it would take on an idle machine, however busy this one is."""
    started = time.process_time()
    work()
    return time.process_time() - started


def line_of(name: str, times: Sequence[float]) -> str:
    """Median, 95th percentile and number of the times (seconds), in milliseconds."""
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return f"{name:32} median {statistics.median(times) * MILLISECONDS:7.1f} ms   p95 {p95 * MILLISECONDS:7.1f} ms   n {len(times)}"
