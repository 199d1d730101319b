"""What the notes of a few encounters say, kept for a short while in one process: a person changes codes many times, and the notes stay the same.

This is the one place where words of notes outlive a request. They are few, they leave after minutes whether or not anybody calls, and no
other process has them.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

MOST_KEPT = 16
KEPT_S = 600.0

T = TypeVar("T")


def _later(seconds: float, work: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, work)
    timer.daemon = True
    timer.start()


class KeptReadings(Generic[T]):
    """At most ``most`` things by key, each for at most ``lasts_s`` seconds after it was put in; the one used longest ago goes first.

    ``clock`` tells seconds that only rise, ``later`` does some work after so many seconds. Threads may share it.
    """

    def __init__(
        self,
        most: int = MOST_KEPT,
        lasts_s: float = KEPT_S,
        clock: Callable[[], float] = time.monotonic,
        later: Callable[[float, Callable[[], None]], None] = _later,
    ) -> None:
        self._most = most
        self._lasts_s = lasts_s
        self._clock = clock
        self._later = later
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[float, T]] = OrderedDict()

    def find(self, key: Hashable) -> T | None:
        """What was put in, if it is still here."""
        with self._lock:
            self._drop_old()
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][1]

    def put(self, key: Hashable, reading: T, lasts_s: float | None = None) -> None:
        """Keep it, for a shorter time where one is given."""
        lasts = min(self._lasts_s, self._lasts_s if lasts_s is None else lasts_s)
        with self._lock:
            self._kept[key] = self._clock() + lasts, reading
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._later(lasts, self.drop_old)

    def forget(self) -> None:
        """Drop everything."""
        with self._lock:
            self._kept.clear()

    def drop_old(self) -> None:
        """Drop what is over its time."""
        with self._lock:
            self._drop_old()

    def __len__(self) -> int:
        return len(self._kept)

    def _drop_old(self) -> None:
        now = self._clock()
        for key in [key for key, (until, _) in self._kept.items() if until <= now]:
            del self._kept[key]
