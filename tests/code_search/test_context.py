"""One code with what the tabular list says around it, and what it leaves open."""

from __future__ import annotations

import pytest

from fhir_coder.code_search.context import context_of
from fhir_coder.code_search.prompts import prompts
from terminology.codebook import Codebook, NoteKind
from terminology.release import Release


def asked(codebook: Codebook, code: str) -> dict[str, dict[str, list[str]]]:
    return {one.axis: {answer.text: [choice.code for choice in answer.codes] for answer in one.answers} for one in prompts(codebook, code)}


SIDES = {
    "M25.56": {"right": ["M25.561"], "left": ["M25.562"]},
    "M25.569": {"right": ["M25.561"], "left": ["M25.562"]},
    "S52.509A": {"right": ["S52.501A"], "left": ["S52.502A"]},
    "H66.90": {"right": ["H66.91"], "left": ["H66.92"], "bilateral": ["H66.93"]},
}


@pytest.mark.parametrize(("code", "answers"), SIDES.items(), ids=SIDES)
def test_the_side_is_asked_for(codebook: Codebook, code: str, answers: dict[str, list[str]]) -> None:
    assert asked(codebook, code)["side"] == answers


def test_the_stage_is_asked_for(codebook: Codebook) -> None:
    stages = asked(codebook, "N18.9")["ckd-stage"]
    assert stages["stage 3b"] == ["N18.32"] and stages["stage 5"] == ["N18.5"]
    assert asked(codebook, "L89.159")["pressure-ulcer-stage"]["unstageable"] == ["L89.150"]


def test_the_trimester_is_asked_for(codebook: Codebook) -> None:
    assert asked(codebook, "O23.40")["trimester"] == {
        "first trimester": ["O23.41"],
        "second trimester": ["O23.42"],
        "third trimester": ["O23.43"],
    }


def test_the_seventh_character_is_asked_for_with_the_full_codes(codebook: Codebook) -> None:
    answers = asked(codebook, "S93.401")["seventh-character"]
    assert answers == {"A: initial encounter": ["S93.401A"], "D: subsequent encounter": ["S93.401D"], "S: sequela": ["S93.401S"]}
    assert list(asked(codebook, "S93.409")) == ["side", "seventh-character"]
    assert asked(codebook, "T36.0X5")["seventh-character"]["A: initial encounter"] == ["T36.0X5A"]


@pytest.mark.parametrize("code", ["E11.22", "M25.561", "S52.501A", "I10", "O23.42", "N18.32"])
def test_a_code_that_leaves_nothing_open_asks_nothing(codebook: Codebook, code: str) -> None:
    assert asked(codebook, code) == {}


def test_a_header_asks_for_its_children(codebook: Codebook) -> None:
    assert ["E11.21"] in asked(codebook, "E11.2")["detail"].values()


def test_every_answer_leads_to_codes_of_the_release(codebook: Codebook) -> None:
    """Some answers confirm the code itself: epilepsy that is not intractable."""
    codes = list(codebook.printed_codes())[::29]
    for code in codes:
        for prompt in prompts(codebook, code):
            leads = [choice.code for one in prompt.answers for choice in one.codes]
            assert set(leads) - {code} and all(one == codebook.normalize(one) for one in leads)


def test_the_notes_of_the_code_and_of_everything_above(release: Release) -> None:
    context = context_of(release, "e1122")
    assert context and (context.code, context.is_billable, context.release) == ("E11.22", True, "2026-04-01")
    assert [one.id for one in context.above] == ["4", "E08-E13", "E11", "E11.2"]
    notes = dict(context.notes)
    owners = {line.owner: line.owner_title for line in notes[NoteKind.USE_ADDITIONAL]}
    assert "E11.22" in owners and owners["E11"] == "Type 2 diabetes mellitus"
    assert any("N18.1-N18.6" in line.text for line in notes[NoteKind.USE_ADDITIONAL])
    assert {NoteKind.INCLUDES, NoteKind.EXCLUDES1} <= notes.keys()


def test_inclusion_terms_are_those_of_the_code_itself(release: Release) -> None:
    context = context_of(release, "N18.32")
    assert context and NoteKind.INCLUSION_TERM not in dict(context.notes)


def test_alternatives_keep_the_seventh_character(release: Release) -> None:
    context = context_of(release, "S93.401D")
    assert context
    siblings = [one.code for one in context.siblings]
    assert {"S93.401A", "S93.401S", "S93.402D", "S93.409D"} == set(siblings)
    assert [one.code for one in context.sides] == ["S93.402D", "S93.409D"]


@pytest.mark.parametrize("code", ["", "Z", "QQQ", "E11.99", "E11.2.2", "../..", "S93.401Q"])
def test_what_the_release_does_not_have_has_no_context(release: Release, code: str) -> None:
    assert context_of(release, code) is None
