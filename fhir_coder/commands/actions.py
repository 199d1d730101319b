"""What commands over a tenant's work share: actions with a tenant, and of those that go on the pause, and the patience with a database that is away."""

from __future__ import annotations

import argparse

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
