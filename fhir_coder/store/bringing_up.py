"""A database when a process starts: its tables are brought up to date, once it answers.

Machines start everything at once, and databases are restarted while others start. Who serves for good therefore waits a while for one that is away, and does not wait for one that
is there: a wrong password does not get better.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from fhir_coder.errors import ConfigurationError
from fhir_coder.store.reachable import is_away
from fhir_coder.store.upgrade import upgrade

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 5.0
_LOG = logging.getLogger("fhir_coder.store")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a database is waited for that does not answer, in seconds."""

    longest_s: float = 0.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


AT_ONCE = Patience()
"""Of a command: whoever gave it sees what is amiss, and gives it again."""
FOR_GOOD = Patience(60.0)
"""Of what serves until it is told to end."""


def bring_up(engine: Engine, patience: Patience = AT_ONCE) -> None:
    """Run what migrations are missing. Raises ConfigurationError when the database is away for longer than ``patience`` lasts, and at once when it is there and
    cannot be used; then no connection is left open."""
    try:
        _bring_up(engine, patience)
    except ConfigurationError:
        engine.dispose()
        raise


def _bring_up(engine: Engine, patience: Patience) -> None:
    over, pause, has_refused = patience.clock() + patience.longest_s, FIRST_PAUSE_S, False
    while True:
        try:
            return upgrade(engine)
        except OperationalError as error:
            refusal = ConfigurationError(f"the store cannot be opened ({type(error.orig).__name__}); check FHIR_CODER_DATABASE_URL")
        left_s = over - patience.clock()
        if is_away(engine):
            if left_s <= 0:
                raise ConfigurationError(_waited(patience.longest_s))
            _LOG.warning("the database does not answer; it is waited for, %d s at the most", left_s)
            patience.sleep(min(pause, left_s))
            pause, has_refused = min(2 * pause, LONGEST_PAUSE_S), False
        elif has_refused or left_s <= 0:
            raise refusal
        else:  # once more: it may have come back between the two questions
            has_refused = True


def _waited(longest_s: float) -> str:
    waited = f" and was waited for, {longest_s:.0f} s" if longest_s else ""
    return f"the database does not answer{waited}; check FHIR_CODER_DATABASE_URL, and whether it runs"
