"""From candidates to the codes we stand by, in claim order, with everything rejected and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fhir_coder.coding.body_parts import share_a_part
from fhir_coder.coding.causes import displaced_causes, has_injury, in_phase, is_mechanism
from fhir_coder.coding.companions import companion_source, is_left_alone
from fhir_coder.coding.documented import as_documented
from fhir_coder.coding.examination_findings import SOURCE, WITH_FINDINGS, finding_of
from fhir_coder.coding.explanation import explain
from fhir_coder.coding.features import HISTORY_SECTIONS, features_version
from fhir_coder.coding.giving_way import gives_way_to
from fhir_coder.coding.injury_signs import accounted_for
from fhir_coder.coding.kinds import is_symptom
from fhir_coder.coding.medicine_effects import SOURCE as EFFECT
from fhir_coder.coding.medicine_effects import effect_form, is_adverse_effect
from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.coding.ranker import Ranker
from fhir_coder.coding.sequence import claim_order
from fhir_coder.coding.support import ASSESSMENT_SECTIONS, PLAN_SECTIONS, Offers, Pillar, evidence_of, is_incidental
from fhir_coder.coding.weighing import weigh
from fhir_coder.combinations import combination_for
from fhir_coder.model import (
    Assertion,
    Assertions,
    Authority,
    Candidates,
    CodeAssignment,
    CodedEncounter,
    Evidence,
    Rejection,
    RejectionReason,
    SectionKind,
)
from terminology.detail import says_more
from terminology.laterality import side
from terminology.release import Release

_TOLD = "mechanism:"
"""How the source of what the reader of mechanisms found begins."""


@dataclass(frozen=True, slots=True)
class _Scored:
    """One ranked code on its way to a decision."""

    code: str
    pillars: tuple[Pillar, ...]
    features: Mapping[str, float]
    probability: float
    rule: str = ""


def assign_codes(
    candidates: Candidates, release: Release, ranker: Ranker, policy: CodingPolicy, versions: Mapping[str, str]
) -> CodedEncounter:
    """Rank, decide, combine and sequence. ``versions`` name software, index and lexicon; the ranker's, the features' and the release's are added."""
    offers, features = weigh(candidates, release.codebook, policy)
    ranked = [_Scored(code, pillars, features[code], ranker.probability(features[code])) for code, pillars in offers.pillars.items()]
    ranked = _linked(_as_effects(ranked, release), release) if policy.combines else ranked
    notes = candidates.assertions.encounter.notes
    reports = frozenset(note.id for note in notes if note.authority is Authority.REPORT)
    is_visit = any(note.authority in {Authority.PROVIDER, Authority.UNKNOWN} for note in notes)
    passed_over = [scored for scored in ranked if is_visit and is_incidental(scored.pillars)]
    chosen, rejected = _decide([scored for scored in ranked if scored not in passed_over], release, policy, reports, is_visit)
    texts = {note.id: note.text for note in notes}
    chosen = _in_trimester(_examined(chosen, texts), release, texts) if policy.combines else chosen
    rejected += [(scored, RejectionReason.NOT_ADDRESSED, "") for scored in passed_over]
    desk = _Desk(release, {note.id: note.sha256 for note in candidates.assertions.encounter.notes}, ranker)
    assignments = desk.assignments(chosen)
    rejections = desk.rejections(rejected, offers, {scored.code for scored in chosen})
    return CodedEncounter(
        assertions=candidates.assertions,
        release_id=release.id,
        assignments=assignments,
        rejected=rejections,
        uncoded=desk.uncoded(_providers(candidates.assertions), assignments, rejections),
        versions={**versions, "release": release.id, "ranker": ranker.version, "features": features_version(), "policy": policy.name},
    )


def _providers(assertions: Assertions) -> tuple[Assertion, ...]:
    """The assertions of notes that diagnoses are coded from: a problem that only another clinician lists is none left uncoded."""
    notes = {note.id for note in assertions.encounter.notes if note.supplies_diagnoses}
    return tuple(one for one in assertions.assertions if one.mention.note_id in notes)


