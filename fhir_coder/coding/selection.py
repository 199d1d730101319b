"""Which ranked codes are assigned: those likely enough, what the guidelines want beside them, and what gives way to another.

Nothing here weighs words; that is the ranker's. Each rule is named with every code it decided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fhir_coder.coding.causes import displaced_causes, has_injury, in_phase, is_mechanism
from fhir_coder.coding.companions import companion_source, is_left_alone
from fhir_coder.coding.documented import as_documented
from fhir_coder.coding.examination_findings import SOURCE, WITH_FINDINGS, finding_of
from fhir_coder.coding.features import HISTORY_SECTIONS
from fhir_coder.coding.giving_way import gives_way_to, is_left_to_site
from fhir_coder.coding.integral import accounts_for, diagnosis_of_report
from fhir_coder.coding.joined_symptoms import joined_symptoms
from fhir_coder.coding.kinds import is_of_system, is_presence_or_absence, is_symptom
from fhir_coder.coding.linking import linked
from fhir_coder.coding.manifestations import with_manifestations
from fhir_coder.coding.medicine_effects import as_effects, effects_told
from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.coding.pregnancy import in_pregnancy
from fhir_coder.coding.ranked_code import RankedCode, Refusal
from fhir_coder.coding.support import ASSESSMENT_SECTIONS, is_incidental
from fhir_coder.combinations import combination_for
from fhir_coder.model import Authority, Note, RejectionReason, SectionKind
from terminology.codebook import Codebook
from terminology.detail import says_more

_SURE = "reason:sure:"
_OF_NO_PROBLEM = "VWXYZ"
_SLIGHT = 0.02
"""Below this even a symptom that is a problem of its own is something else."""
_DOUBTFUL = 0.12
"""Below this probability even the only name of a problem is left to a person."""
_PLAIN = 0.05
"""The same where that name is all that the problem statement says."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The codes that are assigned, in the order in which they were ranked, and the others."""

    chosen: tuple[RankedCode, ...]
    refused: tuple[Refusal, ...]


def select(ranked: Sequence[RankedCode], notes: Sequence[Note], codebook: Codebook, policy: CodingPolicy) -> Selection:
    """Decide on every ranked code of an encounter with these notes."""
    return _Selecting(codebook, policy, notes).select(ranked)


