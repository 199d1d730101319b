"""An encounter of a bulk run at a worker: coded over the piece of the export that came with the job, as the run itself would code it over the whole; the answer is
the lines that the run writes down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fhir_coder.bulk.export import Export
from fhir_coder.bulk.gathering import gather_encounter
from fhir_coder.bulk.lines import lines_of_error, lines_of_result
from fhir_coder.bulk.of_workers import Made, write_answer
from fhir_coder.bulk.piece import Piece, PieceExport
from fhir_coder.errors import FhirCoderError
from fhir_coder.exchange import CodingResult
from fhir_coder.jobs.asked import Asked
from fhir_coder.jobs.work import Codes

EngineOver = Callable[[Export, str, str], Codes]
"""Gives what codes over an export, for a tenant and the id of an EHR that is asked for what the export lacks, or empty. Raises ConfigurationError."""


@dataclass
class OfRun:
    """A :class:`fhir_coder.jobs.work.Doing` of one job."""

    asked: Asked
    engine_over: EngineOver
    version: str = ""
    left_out: tuple[str, ...] = ()

    def code(self, beside: Callable[[Any, CodingResult], None]) -> CodingResult:
        """Gather and code. Raises what the engine raises, and InvalidContent or TooMuch."""
        request = self.asked.request
        export = PieceExport(Piece.read(self.asked.piece))
        gathered = gather_encounter(export, request.tenant, request.ehr, request.encounter_id)
        self.version, self.left_out = gathered.version, gathered.left_out
        return self.engine_over(export, request.tenant, request.ehr).code(gathered.request, beside)

    def answer(self, result: CodingResult) -> str:
        """The lines of the coding."""
        return write_answer(Made(self.version, lines_of_result(self.asked.request.tenant, result, self.left_out)))

    def refusal(self, error: FhirCoderError) -> str:
        """The line of an encounter that cannot be coded."""
        return write_answer(Made(self.version, lines_of_error(self.asked.request.tenant, self.asked.encounter, error)))
