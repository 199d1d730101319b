"""Case reports: phrases aligned and counted, what every phrase offers, and features that take nothing from the report they judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from fhir_coder.coding.case_reports.alignment import align, learn_translations, read_report
from fhir_coder.coding.case_reports.features import MENTION_FEATURES
from fhir_coder.coding.case_reports.learned import LearnedPhrases, Link, read_links, shipped_phrases
from fhir_coder.coding.case_reports.learning import align_all, learn_left_out, learn_phrases, phrases_table
from fhir_coder.coding.case_reports.offers import offer_every_phrase
from fhir_coder.coding.case_reports.words import words_of
from fhir_coder.coding.policy import every_mention, every_mention_unlearned, outpatient
from fhir_coder.coding.weighing import weigh
from fhir_coder.errors import InvalidContent
from fhir_coder.model import PHRASE_KNOWN, Assertion, Assertions, Encounter, Mention, Mentions, Note, Presence, SectionKind, Sections
from terminology.release import Release

TEXT = "The patient had gastritis. Later a colitis was seen.\n"


def row(text: str = TEXT, **changes: Any) -> dict[str, Any]:
    """A report whose Spanish original is as long as the English text."""
    evidence = [
        {"code": "K29.70", "text": "gastritis", "offsets_es": f"{text.find('gastritis')} {text.find('gastritis') + 9}"},
        {"code": "K52.9", "text": "colitis", "offsets_es": f"{text.find('colitis')} {text.find('colitis') + 7}"},
    ]
    return {"text": text, "codes": ["K29.70", "K52.9"], "evidence": evidence, "mt_len_ratio": 1.0} | changes


@dataclass(frozen=True)
class Hit:
    code: str
    score: float
    lexical: float | None = None
    dense: float | None = None
    source: str = "title:x"


class Retrieval:
    def search(self, queries: Sequence[str], k: int = 50) -> list[list[Hit]]:
        return [[] for _ in queries]

    def search_above(self, queries: Sequence[str], k: int, least: float) -> list[list[Hit]]:
        return self.search(queries, k)


def known(text: str, phrase: str, presence: Presence = Presence.PRESENT) -> Assertion:
    start = text.index(phrase)
    mention = Mention("n1", start, start + len(phrase), phrase, SectionKind.BODY, 0, len(text), sources=(PHRASE_KNOWN,))
    return Assertion(mention, presence)


def assertions(text: str, *found: Assertion) -> Assertions:
    sections = Sections(Encounter("e1", (Note("n1", text),)), ())
    return Assertions(Mentions(sections, tuple(one.mention for one in found)), found)


LEARNED = LearnedPhrases(
    {("pain",): (Link("R52", 6, 8, 20),), ("abdominal", "pain"): (Link("R10.9", 9, 9, 10), Link("R52", 1, 3, 10))}, {"R52": 9, "R10.9": 9}
)


def test_words_are_compared_in_the_singular_and_keep_their_place() -> None:
    text = "Biopsies of the patient’s nodes: hepatitis, abscess, 2 uteri"
    words = words_of(text)
    assert [word.form for word in words] == ["biopsy", "of", "the", "patient", "node", "hepatitis", "abscess", "2", "uteri"]
    assert [text[word.start : word.end] for word in words][:2] == ["Biopsies", "of"]


def test_evidence_finds_its_english_words() -> None:
    reports = [read_report(row())]
    found = align(reports[0], learn_translations(reports))
    assert [(one.code, reports[0].words[one.first].form, one.last - one.first) for one in found] == [
        ("K29.70", "gastritis", 1),
        ("K52.9", "colitis", 1),
    ]


@pytest.mark.parametrize("broken", [{"evidence": None}, {"mt_len_ratio": "much"}, {"codes": 3}, {"evidence": [{"code": "K52.9"}]}])
def test_a_line_that_is_no_report_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(InvalidContent, match="learning phrases needs"):
        read_report(row(**broken))


def test_counts_tell_where_a_phrase_had_its_code() -> None:
    plain = row("A colitis is no diagnosis here.", codes=["K29.70"], evidence=[])
    reports = [read_report(row()), read_report(row()), read_report(plain)]
    learned = learn_phrases(reports, align_all(reports))
    assert learned.links["colitis",] == (Link("K52.9", together=2, beside=2, reports=3),)
    assert learned.links["colitis",][0].precision == 0.5
    assert (learned.prior("K29.70"), learned.prior_of_category("K52.0"), learned.prior("A00.0")) == (3, 2, 0)


def test_a_report_is_never_judged_by_its_own_phrases() -> None:
    special = row("He had a gastritis and rare zzyzzosis.", codes=["D48.9"])
    special["evidence"] = [{"code": "D48.9", "text": "zzyzzosis", "offsets_es": "28 37"}]
    reports = [read_report(special), *(read_report(row()) for _ in range(12))]
    tables = learn_left_out(reports)
    assert ("zzyzzosis",) not in tables[0].links and tables[0].prior("D48.9") == 0
    assert any(("zzyzzosis",) in table.links for table in tables[1:])
    others = [report for report, table in zip(reports, tables, strict=True) if table is not tables[0]]
    assert tables[0] == learn_phrases(others, align_all(others))


def test_the_written_table_reads_as_the_same_links() -> None:
    reports = [read_report(row())]
    learned = learn_phrases(reports, align_all(reports))
    text = phrases_table(learned)
    assert read_links(text) == learned.links
    assert "CC BY 4.0" in text and text.startswith("#")


def test_the_shipped_tables_are_those_of_codiesp() -> None:
    fever = {link.code: link for link in shipped_phrases().links["fever",]}
    assert fever["R50.9"].precision > 0.8
    assert shipped_phrases().prior("R50.9") > 50


def test_a_known_phrase_offers_its_codes_and_a_denied_one_too(release: Release) -> None:
    text = "No abdominal pain."
    whole, part = known(text, "abdominal pain", Presence.ABSENT), known(text, "pain", Presence.ABSENT)
    policy = replace(every_mention(), learned=LEARNED)
    candidates = offer_every_phrase(assertions(text, whole, part), Retrieval(), LEARNED)
    offers, features = weigh(candidates, release.codebook, policy)
    assert set(offers.pillars) == {"R10.9", "R52"}
    assert features["R10.9"]["phrase_precision"] == pytest.approx(9 / 11, abs=1e-6)
    # "pain" stands within the longer phrase, so it counts half.
    assert features["R52"]["phrase_precision"] == pytest.approx(6 / 21 / 2, abs=1e-6)
    assert features["R52"]["phrase_is_inner"] == 1.0
    assert tuple(features["R52"]) == MENTION_FEATURES


def test_phrases_like_a_learned_one_are_found_by_what_they_share() -> None:
    assert [(link.code, share) for link, share in LEARNED.alike("pains, abdominal")] == [("R10.9", 1.0), ("R52", 1.0)]
    assert LEARNED.alike("fracture of the femur") == []


def test_only_the_policy_with_phrases_has_them() -> None:
    assert every_mention().learned is not None
    assert every_mention_unlearned().learned is None and every_mention_unlearned().reads_phrases
    assert not outpatient().reads_phrases and outpatient().learned is None