def _decide(
    ranked: list[_Scored], release: Release, policy: CodingPolicy, reports: frozenset[str], is_visit: bool
) -> tuple[list[_Scored], list[tuple[_Scored, RejectionReason, str]]]:
    """Those likely enough, after combination and less specific codes; and the others with their reason and what took their place."""
    likely = [scored for scored in ranked if scored.probability >= policy.assign_probability]
    if not is_visit:
        likely += _reasons_for_studies(ranked, likely, release, reports)
    chosen = _with_documented(likely, ranked, release) if policy.combines else likely
    chosen += _effects_told(chosen, ranked, release) if policy.combines else []
    chosen += _told_causes(chosen, ranked) if policy.combines else []
    codes = {scored.code for scored in chosen}
    rejected = [(scored, _low(scored, chosen, release), "") for scored in ranked if scored.code not in codes]
    if policy.combines:
        chosen, replaced = _combine(chosen, release)
        chosen, displaced = _with_reported_causes(chosen, release)
        rejected += replaced + displaced
    kept = []
    for scored in chosen:
        # A corpus that is coded mention by mention has "lymph nodes" beside "axillary lymph nodes".
        better = "" if policy.reads_phrases else _more_specific(scored, chosen, release)
        if policy.combines:
            better = better or gives_way_to(scored.code, {other.code for other in chosen})
        if better:
            rejected.append((scored, RejectionReason.LESS_SPECIFIC, better))
        elif policy.combines and (injury := _injury_of(scored, chosen, release)):
            reason = RejectionReason.INTEGRAL_SYMPTOM if is_symptom(release.codebook, scored.code) else RejectionReason.LESS_SPECIFIC
            rejected.append((scored, reason, injury))
        elif policy.combines and (diagnosis := _explains(scored, chosen, release, reports)):
            rejected.append((scored, RejectionReason.INTEGRAL_SYMPTOM, diagnosis))
        else:
            kept.append(scored)
    return kept, rejected


def _as_effects(ranked: list[_Scored], release: Release) -> list[_Scored]:
    """The codes with those conditions as drug-induced that a sentence tells with the medicine they are an adverse effect of."""
    found: dict[str, _Scored] = {}
    for scored in ranked:
        form = effect_form(scored.code, [one.code for one in _medicines_of(scored, ranked)])
        if form != scored.code and release.codebook.is_billable(form):
            scored = replace(scored, code=form, rule=EFFECT)
        found[scored.code] = max(found.get(scored.code, scored), scored, key=lambda one: one.probability)
    return list(found.values())


def _linked(ranked: list[_Scored], release: Release) -> list[_Scored]:
    """The codes with the combination code where one problem statement names both conditions ("CKD stage 4 from type 2 diabetes"): whoever
    speaks of the one there speaks of the other, so it is as likely as the likelier of the two."""
    found: dict[str, _Scored] = {}
    for scored in ranked:
        own = _named_in(scored)
        for other in ranked if own else ():
            rule = combination_for(scored.code, {scored.code, other.code})
            if rule and own & _named_in(other) and release.codebook.is_billable(rule.becomes):
                scored = replace(scored, code=rule.becomes, rule=rule.source, probability=max(scored.probability, other.probability))
        found[scored.code] = max(found.get(scored.code, scored), scored, key=lambda one: one.probability)
    return list(found.values())


def _named_in(scored: _Scored) -> frozenset[tuple[str, int]]:
    """Where the problem statements begin in which the dictionary names the code."""
    pillars = (pillar for pillar in scored.pillars if pillar.statement is not None and not pillar.candidate.source.startswith("retrieval:"))
    return frozenset((pillar.statement.mention.note_id, pillar.statement.mention.start) for pillar in pillars if pillar.statement)


def _effects_told(chosen: list[_Scored], ranked: list[_Scored], release: Release) -> list[_Scored]:
    """The symptoms that are adverse effects of a medicine of this visit, however likely by themselves: the nature of the effect is coded."""
    codes = {scored.code for scored in chosen}
    return [
        replace(scored, rule=EFFECT)
        for scored in ranked
        if scored.code not in codes
        and (is_symptom(release.codebook, scored.code) or scored.rule == EFFECT)
        and _medicines_of(scored, chosen)
    ]


def _medicines_of(scored: _Scored, others: list[_Scored]) -> list[_Scored]:
    """The adverse effects among the others that stand in a sentence with this code of a condition."""
    if scored.code[0] > "R" or not _is_named(scored):
        return []
    own = _statements(scored)
    return [one for one in others if is_adverse_effect(one.code) and own & _statements(one)]