class _Selecting:
    """The rules, with what they all need to know of the encounter."""

    def __init__(self, codebook: Codebook, policy: CodingPolicy, notes: Sequence[Note]) -> None:
        self._codebook = codebook
        self._policy = policy
        self._texts = {note.id: note.text for note in notes}
        self._reports = frozenset(note.id for note in notes if note.authority is Authority.REPORT)
        self._is_visit = any(note.authority in {Authority.PROVIDER, Authority.UNKNOWN} for note in notes)

    def select(self, ranked: Sequence[RankedCode]) -> Selection:
        """Take what is likely, add what goes with it, combine, and let go what another says."""
        passed_over = [one for one in ranked if self._is_visit and is_incidental(one.pillars)]
        open_to_choice = [one for one in ranked if one not in passed_over]
        open_to_choice = linked(as_effects(open_to_choice, self._codebook), self._codebook) if self._policy.combines else open_to_choice
        likely = self._likely(open_to_choice)
        chosen = in_pregnancy(likely, open_to_choice, self._codebook) if self._policy.combines else likely
        codes = {one.code for one in (*likely, *chosen)}
        refused = [self._unlikely(one, likely) for one in open_to_choice if one.code not in codes]
        if self._policy.combines:
            chosen, replaced = self._combined(chosen)
            chosen, displaced = self._with_reported_causes(chosen)
            refused += replaced + displaced
        chosen, given_way = self._without_superfluous(chosen)
        refused += given_way + [Refusal(one, RejectionReason.NOT_ADDRESSED) for one in passed_over]
        return Selection(tuple(self._in_trimester(self._examined(chosen))), tuple(refused))

    def _likely(self, ranked: list[RankedCode]) -> list[RankedCode]:
        """Those likely enough by themselves, and those that the guidelines want with them."""
        likely = [one for one in ranked if one.probability >= self._policy.assign_probability]
        if not self._is_visit:
            likely += self._reasons_for_studies(ranked, likely)
        if not self._policy.combines:
            return likely
        likely += self._only_names_of_problems(likely, ranked)
        likely += self._symptoms_of_their_own(likely, ranked)
        likely += self._symptoms_joined(likely, ranked)
        likely += self._statuses_of_their_own(likely, ranked)
        chosen = self._with_documented(likely, ranked)
        chosen += effects_told(chosen, ranked, self._codebook)
        chosen += self._told_reasons(chosen, ranked)
        return chosen + self._told_causes(chosen, ranked)

    def _with_documented(self, likely: list[RankedCode], ranked: list[RankedCode]) -> list[RankedCode]:
        """The likely codes and those that come with them: the specific form of an unspecified one (I.B.2), then documented companions. Weeks of
        gestation wait for what a pregnancy makes of the codes (``pregnancy.py``)."""
        chosen = {one.code: one for one in likely}
        named = [one for one in ranked if one.is_named and not one.is_only_tested_for]
        for one in named:
            coarse = [other for other in likely if says_more(self._codebook, one.code, other.code)]
            if coarse and one.code not in chosen:
                probability = max(other.probability for other in coarse)
                chosen[one.code] = replace(one, probability=max(one.probability, probability), rule="I.B.2")
        codes = frozenset(chosen)
        for one in named:
            source = "" if one.is_of_gestation else companion_source(one.code, codes)
            if source and one.code not in chosen and (one.is_in_plan or one.is_of_a_medicine):
                chosen[one.code] = replace(one, rule=source)
        return [chosen[one.code] for one in ranked if one.code in chosen and not is_left_alone(one.code, codes)]

    def _only_names_of_problems(self, likely: list[RankedCode], ranked: list[RankedCode]) -> list[RankedCode]:
        """The likeliest condition that the dictionary knows in a problem of the assessment which no likely code speaks for: a problem that the
        provider states is coded as far as it is told (guidelines IV.F, I.B.18), and its probability shows a person how sure that is."""
        speaking: dict[tuple[str, int], set[str]] = defaultdict(set)
        for one in likely:
            for place in one.problems:
                speaking[place].add(one.code)
        found: dict[tuple[str, int], RankedCode] = {}
        for one in sorted(ranked, key=lambda each: (-each.probability, each.code)):
            floor = _PLAIN if one.is_stated_plainly else _DOUBTFUL
            if one.probability >= floor and one.code[0] not in _OF_NO_PROBLEM and one.sections & ASSESSMENT_SECTIONS:
                for place in one.named_problems:
                    if all(gives_way_to(other, {one.code}) for other in speaking[place]):
                        found.setdefault(place, one)
        known = {one.code for one in likely}
        codes = {one.code: one for one in found.values() if one.code not in known}
        return [replace(one, rule="IV.F") for one in codes.values()]

    def _symptoms_of_their_own(self, likely: list[RankedCode], ranked: list[RankedCode]) -> list[RankedCode]:
        """The symptoms that the provider lists as problems of their own and that no diagnosis of this visit accounts for: what is not routinely
        part of a diagnosis is coded beside it (guidelines I.B.4, I.B.6, I.C.18.b). The likeliest of each problem; its probability shows a person
        how sure that is."""
        diagnoses = [one for one in likely if one.is_diagnosis(self._codebook)]
        explained = {place for one in likely for place in one.problems}
        codes = {one.code for one in diagnoses}
        found: dict[tuple[str, int], RankedCode] = {}
        for one in sorted(ranked, key=lambda each: (-each.probability, each.code)):
            if one.code[0] == "R" and one.probability >= _SLIGHT and not is_of_system(one.code, codes):
                for place in one.heads(self._texts) - explained:
                    found.setdefault(place, one)
        known = {one.code for one in likely}
        return [replace(one, rule="I.C.18.b") for code, one in {one.code: one for one in found.values()}.items() if code not in known]

    def _symptoms_joined(self, likely: list[RankedCode], ranked: list[RankedCode]) -> list[RankedCode]:
        """The symptoms that stand beside a likely one in a problem for which there is no diagnosis, or an uncertain one ("acute cough with
        fever, probable pneumonia"): each is coded, for nothing accounts for it (guidelines I.B.4, IV.D, IV.H). A diagnosis of another problem
        accounts for it where it may account for the likely one as well: who has diabetes, too, has a cough with fever all the same."""
        diagnoses = [one for one in likely if one.is_diagnosis(self._codebook)]
        explained = {place for one in diagnoses for place in one.problems}
        known = {one.code for one in likely}
        symptoms = [one for one in ranked if one.probability >= _SLIGHT and is_symptom(self._codebook, one.code)]
        found: set[str] = set()
        for place, joined in joined_symptoms(symptoms, self._texts):
            if place not in explained and (certain := joined & known):
                accounting = {one.code for one in diagnoses if any(is_of_system(symptom, {one.code}) for symptom in certain)}
                found |= {symptom for symptom in joined if not is_of_system(symptom, accounting)}
        return [replace(one, rule="IV.H") for one in symptoms if one.code in found - known]

    def _statuses_of_their_own(self, likely: list[RankedCode], ranked: list[RankedCode]) -> list[RankedCode]:
        """What the provider lists as a problem of its own to be present or absent ("artificial right hip, doing well"), where no likely code
        speaks for that problem (guideline I.C.21.c.3)."""
        explained = {place for one in likely for place in one.problems}
        known = {one.code for one in likely}
        return [
            replace(one, rule="I.C.21.c.3")
            for one in ranked
            if one.code not in known
            and one.probability >= _DOUBTFUL
            and is_presence_or_absence(one.code)
            and one.opened_lines(self._texts) - explained
        ]

    def _reasons_for_studies(self, ranked: list[RankedCode], likely: list[RankedCode]) -> list[RankedCode]:
        """The symptoms that reports name as the reason for a study which found no diagnosis: they are what was examined (guidelines IV.D,
        IV.K). They keep their probability, so that a person sees them where it is low."""
        known = {one.code for one in likely}
        return [
            replace(one, rule="IV.K")
            for one in ranked
            if one.code not in known
            and is_symptom(self._codebook, one.code)
            and one.is_named
            and one.sections == {SectionKind.REASON_FOR_VISIT}
            and one.notes <= self._reports
            and not diagnosis_of_report(one, likely, self._codebook, self._reports)
        ]

    def _unlikely(self, ranked: RankedCode, chosen: list[RankedCode]) -> Refusal:
        """The refusal of a code that is not likely enough. What an assigned code says in more detail, perhaps from another note, is not left
        uncoded (guideline I.B.2): the "wrist fracture" of the visit note is the Colles' fracture of the report."""
        finer = [] if self._policy.reads_phrases else [one.code for one in chosen if says_more(self._codebook, one.code, ranked.code)]
        if finer and not is_symptom(self._codebook, ranked.code):
            return Refusal(ranked, RejectionReason.LESS_SPECIFIC, min(finer))
        return Refusal(ranked, self._why_low(ranked, chosen))

    def _why_low(self, ranked: RankedCode, chosen: list[RankedCode]) -> RejectionReason:
        """A symptom beside an assigned diagnosis is integral to it as far as we can tell (guideline I.B.5); what stands in lists of the past
        only was not addressed at this visit (IV.J); the rest are unlikely."""
        if is_symptom(self._codebook, ranked.code) and any(other.is_diagnosis(self._codebook) for other in chosen):
            return RejectionReason.INTEGRAL_SYMPTOM
        return RejectionReason.NOT_ADDRESSED if ranked.sections <= HISTORY_SECTIONS else RejectionReason.LOW_PROBABILITY

    def _combined(self, chosen: list[RankedCode]) -> tuple[list[RankedCode], list[Refusal]]:
        """Replace codes by the combination codes that the others call for."""
        codes = {one.code for one in chosen}
        kept: dict[str, RankedCode] = {}
        replaced = []
        for one in chosen:
            rule = combination_for(one.code, codes)
            if rule and self._codebook.normalize(rule.becomes) and self._codebook.is_billable(rule.becomes):
                replaced.append(Refusal(one, RejectionReason.LESS_SPECIFIC, rule.becomes))
                one = replace(one, code=rule.becomes, rule=rule.source)
            kept[one.code] = max(kept.get(one.code, one), one, key=lambda each: each.probability)
        return with_manifestations(list(kept.values()), self._codebook, are_chosen=True), replaced

    def _told_causes(self, chosen: list[RankedCode], ranked: list[RankedCode]) -> list[RankedCode]:
        """What the history tells to have caused an injury of this visit, even if it is not likely by itself (guideline I.C.20.a). Of a report
        the reason for the study tells the cause, and nothing else could make it likely. Where it happened and during what is left to the ranker:
        both are reported at will."""
        codes = {one.code for one in chosen}
        if not has_injury(codes):
            return []
        told = (one for one in ranked if one.code not in codes and is_mechanism(one.code) and one.has_source("mechanism:"))
        floor = _DOUBTFUL if self._is_visit else 0.0
        return [replace(one, rule="I.C.20.a") for one in told if one.probability >= floor]

    def _told_reasons(self, chosen: list[RankedCode], ranked: list[RankedCode]) -> list[RankedCode]:
        """What was done at this visit, or what the visit is by its name, even if it is not likely by itself: a vaccine given, an implant placed,
        a prenatal visit at so many weeks (guideline IV.G, I.C.21)."""
        codes = {one.code for one in chosen}
        sure = (one for one in ranked if one.code not in codes and one.has_source(_SURE))
        return [replace(one, rule="I.C.21") for one in sure if one.probability >= _DOUBTFUL]

    def _with_reported_causes(self, chosen: list[RankedCode]) -> tuple[list[RankedCode], list[Refusal]]:
        """The codes with those external causes that go with an injury of this visit, in its phase of care (guideline I.C.20)."""
        in_order = sorted(chosen, key=lambda one: min((p.assertion.mention.note_id, p.assertion.mention.start) for p in one.pillars))
        codes = [one.code for one in in_order]
        displaced: Mapping[str, str] = displaced_causes(codes)
        kept = [replace(one, code=in_phase(self._codebook, one.code, codes)) for one in chosen if one.code not in displaced]
        return kept, [
            Refusal(one, RejectionReason.LESS_SPECIFIC if displaced[one.code] else RejectionReason.NOT_ADDRESSED, displaced[one.code])
            for one in chosen
            if one.code in displaced
        ]

    def _without_superfluous(self, chosen: list[RankedCode]) -> tuple[list[RankedCode], list[Refusal]]:
        """The codes without those that another one says better or accounts for."""
        refusals = {one.code: refusal for one in chosen if (refusal := self._why_superfluous(one, chosen))}
        return [one for one in chosen if one.code not in refusals], list(refusals.values())

    def _why_superfluous(self, one: RankedCode, chosen: list[RankedCode]) -> Refusal | None:
        # A corpus that is coded mention by mention has "lymph nodes" beside "axillary lymph nodes".
        better = "" if self._policy.reads_phrases else self._more_specific(one, chosen)
        if self._policy.combines:
            better = better or gives_way_to(one.code, {other.code for other in chosen})
        if better:
            return Refusal(one, RejectionReason.LESS_SPECIFIC, better)
        if self._policy.combines and is_left_to_site(one.code):
            return Refusal(one, RejectionReason.LEFT_TO_SITE)
        if self._policy.combines and (cause := accounts_for(one, chosen, self._codebook, self._reports)):
            is_sign = is_symptom(self._codebook, one.code)
            return Refusal(one, RejectionReason.INTEGRAL_SYMPTOM if is_sign else RejectionReason.LESS_SPECIFIC, cause)
        return None

    def _more_specific(self, one: RankedCode, chosen: list[RankedCode]) -> str:
        """A chosen code that says more of the same condition than this unspecified one, or empty (guideline I.B.2)."""
        return min((other.code for other in chosen if says_more(self._codebook, other.code, one.code)), default="")

    def _examined(self, chosen: list[RankedCode]) -> list[RankedCode]:
        """A routine examination that brought something up is one with abnormal findings."""
        is_examination = self._policy.combines and any(one.code in WITH_FINDINGS for one in chosen)
        if not is_examination or not finding_of({one.code: one.pillars for one in chosen}, self._texts):
            return chosen
        return [replace(one, code=WITH_FINDINGS[one.code], rule=SOURCE) if one.code in WITH_FINDINGS else one for one in chosen]

    def _in_trimester(self, chosen: list[RankedCode]) -> list[RankedCode]:
        """What became a complication of pregnancy by its combination, in the trimester that the notes tell."""
        contexts = ("", "", "", "\n".join(self._texts.values()))
        return [
            replace(one, code=as_documented(self._codebook, one.code, contexts)) if one.code[0] == "O" and one.rule else one
            for one in chosen
        ]
