"""What a run asks of workers on other machines, and what it has from them: lines that only have to be written down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from fhir_coder.jobs.job import Job


@dataclass(frozen=True, slots=True)
class Ask:
    """``encounter`` is a reference, ``asked`` what :mod:`fhir_coder.jobs.asked` wrote of it."""

    encounter: str
    asked: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A job at its end, and what :func:`write_answer` made of its coding or error; empty where it came to neither, or the coding was deleted."""

    job: Job
    answer: str


@dataclass(frozen=True, slots=True)
class Made:
    """``version`` is the digest of what was coded, as :class:`fhir_coder.bulk.gathering.Gathered` has it; ``lines`` are by resource type."""

    version: str
    lines: Mapping[str, bytes]


def write_answer(made: Made) -> str:
    """As text."""
    return json.dumps({"version": made.version, "lines": {kind: lines.decode("utf-8") for kind, lines in made.lines.items()}})


def read_answer(text: str) -> Made:
    """What :func:`write_answer` wrote; nothing of an empty text."""
    if not text:
        return Made("", {})
    content = json.loads(text)
    return Made(content["version"], {kind: lines.encode("utf-8") for kind, lines in content["lines"].items()})