def _with_documented(likely: list[_Scored], ranked: list[_Scored], release: Release) -> list[_Scored]:
    """The likely codes and those that come with them: the specific form of an unspecified one (I.B.2), then documented companions."""
    chosen = {scored.code: scored for scored in likely}
    named = [scored for scored in ranked if _is_named(scored)]
    for scored in named:
        coarse = [one for one in likely if says_more(release.codebook, scored.code, one.code)]
        if coarse and scored.code not in chosen:
            probability = max(one.probability for one in coarse)
            chosen[scored.code] = replace(scored, probability=max(scored.probability, probability), rule="I.B.2")
    codes = frozenset(chosen)
    for scored in named:
        source = companion_source(scored.code, codes)
        if source and scored.code not in chosen and (_is_in_plan(scored) or _is_of_a_medicine(scored)):
            chosen[scored.code] = replace(scored, rule=source)
    return [chosen[scored.code] for scored in ranked if scored.code in chosen and not is_left_alone(scored.code, codes)]


def _reasons_for_studies(ranked: list[_Scored], likely: list[_Scored], release: Release, reports: frozenset[str]) -> list[_Scored]:
    """The symptoms that reports name as the reason for a study which found no diagnosis: they are what was examined (guidelines IV.D, IV.K).
    They keep their probability, so that a person sees them where it is low."""
    known = {scored.code for scored in likely}
    return [
        replace(scored, rule="IV.K")
        for scored in ranked
        if scored.code not in known
        and is_symptom(release.codebook, scored.code)
        and _is_named(scored)
        and all(pillar.assertion.mention.section is SectionKind.REASON_FOR_VISIT for pillar in scored.pillars)
        and {pillar.assertion.mention.note_id for pillar in scored.pillars} <= reports
        and not _diagnosis_of_report(scored, likely, release, reports)
    ]


def _is_named(scored: _Scored) -> bool:
    """Whether words of the note name the code itself: by the dictionary or a measure, not by retrieval nor as the history of something."""
    return any(not pillar.is_history and not pillar.candidate.source.startswith("retrieval:") for pillar in scored.pillars)


def _is_of_a_medicine(scored: _Scored) -> bool:
    """Whether it tells of a medicine in use: that the patient goes on taking it is read from the history as well as from the plan."""
    return any(pillar.candidate.source.startswith("drug:") for pillar in scored.pillars)


def _is_in_plan(scored: _Scored) -> bool:
    """Whether the code is named where this visit's care is told: the assessment, the plan, the medicines, or measured today."""
    sections = PLAN_SECTIONS | {
        SectionKind.MEDICATIONS,
        SectionKind.VITALS,
        SectionKind.PHYSICAL_EXAM,
        SectionKind.OBJECTIVE,
        SectionKind.BODY,
    }
    return any(pillar.assertion.mention.section in sections for pillar in scored.pillars)


def _low(scored: _Scored, chosen: list[_Scored], release: Release) -> RejectionReason:
    """A symptom beside an assigned diagnosis is integral to it as far as we can tell (guideline I.B.5); what stands in lists of the past
    only was not addressed at this visit (IV.J); the rest are unlikely."""
    book = release.codebook
    beside = any(_is_diagnosis(other, release) for other in chosen)
    if beside and is_symptom(book, scored.code):
        return RejectionReason.INTEGRAL_SYMPTOM
    listed_only = all(pillar.assertion.mention.section in HISTORY_SECTIONS for pillar in scored.pillars)
    return RejectionReason.NOT_ADDRESSED if listed_only else RejectionReason.LOW_PROBABILITY


def _is_diagnosis(scored: _Scored, release: Release) -> bool:
    """Whether it may explain a symptom: neither a symptom nor a reason for the encounter nor an incidental finding."""
    return scored.code[0] not in "VWXYZ" and not is_symptom(release.codebook, scored.code) and not is_incidental(scored.pillars)


def _combine(chosen: list[_Scored], release: Release) -> tuple[list[_Scored], list[tuple[_Scored, RejectionReason, str]]]:
    """Replace codes by the combination codes that the others call for."""
    codes = {scored.code for scored in chosen}
    kept: dict[str, _Scored] = {}
    replaced = []
    for scored in chosen:
        rule = combination_for(scored.code, codes)
        if rule and release.codebook.normalize(rule.becomes) and release.codebook.is_billable(rule.becomes):
            replaced.append((scored, RejectionReason.LESS_SPECIFIC, rule.becomes))
            scored = replace(scored, code=rule.becomes, rule=rule.source)
        kept[scored.code] = max(kept.get(scored.code, scored), scored, key=lambda one: one.probability)
    return list(kept.values()), replaced


