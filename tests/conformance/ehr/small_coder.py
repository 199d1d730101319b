"""A coder that knows a few phrases: what is read from an EHR and written to it is real, what is assigned in between is quick."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.disposition import Policy, decide
from fhir_coder.edits.run import run_edits
from fhir_coder.exchange import Artifacts, Configuration, ReleaseUse
from fhir_coder.model import (
    Assertions,
    CodeAssignment,
    CodedEncounter,
    Disposition,
    Encounter,
    Evidence,
    Mentions,
    Reconciled,
    Sections,
)
from fhir_coder.pipeline import release_use
from fhir_coder.reconciliation import reconcile
from terminology.release import Catalogue, Release

PHRASES = {
    "Essential hypertension": ("I10", "Essential (primary) hypertension"),
    "Type 2 diabetes mellitus": ("E11.9", "Type 2 diabetes mellitus without complications"),
    "Mixed hyperlipidemia": ("E78.2", "Mixed hyperlipidemia"),
}


@dataclass(frozen=True)
class SmallCoder:
    """In place of :class:`fhir_coder.pipeline.Coder`."""

    catalogue: Catalogue
    review: Policy = field(default_factory=Policy)

    def code_encounter(self, encounter: Encounter, policy: CodingPolicy) -> tuple[Disposition, ReleaseUse]:
        choice = self.catalogue.for_date(encounter.service_date)
        nothing_read = Assertions(Mentions(Sections(encounter, ()), ()), ())
        coded = CodedEncounter(nothing_read, choice.release.id, tuple(_assigned(encounter)), versions={"index": "small"})
        return decide(run_edits(coded, choice.release, choice.status, {}), self.review), release_use(choice)

    def reconcile(self, disposition: Disposition) -> tuple[Reconciled, ...]:
        coded = disposition.report.coded
        return reconcile(coded.encounter.recorded, [one.code for one in coded.assignments], self.catalogue.get(coded.release_id).codebook)

    def artifacts(self, release: Release, policy: CodingPolicy) -> Artifacts:
        return Artifacts()

    def configuration(self, policy: CodingPolicy) -> Configuration:
        return Configuration()


def _assigned(encounter: Encounter) -> Iterator[CodeAssignment]:
    found = [(phrase, note) for phrase in PHRASES for note in encounter.notes if phrase in note.text]
    for rank, (phrase, note) in enumerate(found, 1):
        start = note.text.index(phrase)
        evidence = Evidence(note.id, start, start + len(phrase), phrase, note.sha256)
        yield CodeAssignment(*PHRASES[phrase], 0.97, rank, (evidence,))
