"""What a line of a receipt says of trying again: by the HTTP status that it begins with."""

from __future__ import annotations

from fhir_coder.exchange import Resource

TRIED_AGAIN = frozenset({401, 408, 409, 412, 429})
"""Refusals that need not last: another token, another moment, another version."""
_SERVER_ERROR = 500


def number_of(line: Resource) -> int:
    """The HTTP status of a line."""
    return int(line["status"][:3])


def passes(number: int) -> bool:
    """Whether a failure with that status may be gone at the next attempt."""
    return number in TRIED_AGAIN or number >= _SERVER_ERROR
