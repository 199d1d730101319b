"""Many encounters at workers on other machines: each is handed over as a job, with its piece of the export, and comes back as lines.

A bounded number of jobs is open at a time. What has ended is taken in batches: the lines are written, and in one transaction the store learns how each encounter
ended and the jobs go. So an encounter has ended, or has a job, or has neither and is handed over by whoever resumes the run; never two of these. Whatever fails on the
way is begun anew from what the store knows.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from fhir_coder.api.log import FIELDS, kind_of, places
from fhir_coder.bulk.ended import Did, End, Ended, EndedBefore
from fhir_coder.bulk.export import Export
from fhir_coder.bulk.of_workers import Ask, Taken, read_answer
from fhir_coder.bulk.parts import Part
from fhir_coder.bulk.piece import piece_of
from fhir_coder.bulk.work import Ends, Named
from fhir_coder.errors import ConfigurationError, JobGivenUp, WorkerLost
from fhir_coder.exchange import CodingRequest
from fhir_coder.jobs.asked import Asked, written
from fhir_coder.jobs.job import State

_LOG = logging.getLogger("fhir_coder.bulk")
AT_ONCE = 50
"""Jobs that are taken, or handed over, in one transaction."""
BYTES_AT_ONCE = 32 * 1024 * 1024
"""Of what is asked, beyond which nothing more is handed over in one transaction: scanned documents are large, and all of it is held in memory."""
LOOKS_S = 0.2
"""How long is waited between two looks at what has ended, so that few transactions take many jobs."""
SILENT_S = 60.0
"""After so long without an encounter that came back a person is told, and the store is asked anew what is open."""
FAILS_IN_A_ROW = 12
"""How often in a row the store or the disk may fail before the run stops."""
LONGEST_PAUSE_S = 60.0
_ENDS = {State.DONE: End.CODED, State.FAILED: End.FAILED}


class RunJobs(Protocol):
    """What this needs of :class:`fhir_coder.store.run_jobs.RunJobs`."""

    def room(self, tenant: str) -> int:
        """How many more there may be."""

    def take_on(self, tenant: str, run: str, asks: Sequence[Ask]) -> int:
        """How many of them were taken on."""

    def encounters(self, tenant: str, run: str) -> Sequence[str]:
        """Those that have jobs."""

    def ended(self, tenant: str, run: str, most: int) -> Sequence[Taken]:
        """Jobs at their end."""

    def forget(self, connection: Any, tenant: str, run: str, jobs: Sequence[str]) -> None:
        """What was taken goes."""

    def take_back(self, tenant: str, run: str) -> int:
        """What has not ended goes."""


@dataclass
class Collector:
    """``begin_part`` begins a part of the output; ``hand_out`` has the workers told of jobs;
    ``window`` is how many jobs of the run there are at most; ``told`` takes a sentence for the person who waits."""

    named: Named
    export: Export
    jobs: RunJobs
    ends: Ends
    begin_part: Callable[[], Part]
    hand_out: Callable[[], None] = lambda: None
    window: int = AT_ONCE
    told: Callable[[str], None] = lambda sentence: None
    pause: Callable[[float], None] = time.sleep
    _part: Part | None = None
    _known: set[str] | None = None
    _met: set[str] = field(default_factory=set)
    _waiting: deque[str] = field(default_factory=deque)
    _is_through: bool = False

    def each(self, encounters: Iterator[str]) -> Generator[Did]:
        """What becomes of each encounter, as it comes back. Raises WorkerLost where the store or the disk fails again and again, and ConfigurationError."""
        failed, heard = 0, time.monotonic()
        while True:
            try:
                known = self._recall()
                came = self._collect()
                self._hand_over(encounters)
            except ConfigurationError:
                raise
            except (
                Exception
            ) as error:  # the database may be away for a while, or the disk full: what counts is what the store knows afterwards
                failed, self._known = failed + 1, None
                _tell_of(self.named.run, error)
                if failed > FAILS_IN_A_ROW:
                    raise WorkerLost(
                        f"store or disk fail again and again, {kind_of(error)}; the run was stopped and can be resumed"
                    ) from None
                self.pause(min(LONGEST_PAUSE_S, LOOKS_S * 2**failed))
                continue
            failed = 0
            yield from came
            heard = time.monotonic() if came else heard
            if self._is_through and not known and not self._waiting:
                return
            if time.monotonic() - heard > SILENT_S:
                heard, self._known = time.monotonic(), None
                self.told(_silence(len(known)))
            if len(came) < AT_ONCE:
                self.pause(LOOKS_S)

    def end(self) -> Generator[Did]:
        """Take what workers have done, and the rest back from them: for a run that goes on without them."""
        self.jobs.take_back(self.named.tenant, self.named.run)
        while came := self._collect():
            yield from came

    def _recall(self) -> set[str]:
        """References of the encounters that have jobs, from the store where it is not certain. They are not handed over once more, also when they have come back."""
        if self._known is None:
            self._known = set(self.jobs.encounters(self.named.tenant, self.named.run))
            self._met |= self._known
        return self._known

    def _collect(self) -> list[Did]:
        taken = self.jobs.ended(self.named.tenant, self.named.run, AT_ONCE)
        try:
            return self._keep(taken) if taken else []
        except EndedBefore:
            return [did for one in taken for did in self._keep_alone(one)]

    def _keep_alone(self, one: Taken) -> list[Did]:
        try:
            return self._keep([one])
        except EndedBefore:
            with self.ends.writing() as connection:
                self.jobs.forget(connection, self.named.tenant, self.named.run, [one.job.id])
            self._came_back([one])
            return [(_id_of(one), None, "")]

    def _keep(self, taken: Sequence[Taken]) -> list[Did]:
        """All of them, or none: how each ended, their lines, and that the jobs are gone."""
        part, made = self._sure_part(), [read_answer(one.answer) for one in taken]
        lines = [one.lines for one in made]
        lengths = list(part.lengths_with(lines))
        ended = [
            Ended(one.job.encounter, its.version, *_end_of(one), one.job.coding, part.number, length)
            for one, its, length in zip(taken, made, lengths, strict=True)
        ]
        with self.ends.writing() as connection:
            self.ends.record(connection, self.named.tenant, self.named.run, *ended)
            self.jobs.forget(connection, self.named.tenant, self.named.run, [one.job.id for one in taken])
            part.write(lines)
        for length in lengths:
            part.keep(length)
        self._came_back(taken)
        return [(_id_of(one), *_end_of(one)) for one in taken]

    def _came_back(self, taken: Sequence[Taken]) -> None:
        """They have no jobs any more; what was not known to have one is not handed over once more."""
        known, gone = self._known or set(), {one.job.encounter for one in taken}
        self._met |= gone - known
        known -= gone

    def _hand_over(self, encounters: Iterator[str]) -> None:
        """As many as there is room for."""
        known = self._recall()
        room = min(self.window - len(known), AT_ONCE)
        if room > 0:
            room = min(room, self.jobs.room(self.named.tenant))
        self._refill(encounters, room)
        if room <= 0 or not self._waiting:
            return
        asks = self._asks(room)
        for ask in asks[: self.jobs.take_on(self.named.tenant, self.named.run, asks)]:
            known.add(ask.encounter)
            self._waiting.popleft()
        self.hand_out()

    def _refill(self, encounters: Iterator[str], count: int) -> None:
        """Have so many at hand that were not handed over, as long as there are."""
        self._waiting = deque(one for one in self._waiting if not self._was_met(one))
        while len(self._waiting) < count and not self._is_through:
            encounter = next(encounters, "")
            self._is_through = not encounter
            if encounter and not self._was_met(encounter):
                self._waiting.append(encounter)

    def _was_met(self, encounter: str) -> bool:
        return f"Encounter/{encounter}" in self._met

    def _asks(self, room: int) -> list[Ask]:
        """The next ones, as many as there is room for and no more than are held at once."""
        asks, size = list[Ask](), 0
        for one in islice(self._waiting, room):
            asks.append(self._ask(one))
            size += len(asks[-1].asked)
            if size >= BYTES_AT_ONCE:
                break
        return asks

    def _ask(self, encounter: str) -> Ask:
        request = CodingRequest(self.named.tenant, encounter_id=encounter, ehr=self.named.ehr)
        asked = Asked(request, self.named.agent, piece=piece_of(self.export, encounter).written())
        return Ask(asked.encounter, written(asked))

    def _sure_part(self) -> Part:
        """The part that is written, another one where it is not known what of it is kept."""
        if self._part is None or self._part.is_in_doubt:
            self._part = self.begin_part()
        return self._part


def _end_of(one: Taken) -> tuple[End, str]:
    """How the encounter of a job ended, and the number of the error: what was given up, or taken back by an operator, is tried again when the run is resumed."""
    end = _ENDS.get(one.job.state, End.AGAIN)
    return end, one.job.error or (JobGivenUp.code if end is End.AGAIN else "")


def _id_of(one: Taken) -> str:
    return one.job.encounter.partition("/")[2]


def _silence(count: int) -> str:
    return (
        f"no encounter came back for {SILENT_S:.0f} s, {count} are at the workers; "
        "is fhir-coder worker running, with this broker, this database and this key?"
    )


def _tell_of(run: str, error: Exception) -> None:
    _LOG.warning("a round failed", extra={FIELDS: {"run": run, "exception": kind_of(error), "places": list(places(error.__traceback__))}})
