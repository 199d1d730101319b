"""The main job on one screen: one encounter in, one disposition out.

From sections to disposition there is no network, clock or randomness, and no Flask. Collaborators are made once (see :mod:`fhir_coder.app`)
and handed in; the release is chosen by date of service, never "latest".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fhir_coder import __version__
from fhir_coder.coding.assignment import assign_codes
from fhir_coder.coding.candidates import offer_candidates
from fhir_coder.coding.case_reports.offers import offer_every_phrase
from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.coding.ranker import Ranker
from fhir_coder.disposition import Policy, decide
from fhir_coder.edits.lists import Lists, shipped_lists
from fhir_coder.edits.run import run_edits
from fhir_coder.exchange import Artifacts, Configuration, ReleaseUse
from fhir_coder.model import Assertions, Candidates, CodedEncounter, Disposition, EditReport, Encounter, Reconciled
from fhir_coder.reading.assertion import assert_mentions
from fhir_coder.reading.mentions import find_mentions
from fhir_coder.reading.phrases import add_phrases
from fhir_coder.reading.sections import find_sections
from fhir_coder.reconciliation import reconcile
from fhir_coder.software import code_digest
from fhir_coder.stages import Observe, Stage, runs_as, unobserved
from index.code_index import CodeIndex
from index.manifest import Manifest
from terminology.release import Catalogue, Release, ReleaseChoice

SHORT = 12
"""Digits of a digest that are shown; the record holds the whole."""


@dataclass(frozen=True, slots=True)
class Coder:
    """Everything that coding needs, made once: releases, one index for each, a ranker for each coding policy, the review policy.

    ``keep`` makes sure that what an encounter is coded with can be had again, and names it by digest. ``lists`` are those on age, sex and manifestations,
    ``observe`` is what stages run in.
    """

    catalogue: Catalogue
    index_for: Callable[[Release], CodeIndex]
    rankers: Mapping[str, Ranker]
    review: Policy
    severities: Mapping[str, str]
    keep: Callable[[Release, Manifest, str, Ranker], Artifacts]
    lists: Lists = field(default_factory=shipped_lists)
    observe: Observe = unobserved

    def code_encounter(self, encounter: Encounter, policy: CodingPolicy) -> tuple[Disposition, ReleaseUse]:
        """Read, code, check and route one encounter; the release in use is named beside the disposition."""
        choice = self.catalogue.for_date(encounter.service_date)
        assertions = self.read(encounter, choice.release, policy)
        coded = self._assign(assertions, choice.release, policy)
        return decide(self._check(coded, choice), self.review), release_use(choice)

    def reconcile(self, disposition: Disposition) -> tuple[Reconciled, ...]:
        """The assigned codes against those that the EHR holds for the encounter already, by the release they were coded with."""
        coded = disposition.report.coded
        assigned = [one.code for one in coded.assignments]
        return reconcile(coded.encounter.recorded, assigned, self.catalogue.get(coded.release_id).codebook)

    def find_candidates(self, encounter: Encounter, release: Release, policy: CodingPolicy) -> Candidates:
        """The first half of the line: sections, mentions, assertions, candidates."""
        return self._offer(self.read(encounter, release, policy), release, policy)

    @runs_as(Stage.READING)
    def read(self, encounter: Encounter, release: Release, policy: CodingPolicy) -> Assertions:
        """What the notes say: sections, mentions, assertions."""
        sections = find_sections(encounter)
        mentions = find_mentions(sections, self.index_for(release).find_terms)
        if policy.reads_phrases:
            mentions = add_phrases(mentions, policy.learned.spans if policy.learned else lambda text: ())
        return assert_mentions(mentions)

    @runs_as(Stage.CODING)
    def _assign(self, assertions: Assertions, release: Release, policy: CodingPolicy) -> CodedEncounter:
        """Candidates, and the codes among them."""
        candidates = self._offer(assertions, release, policy)
        return assign_codes(candidates, release, self.rankers[policy.name], policy, self._versions(release, policy))

    @runs_as(Stage.EDITS)
    def _check(self, coded: CodedEncounter, choice: ReleaseChoice) -> EditReport:
        return run_edits(coded, choice.release, choice.status, self.severities, self.lists)

    def _offer(self, assertions: Assertions, release: Release, policy: CodingPolicy) -> Candidates:
        if policy.reads_phrases:
            return offer_every_phrase(assertions, self.index_for(release), policy.learned)
        return offer_candidates(assertions, self.index_for(release))

    def artifacts(self, release: Release, policy: CodingPolicy) -> Artifacts:
        """What encounters of this release are coded with, kept so that each can be coded again."""
        return self.keep(release, self.index_for(release).manifest, policy.name, self.rankers[policy.name])

    def configuration(self, policy: CodingPolicy) -> Configuration:
        """The settings that decide beside the artifacts."""
        return configuration_of(policy.name, policy.assign_probability, self.review, self.severities)

    def _versions(self, release: Release, policy: CodingPolicy) -> dict[str, str]:
        """By the names that docs/pipeline.md explains; the release's id, the ranker and the policy are added where they are used."""
        manifest, kept = self.index_for(release).manifest, self.artifacts(release, policy)
        return {
            "software": __version__,
            "code": code_digest()[:SHORT],
            "release sha": kept.release[:SHORT],
            "index": f"{kept.index[:SHORT]} (builder {manifest.builder})",
            "model": model_version(manifest),
            "lexicon": manifest.lexicon_sha256[:SHORT],
            "knowledge": kept.knowledge[:SHORT],
        }


def configuration_of(policy: str, assign_probability: float, review: Policy, severities: Mapping[str, str]) -> Configuration:
    """The settings that decide, as the record keeps them."""
    curve = review.curve
    floors = (assign_probability, review.passing, review.pass_probability)
    return Configuration(policy, *floors, dict(severities), review.calibration, curve.level, curve.slope)


def model_version(manifest: Manifest) -> str:
    """The embedding model of an index, by name and the beginning of its hash."""
    return f"{manifest.model_name}@{manifest.weights_sha256[:SHORT]}"


def release_use(choice: ReleaseChoice) -> ReleaseUse:
    """The chosen release and the service dates it covers."""
    release = choice.release
    return ReleaseUse(release.id, release.effective_from, release.effective_to, choice.status, release.caveat)
