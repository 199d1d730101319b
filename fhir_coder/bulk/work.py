"""Coding encounters of a run, several of which are kept together: their codings, how each ended, their entries in the audit and their lines, or none of it.

To keep an encounter takes a wait for the disk, and for others who write; to keep some together takes no more. Where they cannot be kept together each is
kept alone, so that none is lost by another's fault. Nothing here raises because an encounter fails.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from fhir_coder.api.log import FIELDS, places
from fhir_coder.api.told_of import Told, told_of_result
from fhir_coder.audit.entry import Action, Agent, AuditEntry, Success
from fhir_coder.bulk.ended import Did, End, Ended, EndedBefore
from fhir_coder.bulk.gathering import Gathered
from fhir_coder.bulk.lines import lines_of_error, lines_of_result
from fhir_coder.bulk.parts import Lines, Part
from fhir_coder.errors import FhirCoderError
from fhir_coder.exchange import CodingRequest, CodingResult
from fhir_coder.jobs.again import is_worth_another_try

EVENT = "code-encounter"
"""The audit's word, whoever asks for a coding."""
TOGETHER = 8
"""Encounters that are kept together at the most."""
TOGETHER_S = 1.0
"""Seconds after which what is coded is kept, however few it is: a process that is lost loses no more."""
_LOG = logging.getLogger("fhir_coder.bulk")


class Ends(Protocol):
    """What this needs of :class:`fhir_coder.store.bulk_ends.BulkEnds`."""

    def record(self, connection: Any, tenant: str, run: str, *ended: Ended) -> None:
        """Keep how encounters ended."""

    def writing(self) -> AbstractContextManager[Any]:
        """A transaction."""


class Codes(Protocol):
    """What this needs of the engine."""

    def propose(self, request: CodingRequest) -> CodingResult:
        """Code an encounter and keep nothing."""

    def keep_all(
        self, tenant: str, ehr: str, results: Sequence[CodingResult], beside: Callable[[Any, Sequence[CodingResult]], None]
    ) -> None:
        """Keep codings, and something beside them, in one transaction."""


@dataclass(frozen=True, slots=True)
class Named:
    """The run: whose it is, its id, the id of the EHR that the resources are of (or empty), and who started it."""

    tenant: str
    run: str
    ehr: str
    agent: Agent


@dataclass(frozen=True, slots=True)
class _Made:
    """What was made of an encounter and is not kept yet: its coding, or why there is none. ``lines`` are those of the output."""

    id: str
    version: str
    result: CodingResult | None
    error: FhirCoderError | None
    end: End
    lines: Lines

    @property
    def reference(self) -> str:
        """Of the encounter."""
        return f"Encounter/{self.id}"

    @property
    def did(self) -> Did:
        """How it ended."""
        return self.id, self.end, self.error.code if self.error else ""


@dataclass(frozen=True, slots=True)
class Work:
    """``gather`` makes a request of an encounter's id; ``append`` adds entries to the audit within a transaction."""

    named: Named
    engine: Codes
    gather: Callable[[str], Gathered]
    ends: Ends
    append: Callable[..., object]
    part: Part
    clock: Callable[[], float] = time.monotonic

    def do(self, encounter_id: str) -> tuple[End | None, str]:
        """As :meth:`do_all`, for one: how it ended, and the number of the error or empty. None: it had ended before."""
        [(_, end, error)] = self.do_all((encounter_id,))
        return end, error

    def do_all(self, encounters: Iterable[str]) -> list[Did]:
        """How each ended: of those that are at hand, as many as are kept together.

        Raises what the store or the disk raises when not even a failure can be kept, or when it is not known whether the codings were: whoever calls must
        then begin a part of its own before the next encounter. The store says later what is kept."""
        until, made = self.clock() + TOGETHER_S, list[_Made]()
        for one in encounters:
            made.append(self._make(one))
            if len(made) == TOGETHER or self.clock() >= until:
                break
        return self._kept(made) if made else []

    def lose(self, encounter_id: str, error: FhirCoderError) -> None:
        """Keep that whoever coded an encounter was lost."""
        self._kept([self._failed(encounter_id, "", error)])

    def _make(self, encounter_id: str) -> _Made:
        version = ""
        try:
            gathered = self.gather(encounter_id)
            version = gathered.version
            result = self.engine.propose(gathered.request)
            lines = lines_of_result(self.named.tenant, result, gathered.left_out)
        except Exception as error:  # whatever it is, it is of this encounter
            return self._failed(encounter_id, version, error)
        return _Made(encounter_id, version, result, None, End.CODED, lines)

    def _failed(self, encounter_id: str, version: str, error: Exception) -> _Made:
        if not isinstance(error, FhirCoderError):
            fields = {"run": self.named.run, "exception": type(error).__name__, "places": list(places(error.__traceback__))}
            _LOG.error("unexpected error", extra={FIELDS: fields})
        told = error if isinstance(error, FhirCoderError) else FhirCoderError("the software failed")
        if is_worth_another_try(error):
            return _Made(encounter_id, version, None, told, End.AGAIN, {})
        lines = lines_of_error(self.named.tenant, f"Encounter/{encounter_id}", told)
        return _Made(encounter_id, version, None, told, End.FAILED, lines)

    def _kept(self, made: Sequence[_Made]) -> list[Did]:
        """Keep them together, else each alone, else of one that it failed."""
        try:
            self._keep(made)
        except Exception as error:
            if self.part.is_in_doubt:
                raise
            if len(made) > 1:
                return [did for one in made for did in self._kept([one])]
            [alone] = made
            if isinstance(error, EndedBefore):
                return [(alone.id, None, "")]
            if alone.result is None:
                raise
            return self._kept([self._failed(alone.id, alone.version, error)])
        return [one.did for one in made]

    def _keep(self, made: Sequence[_Made]) -> None:
        lines = [one.lines for one in made]
        lengths = list(self.part.lengths_with(lines))

        def beside(connection: Any, saved: Sequence[CodingResult]) -> None:
            rest = iter(saved)
            kept = [replace(one, result=next(rest)) if one.result else one for one in made]
            ended = map(self._ended, kept, lengths)
            self.ends.record(connection, self.named.tenant, self.named.run, *ended)
            self.append(connection, *map(self._entry, kept))
            self.part.write(lines)

        if results := [one.result for one in made if one.result]:
            self.engine.keep_all(self.named.tenant, self.named.ehr, results, beside)
        else:
            with self.ends.writing() as connection:
                beside(connection, ())
        for one in lengths:
            self.part.keep(one)

    def _ended(self, made: _Made, lengths: dict[str, int]) -> Ended:
        coding, error = made.result.coding_id if made.result else "", made.error.code if made.error else ""
        return Ended(made.reference, made.version, made.end, error, coding, self.part.number, lengths)

    def _entry(self, made: _Made) -> AuditEntry:
        named, success = self.named, Success.DONE
        told = told_of_result(made.result) if made.result else Told.of("", (made.reference,), {"ehr": named.ehr})
        detail = {**told.detail, "run": named.run}
        if made.error:
            success = Success.REFUSED if made.error.status < 500 else Success.FAILED
            detail["error"] = made.error.code
        return AuditEntry(named.tenant, EVENT, Action.EXECUTE, success, named.agent, told.patient, told.entities, detail=detail)