def _examined(chosen: list[_Scored], texts: Mapping[str, str]) -> list[_Scored]:
    """A routine examination that brought something up is one with abnormal findings."""
    if not any(scored.code in WITH_FINDINGS for scored in chosen) or not finding_of({one.code: one.pillars for one in chosen}, texts):
        return chosen
    return [replace(one, code=WITH_FINDINGS[one.code], rule=SOURCE) if one.code in WITH_FINDINGS else one for one in chosen]


def _in_trimester(chosen: list[_Scored], release: Release, texts: Mapping[str, str]) -> list[_Scored]:
    """What became a complication of pregnancy by its combination, in the trimester that the notes tell."""
    contexts = ("", "", "", "\n".join(texts.values()))
    return [
        replace(one, code=as_documented(release.codebook, one.code, contexts)) if one.code[0] == "O" and one.rule else one for one in chosen
    ]


def _told_causes(chosen: list[_Scored], ranked: list[_Scored]) -> list[_Scored]:
    """What the history tells to have caused an injury of this visit, however likely by itself (guideline I.C.20.a). Where it happened and
    during what is left to the ranker: both are reported at will."""
    codes = {scored.code for scored in chosen}
    if not has_injury(codes):
        return []
    told = (scored for scored in ranked if scored.code not in codes and is_mechanism(scored.code))
    return [replace(scored, rule="I.C.20.a") for scored in told if any(p.candidate.source.startswith(_TOLD) for p in scored.pillars)]


def _with_reported_causes(chosen: list[_Scored], release: Release) -> tuple[list[_Scored], list[tuple[_Scored, RejectionReason, str]]]:
    """The codes with those external causes that go with an injury of this visit, in its phase of care (guideline I.C.20)."""
    told = sorted(chosen, key=lambda scored: min((p.assertion.mention.note_id, p.assertion.mention.start) for p in scored.pillars))
    codes = [scored.code for scored in told]
    displaced = displaced_causes(codes)
    kept = [replace(one, code=in_phase(release.codebook, one.code, codes)) for one in chosen if one.code not in displaced]
    return kept, [
        (one, RejectionReason.LESS_SPECIFIC if displaced[one.code] else RejectionReason.NOT_ADDRESSED, displaced[one.code])
        for one in chosen
        if one.code in displaced
    ]


def _more_specific(scored: _Scored, chosen: list[_Scored], release: Release) -> str:
    """An assigned code that says more of the same condition than this unspecified one, or empty (guideline I.B.2)."""
    return min((other.code for other in chosen if says_more(release.codebook, other.code, scored.code)), default="")


def _explains(scored: _Scored, chosen: list[_Scored], release: Release, reports: frozenset[str]) -> str:
    """The chosen diagnosis to which this symptom is integral, or empty."""
    of_part = _diagnosis_of_pain(scored, chosen, release)
    return of_part or (_diagnosis_of_report(scored, chosen, release, reports) if reports else "")


def _diagnosis_of_pain(scored: _Scored, chosen: list[_Scored], release: Release) -> str:
    """The disease or injury of the very part of the body that this code calls painful, on no other side, or empty: its pain is integral to it
    (guideline I.B.5)."""
    title = release.codebook.title(scored.code)
    if not scored.code.startswith(("M25.5", "M79.6")):
        return ""
    of_part = (one.code for one in chosen if one.code[0] in "MST" and not is_symptom(release.codebook, one.code))
    return min((code for code in of_part if _is_of_same_place(release.codebook.title(code), title)), default="")


def _is_of_same_place(title: str, other: str) -> bool:
    sides = {side(title), side(other)} - {None, "unspecified", "bilateral"}
    return share_a_part(title, other) and len(sides) <= 1


def _injury_of(scored: _Scored, chosen: list[_Scored], release: Release) -> str:
    """The assigned injury that accounts for this pain or lesser injury of its site, or empty (guidelines I.B.5, I.C.19.b)."""
    own = _statements(scored)
    others = {other.code: bool(own & _statements(other)) for other in chosen if other.code != scored.code}
    return accounted_for(release.codebook, scored.code, others)


