"""FHIR dates and date-times as moments that can be put in order (http://hl7.org/fhir/R4/datatypes.html#dateTime)."""

from __future__ import annotations

from datetime import UTC, datetime

UNDATED = datetime.min.replace(tzinfo=UTC)


def moment(text: str) -> datetime:
    """The first instant of a date or date-time; ``UNDATED``, which comes before all others, for an empty or unreadable one.

    Dates without a time count from midnight UTC: they order whole days, and nothing finer is known.
    """
    padded = text + "-01-01"[len(text) - 4 :] if len(text) in {4, 7} else text
    try:
        found = datetime.fromisoformat(padded.replace(":60", ":59"))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return UNDATED
