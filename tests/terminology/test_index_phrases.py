"""Paths of the official index become the phrases that clinicians write, and only of printed words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminology.vocabulary.index_phrases import Step, phrase_path


def phrases(path: str) -> list[str]:
    """The wordings of "Title (modifier) (modifier) > title"."""
    steps = []
    for part in path.split(" > "):
        title, *modifiers = part.split(" (")
        steps.append(Step(title, tuple(modifier.rstrip(")") for modifier in modifiers)))
    return [wording.phrase for wording in phrase_path(steps)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Pneumonia > bacterial", {"bacterial pneumonia", "pneumonia, bacterial"}),
        ("Fracture, traumatic > femur > neck", {"neck of femur fracture", "fracture of neck of femur", "femur neck fracture"}),
        ("Disease > kidney > chronic > stage 3", {"stage 3 chronic kidney disease"}),
        ("Diabetes, diabetic > with > nephropathy", {"diabetes with nephropathy", "diabetic nephropathy", "nephropathy due to diabetes"}),
        ("Pneumonia > in (due to) > rubella", {"pneumonia in rubella", "pneumonia due to rubella"}),
        ("Diabetes > with > coma due to > shock", {"diabetes with coma due to shock"}),
        ("Hypertension (essential) (and portal)", {"hypertension", "essential hypertension"}),
        ("Bronchitis (tube)", {"bronchitis tube"}),
        ("History > family (of) > arthritis", {"family history of arthritis"}),
        ("Shock or reaction", {"shock", "reaction"}),
        ("Pregnancy > ectopic or molar", {"ectopic pregnancy", "molar pregnancy"}),
        ("Block > heart > right", {"heart block"}),
        ("Glioma > unspecified site", {"glioma"}),
        ("Labor > false", {"false labor"}),
        ("Anemia NEC", {"anemia"}),
        ("Gene [ABC] defect", {"gene defect"}),
        ("Aarskog's syndrome", {"Aarskog's syndrome"}),
        ("Sinusitis > without > polyp", {"sinusitis without polyp"}),
    ],
)
def test_a_path_is_written_as_clinicians_write(path: str, expected: set[str]) -> None:
    assert expected <= set(phrases(path))


@pytest.mark.parametrize(
    "path",
    [
        "Pneumonia > specified NEC",
        "Cyst > specified site NEC",
        "Neoplasm > by site",
        "Dementia > in > diseases classified elsewhere",
        "with > coma",
    ],
)
def test_what_no_phrase_can_say_gives_none(path: str) -> None:
    assert phrases(path) == []


def test_modifiers_of_a_term_are_not_taken_down_to_its_subterms() -> None:
    assert not [phrase for phrase in phrases("Enteritis (acute) > chronic") if "acute" in phrase]


def test_without_is_never_turned_round() -> None:
    assert phrases("Sinusitis > without > polyp") == ["sinusitis without polyp"]


WORDS = st.sampled_from(
    ["acute", "femur", "with", "in", "due to", "neck", "bacterial", "stage 3", "with coma", "a, b", "abdomen, abdominal", "x or y"]
)


@given(st.lists(st.tuples(WORDS, st.lists(WORDS, max_size=2)), min_size=1, max_size=9))
def test_any_path_gives_few_phrases_of_its_own_words(steps: list[tuple[str, list[str]]]) -> None:
    found = phrase_path([Step(title, tuple(modifiers)) for title, modifiers in steps])
    own = {"of", "in", "with", "due", "to", "associated"}
    for title, modifiers in steps:
        for text in (title, *modifiers):
            own |= set(text.replace(",", " ").split())
    assert len(found) <= 40
    assert len({wording.phrase for wording in found}) == len(found)
    for wording in found:
        assert set(wording.phrase.replace(",", " ").split()) <= own
