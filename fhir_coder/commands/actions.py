"""What commands over a tenant's work share: actions with a tenant, and of those that go on their rounds, and the patience with a database that is away."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from fhir_coder.store.bringing_up import AT_ONCE, FOR_GOOD, Patience
from fhir_coder.tenant_settings import DEFAULT_TENANT

LONGEST_PAUSE_S = 86_400


def tenant_action(actions: argparse._SubParsersAction, name: str, told: str, run: object) -> argparse.ArgumentParser:
    """Declare an action on the work of one tenant."""
    action = actions.add_parser(name, help=told)
    action.add_argument("--tenant", default=DEFAULT_TENANT, help="whose (default: default)")
    action.set_defaults(run=run)
    return action


def pause_s(text: str) -> float:
    """Seconds between two rounds. Raises ArgumentTypeError for what is no pause."""
    if not 1 <= float(text) <= LONGEST_PAUSE_S:
        raise argparse.ArgumentTypeError(f"expected 1 to {LONGEST_PAUSE_S} seconds")
    return float(text)


def patience(goes_on: object) -> Patience:
    """One that goes on is started by a machine, and waits a while for its database."""
    return FOR_GOOD if goes_on else AT_ONCE


def in_rounds(act: Callable[[], int], every_s: float | None) -> int:
    """The exit status of one round, or rounds without end, with so many seconds between them. Of those that go on, one that fails is told in a line without its
    words: the database may be away for a while, and the next round may go better."""
    if every_s is None:
        return act()
    while True:
        try:
            act()
        except BrokenPipeError:  # nobody reads what is printed any more
            raise
        except Exception as error:  # whatever it is, it is of this round
            print(f"fhir-coder: a round failed ({type(error).__name__}); the next one is in {every_s:g} s", file=sys.stderr, flush=True)
        time.sleep(every_s)
