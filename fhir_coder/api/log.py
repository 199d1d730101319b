"""Logs as lines of JSON on standard error.

A line never holds a query, a body or a message of a foreign exception: those can quote a note. An exception is logged by its type and the
places it went through.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from logging.config import dictConfig
from types import TracebackType
from typing import Any

ACCESS = "fhir_coder.access"
ERRORS = "fhir_coder.errors"
FIELDS = "fields"
"""Name of the ``extra`` that carries a mapping of further JSON fields."""


class JsonFormatter(logging.Formatter):
    """One record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Time (UTC), level, logger, message, the record's fields and, for an exception, its type and places."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, FIELDS, {}))
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["places"] = list(places(record.exc_info[2]))
        return json.dumps(line, ensure_ascii=False, default=str)


def kind_of(error: Exception) -> str:
    """What kind of error it is, and what the operating system or a database calls it (``No space left on device``, ``SQLITE_FULL``); no values."""
    cause = getattr(error, "orig", None) or error
    called = cause.strerror if isinstance(cause, OSError) else getattr(cause, "sqlite_errorname", "") or getattr(cause, "sqlstate", "")
    return f"{type(error).__name__} ({called})" if called else type(error).__name__


def places(trace: TracebackType | None) -> Iterator[str]:
    """``file:line function`` of every frame, outermost first; no source lines, no values."""
    for frame in traceback.extract_tb(trace):
        yield f"{frame.filename}:{frame.lineno} {frame.name}"


QUIET = ("alembic", "urllib3", "werkzeug", "sqlalchemy.engine")
"""Libraries that log addresses with queries, or statements, below WARNING."""
QUIET_OF_CELERY = ("amqp", "kombu", "celery.app.trace", "celery.pool", "celery.worker.strategy")
"""What would log each message and its arguments; each job has a line of ours."""


def configure_logging(level: str) -> None:
    """Send every logger to standard error as JSON; libraries that would say too much are kept quiet."""
    dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": JsonFormatter}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"level": level, "handlers": ["stderr"]},
            "loggers": {name: {"level": "WARNING"} for name in (*QUIET, *QUIET_OF_CELERY)}
            | {"celery": {"level": "INFO" if level == "DEBUG" else level}},
        }
    )
