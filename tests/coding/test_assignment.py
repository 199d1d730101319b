"""From assertions to assignments, with a retrieval and a ranker that are plain values: every decision and every reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from fhir_coder.coding.assignment import assign_codes
from fhir_coder.coding.candidates import offer_candidates
from fhir_coder.coding.policy import every_mention, outpatient
from fhir_coder.model import (
    Assertion,
    Assertions,
    CodedEncounter,
    Encounter,
    Experiencer,
    Mention,
    Mentions,
    Note,
    Presence,
    SectionKind,
    Sections,
    Temporality,
)
from terminology.release import Release


@dataclass(frozen=True)
class Hit:
    code: str
    score: float
    lexical: float | None = None
    dense: float | None = None
    source: str = "title"


class Retrieval:
    """Offers the same hits for every query and remembers what was asked."""

    def __init__(self, *hits: Hit) -> None:
        self.hits = list(hits)
        self.asked: list[str] = []

    def search(self, queries: Sequence[str], k: int = 50) -> list[list[Hit]]:
        self.asked += queries
        return [self.hits[:k] for _ in queries]


class Certain:
    """A ranker that gives every code the same probability."""

    version = "certain@0"

    def __init__(self, probability: float = 0.95) -> None:
        self._probability = probability

    def probability(self, features: Mapping[str, float]) -> float:
        return self._probability

    def contributions(self, features: Mapping[str, float]) -> list[tuple[str, float]]:
        return [("in_assessment", 1.0)]


def assertion(
    text: str, words: str, *codes: str, statement: bool = False, section: SectionKind = SectionKind.ASSESSMENT, **claims: object
) -> Assertion:
    start = text.index(words)
    sources = tuple(f"lexicon:test:{code}" for code in codes)
    mention = Mention("n", start, start + len(words), words, section, 0, len(text), codes, sources, statement)
    return Assertion(mention, **claims)  # type: ignore[arg-type]


def coded(
    release: Release, text: str, *found: Assertion, ranker: Certain | None = None, retrieval: Retrieval | None = None, policy=None
) -> CodedEncounter:
    encounter = Encounter("e", (Note("n", text),))
    candidates = offer_candidates(Assertions(Mentions(Sections(encounter, ()), ()), found), retrieval or Retrieval())
    return assign_codes(candidates, release, ranker or Certain(), policy or outpatient(), {"software": "test"})


def codes(encounter: CodedEncounter) -> list[str]:
    return [one.code for one in encounter.assignments]


def reasons(encounter: CodedEncounter) -> dict[str, str]:
    return {one.code: one.reason.value for one in encounter.rejected}


def test_an_asserted_mention_is_assigned_with_its_evidence(release: Release) -> None:
    text = "Pain of the right knee."
    encounter = coded(release, text, assertion(text, "Pain of the right knee", "M25.56"))
    assert codes(encounter) == ["M25.561"]
    evidence = encounter.assignments[0].evidence[0]
    assert text[evidence.start : evidence.end] == evidence.text
    assert encounter.assignments[0].display == "Pain in right knee"
    assert encounter.versions["release"] == release.id


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"presence": Presence.ABSENT}, "negated"),
        ({"presence": Presence.POSSIBLE}, "uncertain"),
        ({"experiencer": Experiencer.FAMILY}, "family-history"),
        ({"experiencer": Experiencer.OTHER}, "other-person"),
        ({"temporality": Temporality.HYPOTHETICAL}, "hypothetical"),
        ({"temporality": Temporality.HISTORICAL}, "historical"),
    ],
)
def test_what_is_not_the_patients_now_is_rejected_with_its_reason(release: Release, claims: dict, reason: str) -> None:
    text = "Pneumonia."
    found = assertion(text, "Pneumonia", "J18.9", section=SectionKind.HISTORY_OF_PRESENT_ILLNESS, **claims)
    encounter = coded(release, text, found)
    assert codes(encounter) == []
    assert reasons(encounter)["J18.9"] == reason
    assert encounter.rejected[0].evidence[0].text == "Pneumonia"


def test_family_history_in_the_plan_offers_its_z_code(release: Release) -> None:
    text = "Breast cancer in her mother; order mammogram."
    encounter = coded(release, text, assertion(text, "Breast cancer", "C50.919", experiencer=Experiencer.FAMILY))
    assert codes(encounter) == ["Z80.3"]
    assert reasons(encounter)["C50.919"] == "family-history"


def test_codes_that_an_entry_gives_together_all_stand(release: Release) -> None:
    text = "Type 2 diabetes with ckd stage 4."
    assert set(codes(coded(release, text, assertion(text, "Type 2 diabetes with ckd stage 4", "E11.22", "N18.4")))) == {"E11.22", "N18.4"}


def test_a_combination_replaces_and_says_so(release: Release) -> None:
    text = "Hypertension. Heart failure."
    encounter = coded(release, text, assertion(text, "Hypertension", "I10"), assertion(text, "Heart failure", "I50.9"))
    assert codes(encounter) == ["I11.0", "I50.9"]
    replaced = next(one for one in encounter.rejected if one.code == "I10")
    assert (replaced.reason.value, replaced.instead) == ("less-specific", "I11.0")
    assert "I.C.9.a.1" in encounter.assignments[0].explanation


def test_below_the_floor_a_code_is_rejected_and_its_problem_stays_uncoded(release: Release) -> None:
    text = "Gout."
    found = assertion(text, "Gout", "M10.9"), assertion(text, "Gout", statement=True)
    encounter = coded(release, text, *found, ranker=Certain(0.04))
    assert codes(encounter) == []
    assert reasons(encounter)["M10.9"] == "low-probability"
    assert [one.text for one in encounter.uncoded] == ["Gout"]


def test_retrieval_is_asked_only_for_what_the_dictionary_does_not_explain(release: Release) -> None:
    text = "Gout. Frobnication of the spleen."
    retrieval = Retrieval(Hit("D73.9", 0.8, 0.8, 0.7), Hit("D73.89", 0.6, 0.6, 0.6))
    found = (
        assertion(text, "Gout", "M10.9"),
        assertion(text, "Gout", statement=True),
        assertion(text, "Frobnication of the spleen", statement=True),
    )
    encounter = coded(release, text, *found, retrieval=retrieval)
    assert retrieval.asked == ["Frobnication of the spleen"]
    assert set(codes(encounter)) == {"M10.9", "D73.9"}
    assert reasons(encounter)["D73.89"] == "outranked"


def test_a_past_condition_is_coded_where_every_mention_is(release: Release) -> None:
    text = "Pneumonia."
    found = assertion(text, "Pneumonia", "J18.9", temporality=Temporality.HISTORICAL)
    # The ranker decides between the code and that of its history; this one takes everything.
    assert codes(coded(release, text, found, policy=every_mention())) == ["J18.9", "Z87.01"]


def test_a_past_surgery_is_no_reason_against_its_status_code(release: Release) -> None:
    text = "Status post mastectomy."
    found = assertion(text, "mastectomy", "Z90.10", temporality=Temporality.HISTORICAL)
    assert codes(coded(release, text, found)) == ["Z90.10"]


def test_the_answer_does_not_depend_on_the_order_of_equal_claims(release: Release) -> None:
    text = "Gout and asthma."
    gout, asthma = assertion(text, "Gout", "M10.9"), assertion(text, "asthma", "J45.909")
    assert codes(coded(release, text, gout, asthma)) == codes(coded(release, text, asthma, gout))
