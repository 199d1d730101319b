"""The coder and the coding policy that a subcommand asks for."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from fhir_coder.app import build_coder
from fhir_coder.coding.policy import POLICIES, CodingPolicy
from fhir_coder.coding.ranker import Ranker
from fhir_coder.installed import ensure_index
from fhir_coder.pipeline import Coder
from fhir_coder.settings import Settings


def add_policy(command: argparse.ArgumentParser) -> None:
    """Declare ``--policy``."""
    command.add_argument(
        "--policy",
        choices=sorted(POLICIES),
        default="outpatient",
        help="outpatient (default); mentions: case reports, coded mention by mention; mentions-unlearned: without learned phrases",
    )


def load_coder(arguments: argparse.Namespace, rankers: Mapping[str, Ranker] | None = None) -> tuple[Coder, CodingPolicy]:
    """Everything loaded, a missing index built first; ``rankers`` take the place of those shipped."""
    settings = Settings.from_environment()
    ensure_index(settings)
    return build_coder(settings, rankers), POLICIES[arguments.policy](settings.assign_probability)
