"""The questions everyone asks, on codes with the shapes that loaders get wrong."""

from __future__ import annotations

import pytest

from terminology.codebook import Codebook, NoteKind, UnknownCode


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("e11.22", "E11.22"),
        (" E1122 ", "E11.22"),
        ("I10", "I10"),
        ("W2189XA", "W21.89XA"),
        ("w21.89xa", "W21.89XA"),
        ("c4a.9", "C4A.9"),
        ("U071", "U07.1"),
        ("S93.40", "S93.40"),
        ("QA0", "QA0"),
        ("W21.89A", None),
        ("W21.89X", None),
        ("I10.", "I10"),
        ("E1.122", None),
        ("E11..22", None),
        ("E.11.22", None),
        ("I10.0", None),
        ("", None),
        ("hypertension", None),
        ("S06.9X7D", None),
        ("S06.9X7A", "S06.9X7A"),
    ],
)
def test_normalize(codebook: Codebook, given: str, canonical: str | None) -> None:
    assert codebook.normalize(given) == canonical
    assert (given in codebook) == (canonical is not None)


@pytest.mark.parametrize(
    ("code", "title"),
    [
        # A note inside sevenChrDef is an inclusion term of the character before it, not part of the title.
        ("H34.8312", "Tributary (branch) retinal vein occlusion, right eye, stable"),
        ("H34.8112", "Central retinal vein occlusion, right eye, stable"),
        ("H35.3113", "Nonexudative age-related macular degeneration, right eye, advanced atrophic without subfoveal involvement"),
        ("S52.501B", "Unspecified fracture of the lower end of right radius, initial encounter for open fracture type I or II"),
        ("S72.001B", "Fracture of unspecified part of neck of right femur, initial encounter for open fracture type I or II"),
        ("H35.3212", "Exudative age-related macular degeneration, right eye, with inactive choroidal neovascularization"),
        ("S82.001B", "Unspecified fracture of right patella, initial encounter for open fracture type I or II"),
        ("W08.XXXS", "Fall from other furniture, sequela"),
        ("W21.89XA", "Striking against or struck by other sports equipment, initial encounter"),
        ("I10", "Essential (primary) hypertension"),
    ],
)
def test_titles(codebook: Codebook, code: str, title: str) -> None:
    assert codebook.title(code) == title


def test_the_note_under_a_seventh_character_is_an_inclusion_term(codebook: Codebook) -> None:
    terms = [note.text for note in codebook.notes("H34.8312", NoteKind.INCLUSION_TERM, inherited=False)]
    assert "Old tributary (branch) retinal vein occlusion" in terms


def test_structure(codebook: Codebook) -> None:
    assert codebook.ancestors("E11.3211") == ("E11.321", "E11.32", "E11.3", "E11")
    assert codebook.category("w2189xa") == "W21"
    assert codebook.chapter("I10").number == 9
    assert codebook.section("I10").id == "I10-I1A"
    assert codebook.stem("W21.89XA") == "W21.89"
    assert codebook.children("I50")[:2] == ("I50.1", "I50.2")
    assert codebook.billable_under("E11.2") == ("E11.21", "E11.22", "E11.29")
    assert codebook.billable_under("W21.89") == ("W21.89XA", "W21.89XD", "W21.89XS")


def test_seventh_characters(codebook: Codebook) -> None:
    assert codebook.with_seventh("W21.89", "A") == "W21.89XA"
    assert set(codebook.seventh_characters("S06.9X7")) == {"A"}
    assert set(codebook.seventh_characters("S93.401A")) == {"A", "D", "S"}
    assert codebook.seventh_characters("I10") == {}
    assert "K" in codebook.seventh_characters("S52.501")
    with pytest.raises(UnknownCode):
        codebook.with_seventh("W21.89", "Q")


def test_the_nearest_definition_wins(codebook: Codebook) -> None:
    assert set(codebook.seventh_characters("S52.521")) == {"A", "D", "G", "K", "P", "S"}


def test_notes_are_inherited_from_code_category_section_and_chapter(codebook: Codebook) -> None:
    owners = {note.owner for note in codebook.notes("E11.22")}
    assert {"E11.22", "E11"} <= owners
    assert any(owner.startswith("chapter") for owner in {note.owner for note in codebook.notes("A00.0")})


def test_a_code_with_several_containers_of_one_kind_keeps_them_all(codebook: Codebook) -> None:
    texts = [note.text for note in codebook.notes("E11", NoteKind.USE_ADDITIONAL, inherited=False)]
    assert len(texts) >= 3


def test_umbrella_sections_reach_the_codes_they_span(codebook: Codebook) -> None:
    assert "T20-T32" in {note.owner for note in codebook.notes("T20.00")} or codebook.section("T20.00").id.startswith("T20")


def test_stems_are_the_printed_codes_without_children(codebook: Codebook) -> None:
    stems = codebook.stems()
    assert 36_000 < len(stems) < 37_000
    assert all(not codebook.children(stem.code) for stem in stems[:500])


@pytest.mark.parametrize("code", ["", "ZZZ", "I10.0"])
def test_unknown_codes_say_so(codebook: Codebook, code: str) -> None:
    with pytest.raises(UnknownCode):
        codebook.title(code)
