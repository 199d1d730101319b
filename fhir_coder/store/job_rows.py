"""Rows of the table of jobs as values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from fhir_coder.jobs.job import Job, Priority, State
from fhir_coder.store.job_tables import JobRow
from fhir_coder.store.turns import take_turns

PLAIN: tuple[Any, ...] = (
    JobRow.id, JobRow.tenant, JobRow.priority, JobRow.state, JobRow.attempts, JobRow.created_s, JobRow.next_attempt_s, JobRow.started_s,
    JobRow.ended_s, JobRow.expires_s, JobRow.encounter, JobRow.coding, JobRow.error, JobRow.run,
)  # fmt: skip
"""The columns of :class:`Job`, in its order."""
IN_TURN = (JobRow.priority, JobRow.next_attempt_s, JobRow.key)
"""The order in which waiting jobs are done."""


def job_of(row: Sequence[Any]) -> Job:
    """The job of a row that begins with :data:`PLAIN`."""
    values = dict(zip(Job.__dataclass_fields__, row[: len(PLAIN)], strict=True))
    return Job(**values | {"state": State(values["state"]), "priority": Priority(values["priority"])})


def take_turn(connection: Connection, tenant: str) -> None:
    """Keep others from taking on or claiming jobs of the tenant until the transaction ends, so that no two of them count the same."""
    take_turns(connection, (f"jobs {tenant}",))
