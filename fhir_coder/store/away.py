"""What a database raises that takes no statements now: it is away, ends, or has no connection left. Another moment may be better."""

from __future__ import annotations

from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

AWAY: tuple[type[Exception], ...] = (InterfaceError, OperationalError, TimeoutError)
