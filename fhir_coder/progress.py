"""Progress of long work on standard error, stage by stage."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

Report = Callable[[str, int, int], None]


@contextmanager
def stage_progress(title: str) -> Iterator[Report]:
    """A ``report(stage, done, total)`` that draws one bar for each stage."""
    bars: dict[str, tqdm] = {}

    def report(stage: str, done: int, total: int) -> None:
        if stage not in bars:
            _close(bars)
            bars[stage] = tqdm(total=total, desc=f"{title}: {stage}", file=sys.stderr, mininterval=1.0)
        bars[stage].update(done - bars[stage].n)

    try:
        yield report
    finally:
        _close(bars)


def _close(bars: dict[str, tqdm]) -> None:
    for bar in bars.values():
        bar.close()
