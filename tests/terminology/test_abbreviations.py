"""Abbreviations with several meanings: the words near them decide, and without such words they mean nothing."""

from __future__ import annotations

import pytest

from index.matcher import TermMatcher


def codes(matcher: TermMatcher, text: str, abbreviation: str) -> set[str]:
    """What the abbreviation itself means in the text."""
    return {code for match in matcher.find_terms(text) if text[match.start : match.end] == abbreviation for code in match.codes}


@pytest.mark.parametrize(
    ("text", "abbreviation", "expected"),
    [
        ("MS, followed by neurology, on Ocrevus.", "MS", "G35.D"),
        ("MS, mitral murmur.", "MS", ""),
        ("MSK: MS 5/5 throughout.", "MS", ""),
        ("RA, stable on methotrexate.", "RA", "M06.9"),
        ("Sats 97% on RA.", "RA", ""),
        ("PE, on Eliquis for six months.", "PE", "I26.99"),
        ("PE: lungs clear, abdomen soft.", "PE", ""),
        ("CP with exertion, EKG today.", "CP", "R07.9"),
        ("CP, spastic, uses AFO.", "CP", "G80.9"),
        ("HA with photophobia.", "HA", "R51.9"),
        ("HA injection of the knee.", "HA", ""),
        ("OA of several joints.", "OA", "M19.90"),
        ("PD, on Sinemet.", "PD", "G20.A1"),
        ("PD exchanges at night, peritoneal dialysis.", "PD", ""),
        ("UC flare, restart mesalamine.", "UC", "K51.90"),
        ("Seen at UC yesterday.", "UC", ""),
        ("CD, on Humira for ileitis.", "CD", "K50.90"),
        ("Gave her a CD of the images.", "CD", ""),
        ("DI, on desmopressin.", "DI", "E23.2"),
        ("DI reviewed.", "DI", ""),
        ("AI: moderate, seen on echo, valve thickened.", "AI", "I35.1"),
        ("AI, on hydrocortisone twice daily.", "AI", "E27.40"),
        ("On an AI since surgery.", "AI", ""),
        ("AS, valve area 0.9, loud murmur.", "AS", "I35.0"),
        ("AS with sacroiliitis, HLA positive.", "AS", "M45.9"),
        ("MI with troponin rise.", "MI", "I21.9"),
        ("Lives in Flint, MI.", "MI", ""),
        ("CF, on Trikafta.", "CF", "E84.9"),
        ("ED, wants sildenafil.", "ED", "N52.9"),
        ("Seen in the ED yesterday.", "ED", ""),
        ("ROM: ear red and bulging, start amoxicillin.", "ROM", "H66.91"),
        ("ROM full in both shoulders.", "ROM", ""),
        ("AR, continue Flonase.", "AR", "J30.9"),
        ("AR, moderate on echo, aortic valve.", "AR", "I35.1"),
        ("SS, on hydroxyurea.", "SS", "D57.1"),
        ("Takes 4 units of SS insulin.", "SS", ""),
        ("PMR, taper prednisone.", "PMR", "M35.3"),
        ("PID with adnexal tenderness.", "PID", "N73.9"),
        ("PT twice weekly for the back.", "PT", ""),
        ("SI joint tender.", "SI", ""),
        ("SI without plan or intent.", "SI", "R45.851"),
        ("PVD with claudication.", "PVD", "I73.9"),
        ("PVD with new floaters.", "PVD", "H43.81"),
        ("ALS crew brought her.", "ALS", ""),
        ("HCC coding gap reviewed.", "HCC", ""),
        ("HCC, liver transplant list.", "HCC", "C22.0"),
    ],
)
def test_the_neighbours_decide(matcher: TermMatcher, text: str, abbreviation: str, expected: str) -> None:
    assert codes(matcher, text, abbreviation) == ({expected} if expected else set())


@pytest.mark.parametrize(
    "text",
    [
        "bronchitis, acute sinusitis",
        "anxiety, severe headache",
        "Afib, chronic kidney disease",
        "hernia, acute cholecystitis",
    ],
)
def test_a_description_before_another_noun_belongs_to_that_noun(matcher: TermMatcher, text: str) -> None:
    first, second = text.split(", ")
    assert {text[match.start : match.end] for match in matcher.find_terms(text)} == {first, second}


@pytest.mark.parametrize(
    "text",
    [
        "Please call the office and bring a form with you.",
        "She reports no pain today and feels well; follow up in two weeks.",
        "The sugar in his tea, a cup of water, and the drive home on ice.",
        "Reviewed labs, discussed diet, refilled nothing.",
        "He works in the school and plays on a team.",
    ],
)
def test_ordinary_words_mean_nothing(matcher: TermMatcher, text: str) -> None:
    assert [match.source for match in matcher.find_terms(text) if match.kind not in {"cause"} and not match.section_only] == []
