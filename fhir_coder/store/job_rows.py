"""Rows of the table of jobs as values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fhir_coder.jobs.job import Job, Priority, State
from fhir_coder.store.job_tables import JobRow

PLAIN: tuple[Any, ...] = (
    JobRow.id, JobRow.tenant, JobRow.priority, JobRow.state, JobRow.attempts, JobRow.created_s, JobRow.next_attempt_s, JobRow.started_s,
    JobRow.ended_s, JobRow.expires_s, JobRow.encounter, JobRow.coding, JobRow.error,
)  # fmt: skip
"""The columns of :class:`Job`, in its order."""


def job_of(row: Sequence[Any]) -> Job:
    """The job of a row that begins with :data:`PLAIN`."""
    values = dict(zip(Job.__dataclass_fields__, row[: len(PLAIN)], strict=True))
    return Job(**values | {"state": State(values["state"]), "priority": Priority(values["priority"])})