def _statements(scored: _Scored) -> frozenset[tuple[str, int]]:
    """Where the problem statements or sentences begin that speak for a code."""
    mentions = [(pillar.statement or pillar.assertion).mention for pillar in scored.pillars]
    return frozenset((mention.note_id, mention.sentence_start) for mention in mentions)


def _diagnosis_of_report(scored: _Scored, chosen: list[_Scored], release: Release, reports: frozenset[str]) -> str:
    """The diagnosis of the report in which alone this symptom stands, or empty: beside a confirmed diagnosis of an interpreted study its
    signs and symptoms are not coded (guideline IV.K)."""
    notes = {pillar.assertion.mention.note_id for pillar in scored.pillars}
    if not notes <= reports or not is_symptom(release.codebook, scored.code):
        return ""
    confirmed = (one for one in chosen if _is_diagnosis(one, release))
    return min((one.code for one in confirmed if notes & {p.assertion.mention.note_id for p in one.pillars}), default="")


@dataclass(frozen=True, slots=True)
class _Desk:
    """Turns decisions into values that carry their evidence."""

    release: Release
    hashes: Mapping[str, str]
    ranker: Ranker

    def assignments(self, chosen: list[_Scored]) -> tuple[CodeAssignment, ...]:
        """Assignments in claim order, ranked from 1."""
        by_code = {scored.code: scored for scored in chosen}
        order = claim_order(list(by_code), {code: scored.pillars for code, scored in by_code.items()}, self.release.codebook)
        return tuple(self._assignment(by_code[code], rank) for rank, code in enumerate(order, 1))

    def _assignment(self, scored: _Scored, rank: int) -> CodeAssignment:
        return CodeAssignment(
            code=scored.code,
            display=self.release.codebook.title(scored.code),
            probability=round(scored.probability, 4),
            rank=rank,
            evidence=self._evidence([pillar.assertion for pillar in scored.pillars]),
            explanation=explain(scored.pillars, self.ranker.contributions(scored.features), scored.features, scored.rule),
            features=scored.features,
        )

    def _evidence(self, assertions: list[Assertion]) -> tuple[Evidence, ...]:
        """Each span once, those in the assessment first."""
        found = dict.fromkeys(evidence_of(assertion, self.hashes) for assertion in assertions)
        return tuple(sorted(found, key=lambda e: (e.section not in ASSESSMENT_SECTIONS, e.note_id, e.start, e.end)))

    def rejections(self, rejected: list[tuple[_Scored, RejectionReason, str]], offers: Offers, assigned: set[str]) -> tuple[Rejection, ...]:
        """One rejection for each code and reason, codes that stand left out."""
        grouped: dict[tuple[str, RejectionReason], tuple[list[Assertion], float, str]] = {}
        for scored, reason, instead in rejected:
            grouped[scored.code, reason] = ([pillar.assertion for pillar in scored.pillars], scored.probability, instead)
        for code, reason, assertion, instead in offers.turned_away:
            known = grouped.setdefault((code, reason), ([], 0.0, instead))
            known[0].append(assertion)
        return tuple(
            Rejection(code, self._display(code), reason, self._evidence(assertions), round(probability, 4), instead)
            for (code, reason), (assertions, probability, instead) in sorted(grouped.items())
            if code not in assigned
        )

    def _display(self, code: str) -> str:
        known = self.release.codebook.normalize(code)
        return self.release.codebook.title(known) if known else code

    def uncoded(
        self, assertions: tuple[Assertion, ...], assignments: tuple[CodeAssignment, ...], rejections: tuple[Rejection, ...]
    ) -> tuple[Evidence, ...]:
        """Asserted problems of the assessment that neither an assignment nor a reasoned rejection accounts for."""
        accounted = [evidence for assignment in assignments for evidence in assignment.evidence]
        accounted += [
            e
            for r in rejections
            if r.reason is not RejectionReason.LOW_PROBABILITY and r.reason is not RejectionReason.OUTRANKED
            for e in r.evidence
        ]
        problems = [a for a in assertions if a.mention.is_problem_statement and a.is_codable and a.mention.section in ASSESSMENT_SECTIONS]
        return tuple(
            evidence_of(problem, self.hashes) for problem in problems if not any(_overlaps(problem, evidence) for evidence in accounted)
        )


def _overlaps(assertion: Assertion, evidence: Evidence) -> bool:
    mention = assertion.mention
    return mention.note_id == evidence.note_id and mention.start < evidence.end and evidence.start < mention.end
