"""What a check found, and how it says so: it returns when the server does what it should, and raises what is said here when not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_LONGEST = 500
"""Characters of what was received that a report tells."""


class Verdict(StrEnum):
    """The outcome of a check or a requirement.

    ``omit``: the server does not claim what is asked, and need not; ``skip``: it could not be tried, for want of a token or of something that a
    check before it would have found; ``error``: the kit or the connection failed, which says nothing about the rule.
    """

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    SKIP = "skip"
    OMIT = "omit"
    ERROR = "error"


class Unsatisfied(Exception):
    """The server did otherwise; both sides in words that a vendor can act on."""

    def __init__(self, expected: str, received: str) -> None:
        super().__init__(f"expected {expected}; received {received}")
        self.expected = expected
        self.received = received


class Skipped(Exception):
    """It could not be tried; the reason."""


class Omitted(Exception):
    """It is not claimed; the reason."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check, with the exchange that decided it (method, address and status; never a token or a note)."""

    check: str
    verdict: Verdict
    expected: str = ""
    received: str = ""
    exchange: str = ""
    seconds: float = 0.0


def expect(holds: object, expected: str, received: object) -> None:
    """Raises Unsatisfied unless it holds."""
    if not holds:
        raise Unsatisfied(plain(expected), plain(received))


def plain(told: object) -> str:
    """What a server sent, for a report: short, and without what steers a terminal."""
    return "".join(one if one.isprintable() else " " for one in _spelled(told)[:_LONGEST])


def _spelled(told: object) -> str:
    """In words, or as JSON has it: who reads a report need not know Python."""
    if told is None or told in ([], {}, (), set()):
        return "none"
    if isinstance(told, bool):
        return str(told).lower()
    if isinstance(told, (set, frozenset)):
        return ", ".join(sorted(map(_spelled, told)))
    if isinstance(told, (list, tuple)):
        return ", ".join(map(_spelled, told))
    return json.dumps(told, default=str, ensure_ascii=False) if isinstance(told, Mapping) else str(told)
