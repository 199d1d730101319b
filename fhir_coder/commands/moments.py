"""Moments as operators write them."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime


def moment(text: str) -> datetime:
    """A date or time of ISO 8601, aware: UTC unless it says otherwise. Raises ArgumentTypeError."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("expected a date or time of ISO 8601") from error
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
