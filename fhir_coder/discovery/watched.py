"""Values of discovery: an encounter that was found, one that is watched, and how far a way has come."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

BY_IDENTIFIER = "identifier:"
"""How the place of an encounter begins that is known by a business identifier only, ``system|value``, until the EHR tells its id."""


class WatchState(StrEnum):
    """``waiting``: there is something to come, a signature or the end of the visit. ``taken``: a job was taken on, and it is looked at again for changes.
    ``closed``: nothing is expected of it; it is watched again when a way finds it changed."""

    WAITING = "waiting"
    TAKEN = "taken"
    CLOSED = "closed"


class Why(StrEnum):
    """Why an encounter stands as it does, in a word for the operator."""

    FOUND = "found"
    UNKNOWN = "unknown-at-ehr"
    UNFINISHED = "unfinished"
    NO_NOTE = "no-note"
    UNSIGNED = "unsigned"
    SETTLING = "settling"
    UNCODABLE = "uncodable"
    REFUSED = "ehr-refuses"
    FAILED = "ehr-failed"
    QUEUED = "queued"
    UNCHANGED = "unchanged"
    NOT_A_VISIT = "not-a-visit"
    INPATIENT = "inpatient"
    DELETED = "deleted"
    AMBIGUOUS = "ambiguous-identifier"
    RESOLVED = "resolved"
    TOO_LATE = "too-late"
    REREAD = "reread-over"
    TOO_OFTEN = "too-often"


@dataclass(frozen=True, slots=True)
class Found:
    """An encounter that a way found: its id, or :data:`BY_IDENTIFIER` and the identifier. ``seen`` is the hash of the Encounter as it was found, empty
    where somebody only named it: then it is looked at in any case."""

    encounter: str
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    """An encounter that is the caller's to look at, under ``claim``. Times are epoch seconds. ``version`` is the hash of what bore on the codes when a job was
    last taken on (empty: none was), ``pending`` of what was seen since ``pending_s`` and settles (where it is empty, ``pending_s`` is when the texts were last
    compared with those that were coded); ``jobs`` counts, ``job`` is the last one's id."""

    key: int
    encounter: str
    state: WatchState
    version: str
    pending: str
    pending_s: int
    found_s: int
    taken_s: int
    jobs: int
    job: str
    claim: str

    @property
    def compared_s(self) -> int:
        """When its texts were last compared with those that were coded, 0: never."""
        return 0 if self.pending else self.pending_s


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a way has come: ``mark`` is a moment or a day, empty before the first search; ``place`` the last of a list of people that was gone through in a
    sweep that has not ended, or empty."""

    mark: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """Up to when a way has searched, and when (epoch seconds) that was written down."""

    way: str
    mark: str
    changed_s: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many encounters of an EHR stand so, and when the oldest of them was found."""

    state: WatchState
    reason: str
    count: int
    oldest_s: int
