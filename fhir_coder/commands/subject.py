"""A patient or an encounter as it is named on the command line."""

from __future__ import annotations

import argparse

from fhir_coder.errors import RequiredMissing
from fhir_coder.fhir_id import FHIR_ID


def patient_reference(text: str) -> str:
    """``Patient/7`` of ``7`` or ``Patient/7``. Raises ArgumentTypeError."""
    return _reference("Patient", text)


def encounter_reference(text: str) -> str:
    """``Encounter/7`` of ``7`` or ``Encounter/7``. Raises ArgumentTypeError."""
    return _reference("Encounter", text)


def add_subject(command: argparse.ArgumentParser, encounter: str) -> None:
    """Declare ``--patient`` and, by the name given, the encounter: a word of its own or an option."""
    places = None if encounter.startswith("-") else "?"
    command.add_argument(encounter, nargs=places, type=encounter_reference, metavar="ENCOUNTER", help="Encounter/ID, or the ID alone")
    command.add_argument("--patient", type=patient_reference, metavar="PATIENT", help="Patient/ID, or the ID alone")


def subject_of(arguments: argparse.Namespace) -> str:
    """The one that was named. Raises RequiredMissing unless exactly one was."""
    if bool(arguments.encounter) == bool(arguments.patient):
        raise RequiredMissing("name an encounter or, with --patient, a patient")
    return arguments.encounter or arguments.patient


def _reference(kind: str, text: str) -> str:
    name = text.removeprefix(f"{kind}/")
    if not FHIR_ID.fullmatch(name):
        raise argparse.ArgumentTypeError(f"expected {kind}/ID, or an ID of letters, digits, hyphens and dots")
    return f"{kind}/{name}"
