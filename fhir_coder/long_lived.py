"""Objects that stay as long as the process: the collector of cyclic garbage is kept from looking through them again and again.

Loading makes a million objects and hardly any garbage, yet the collector goes through all of them every time their number has grown by a quarter:
a third of the time of a start. After a fork it would also write to every page it looks at, and each worker would end with a copy of its own
(https://docs.python.org/3/library/gc.html#gc.freeze).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No collection while the block loads what stays; afterwards as before."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def keep_for_good() -> None:
    """Nothing made until now is looked through again: for the parent, right before the workers fork."""
    gc.freeze()
