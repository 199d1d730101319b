"""What an EHR answers, read for a page: where it is not in the form that FHIR gives it, the page shows less and does not fail."""

from __future__ import annotations

from typing import Any


def listed(value: Any) -> list[Any]:
    """The elements of a list; none where it is no list."""
    return value if isinstance(value, list) else []


def words(value: Any) -> str:
    """The printable letters of a text; empty where it is none. Half a letter (a lone surrogate, which JSON can hold) is no letter to send."""
    return "".join(letter for letter in value if letter.isprintable()) if isinstance(value, str) else ""


def member(value: Any, name: str) -> Any:
    """A member of an object, or None."""
    return value.get(name) if isinstance(value, dict) else None
