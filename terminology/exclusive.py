"""One process at a time: a lock that dies with its holder, so that what it left behind is safe to clear."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(lock: Path, leftovers: Sequence[str] = ()) -> Iterator[None]:
    """Wait for the lock and hold it; then clear folders beside it whose names begin with one of ``leftovers``: a killed holder's."""
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        for prefix in leftovers:
            for folder in lock.parent.glob(f"{prefix}*"):
                shutil.rmtree(folder, ignore_errors=True)
        yield


@contextmanager
def exclusive_if_free(lock: Path) -> Iterator[bool]:
    """Hold the lock where nobody else does; whether it is held. A lock file that cannot be written counts as somebody else's."""
    try:
        stream = lock.open("w")
    except OSError:
        yield False
        return
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
