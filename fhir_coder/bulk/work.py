"""Coding one encounter of a run: its coding, how it ended, its entry in the audit and its lines are kept together, or none of them is.

Nothing here raises because an encounter fails.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from fhir_coder.api.log import FIELDS, places
from fhir_coder.api.told_of import Told, told_of_result
from fhir_coder.audit.entry import Action, Agent, AuditEntry, Success
from fhir_coder.bulk.ended import End, Ended, EndedBefore
from fhir_coder.bulk.gathering import Gathered
from fhir_coder.bulk.lines import lines_of_error, lines_of_result
from fhir_coder.bulk.parts import Part
from fhir_coder.errors import FhirCoderError
from fhir_coder.exchange import CodingRequest, CodingResult
from fhir_coder.jobs.again import is_worth_another_try

EVENT = "code-encounter"
"""The audit's word, whoever asks for a coding."""
_LOG = logging.getLogger("fhir_coder.bulk")


class Ends(Protocol):
    """What this needs of :class:`fhir_coder.store.bulk_ends.BulkEnds`."""

    def record(self, connection: Any, tenant: str, run: str, ended: Ended) -> None:
        """Keep how an encounter ended."""

    def writing(self) -> AbstractContextManager[Any]:
        """A transaction."""


class Codes(Protocol):
    """What this needs of the engine."""

    def code(self, request: CodingRequest, beside: Callable[[Any, CodingResult], None] | None = None) -> CodingResult:
        """Code an encounter, and keep something beside the coding."""


@dataclass(frozen=True, slots=True)
class Named:
    """The run: whose it is, its id, the id of the EHR that the resources are of (or empty), and who started it."""

    tenant: str
    run: str
    ehr: str
    agent: Agent


@dataclass(frozen=True, slots=True)
class Work:
    """``gather`` makes a request of an encounter's id; ``append`` adds an entry to the audit within a transaction."""

    named: Named
    engine: Codes
    gather: Callable[[str], Gathered]
    ends: Ends
    append: Callable[[Any, AuditEntry], object]
    part: Part

    def do(self, encounter_id: str) -> tuple[End | None, str]:
        """How it ended, and the number of the error or empty. None: it had ended before.

        Raises what the store or the disk raises when not even a failure can be kept, or when it is not known whether the coding was: whoever calls must then
        begin a part of its own before the next encounter. The store says later what is kept."""
        reference, version = f"Encounter/{encounter_id}", ""
        try:
            gathered = self.gather(encounter_id)
            version = gathered.version
            self._code(gathered)
        except EndedBefore:
            return None, ""
        except Exception as error:  # whatever it is, it is of this encounter
            if self.part.is_in_doubt:
                raise
            return self._fail(reference, version, error)
        return End.CODED, ""

    def lose(self, encounter_id: str, error: FhirCoderError) -> None:
        """Keep that whoever coded an encounter was lost."""
        self._fail(f"Encounter/{encounter_id}", "", error)

    def _code(self, gathered: Gathered) -> None:
        lengths: dict[str, int] = {}

        def keep(connection: Any, result: CodingResult) -> None:
            encounter = f"Encounter/{gathered.request.encounter_id}"
            lines = lines_of_result(self.named.tenant, result, gathered.left_out)
            lengths.update(self.part.lengths_with(lines))
            ended = Ended(encounter, gathered.version, End.CODED, "", result.coding_id, self.part.number, lengths)
            self.ends.record(connection, self.named.tenant, self.named.run, ended)
            self.append(connection, self._entry(Success.DONE, told_of_result(result)))
            self.part.write(lines)

        self.engine.code(gathered.request, keep)
        self.part.keep(lengths)

    def _fail(self, reference: str, version: str, error: Exception) -> tuple[End | None, str]:
        if not isinstance(error, FhirCoderError):
            fields = {"run": self.named.run, "exception": type(error).__name__, "places": list(places(error.__traceback__))}
            _LOG.error("unexpected error", extra={FIELDS: fields})
        told = error if isinstance(error, FhirCoderError) else FhirCoderError("the software failed")
        is_over = not is_worth_another_try(error)
        lines = lines_of_error(self.named.tenant, reference, told) if is_over else {}
        lengths = self.part.lengths_with(lines)
        end = End.FAILED if is_over else End.AGAIN
        ended = Ended(reference, version, end, told.code, "", self.part.number, lengths)
        success = Success.REFUSED if told.status < 500 else Success.FAILED
        entry = self._entry(success, Told.of("", (reference,), {"ehr": self.named.ehr, "error": told.code}))
        try:
            with self.ends.writing() as connection:
                self.ends.record(connection, self.named.tenant, self.named.run, ended)
                self.append(connection, entry)
                self.part.write(lines)
        except EndedBefore:
            return None, ""
        self.part.keep(lengths)
        return end, told.code

    def _entry(self, success: Success, told: Told) -> AuditEntry:
        detail = {**told.detail, "run": self.named.run}
        named = self.named
        return AuditEntry(named.tenant, EVENT, Action.EXECUTE, success, named.agent, told.patient, told.entities, detail=detail)
