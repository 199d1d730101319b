"""A job: one encounter to be coded, whose caller does not wait for the answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum


class State(Enum):
    """Where a job stands. ``waiting`` and ``running`` are open; the others are ends, of which a person may open ``dead`` again."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """The answer is an error that another try would not change."""
    DEAD = "dead"
    """It was tried as often as jobs are, and never came to an end. What is to be coded is kept, for a person to try it again."""
    CANCELLED = "cancelled"


OPEN = (State.WAITING, State.RUNNING)
ANSWERED = (State.DONE, State.FAILED, State.DEAD)
"""Ends that the caller gets an answer of."""


class Priority(IntEnum):
    """Which waiting jobs go first."""

    INTERACTIVE = 0
    BULK = 1


@dataclass(frozen=True, slots=True)
class Job:
    """A job without what is to be coded and what came out. Times are epoch seconds, 0: not yet.

    ``attempts`` counts the tries that were begun; ``next_attempt_s`` is when the next may begin; ``expires_s`` when the job goes with all that it
    holds. ``coding`` is the id of the coding that it made, ``error`` our number of the last error, ``run`` the bulk run that takes the answer, each empty
    where there is none.
    """

    id: str
    tenant: str
    priority: Priority
    state: State
    attempts: int
    created_s: int
    next_attempt_s: int
    started_s: int
    ended_s: int
    expires_s: int
    encounter: str
    coding: str
    error: str
    run: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it has not come to an end."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that is the caller's to do, and what is asked, as :mod:`fhir_coder.jobs.asked` wrote it, or empty where no key opens it. ``lease`` is unlike that of any other claim: what
    another took over meanwhile is not the caller's to end."""

    job: Job
    lease: str
    asked: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller is told at the end: the HTTP status that the call would have had, and the resource, as FHIR JSON."""

    status: int
    resource: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asked, in words that tell one caller of a tenant from another, and the random part of the job's address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A job as its caller sees it: what the answer is, once there is one, and how many of the tenant's jobs go before it while it waits."""

    job: Job
    answer: Answer | None
    before: int


@dataclass(frozen=True, slots=True)
class JobLimits:
    """``waiting``: most open jobs of a tenant, beyond which new ones are refused; ``at_once``: most of its jobs that are handed out together, so that
    one tenant's night does not keep the others waiting; ``attempts``: how often a job is tried; ``lease_s``: how long a claim lasts that is not renewed;
    ``kept_s``: how long an answer is kept, ``dead_s`` how long what was given up."""

    waiting: int = 1000
    at_once: int = 8
    attempts: int = 5
    lease_s: int = 30
    kept_s: int = 24 * 3600
    dead_s: int = 7 * 24 * 3600
