"""References in notes: what they cover, and that prose is never guessed at."""

from __future__ import annotations

import pytest

from terminology.codebook import Codebook
from terminology.references import parse_references


@pytest.mark.parametrize(
    ("text", "covered", "not_covered"),
    [
        ("actinomycetoma (B47.1)", ["B47.1"], ["B47.0", "B47"]),
        ("postprocedural sepsis (T81.44-)", ["T81.44XA", "T81.44"], ["T81.4"]),
        ("sepsis (O03.37, O03.87, O04.87)", ["O03.37", "O04.87"], ["O03.3"]),
        ("exposure to ignition (X00.-)", ["X00.0XXA", "X00"], ["X01.0XXA"]),
        ("certain infections (A00-B99)", ["A00.0", "B99.9", "B20"], ["C00.0"]),
        ("diabetes with osteomyelitis (E08-E13 with .69)", ["E11.69", "E08.69"], ["E11.65", "E14.69"]),
        ("malignant melanoma of skin (C43-C44)", ["C43.9", "C44.90", "C4A.9"], ["C45.0"]),
        ("inflammatory polyarthropathies (M05-M14)", ["M1A.9XX0", "M10.9"], ["M15.0"]),
        ("chronic lower respiratory disease (J40-J4A)", ["J45.909", "J4A.0"], ["J60"]),
        ("injury [S71.0-, S71.1-]", ["S71.011A", "S71.1"], ["S71.2"]),
        ("complications of surgical care (T80-T88.1)", ["T80.0", "T88.1"], ["T88.2"]),
        ("neoplasm of uncertain behavior (D37-D44)", ["D37.01", "D44.9"], ["D3A.8", "D45"]),
        ("secondary neoplasm (C76-C80)", ["C76.0", "C80.1"], ["C7A.1", "C7B.00"]),
        ("other malignant neoplasms (C96.0-C96.9)", ["C96.0", "C96.A", "C96.Z", "C96.9"], ["C95.9"]),
        ("type 2 diabetes (E11.0-E11.8)", ["E11.8", "E11.22"], ["E11.9", "E11.A"]),
        ("rheumatoid arthritis (M05.00 to M05.8A)", ["M05.00", "M05.89", "M05.8A"], ["M05.9", "M05.A"]),
        ("pregnancy (O00-O9A)", ["O9A.119", "O00.0"], ["P00.0"]),
        ("weeks of gestation (Z3A.-)", ["Z3A.20"], ["Z30.09"]),
        ("chromosomal (QA0.-)", ["QA0"], ["Q99.9"]),
        ("alcohol and drug use (F10.-F19.-)", ["F10.10", "F19.99"], ["F20.9"]),
        ("fracture of pelvis (S32.1--S32.9 with 7th character B)", ["S32.10XB", "S32.9XXB"], ["S32.10XA", "S32.009B"]),
        ("fracture of arm (S42.- with 7th character B or C)", ["S42.001B", "S42.111B"], ["S42.001A"]),
        ("current concussion (brain) (S06.0X- with seventh character A)", ["S06.0X0A"], ["S06.0X0S", "S06.1X0A"]),
        ("to identify drug (T36-T50 with fifth or sixth character 5)", ["T36.0X5A", "T36.95XA", "T45.515A"], ["T36.0X1A", "T45.521A"]),
        ("poisoning (T36-T65 with fifth or sixth character 1-4 or 6)", ["T36.0X1A", "T36.0X6A", "T65.94XD"], ["T36.0X5A"]),
        ("underdosing (T36-T50 with final character 6)", ["T36.0X6A", "T36.96XS"], ["T36.0X5A", "T36.6X5A"]),
        ("fluency disorder (I69. with final characters -23)", ["I69.023", "I69.923"], ["I69.022", "I69.23"]),
        ("alexia (I69. with final characters -20)", ["I69.020"], ["I69.20"]),
        ("drug use (F11-F19 with .15. .25, .95)", ["F11.150", "F19.95"], ["F11.10", "F10.15"]),
        ("drug use (F10-F19 with 5th character .6)", ["F13.26"], ["F13.20"]),
        ("ketoacidosis (E08, E13 with final characters .00 or .01)", ["E08.01", "E13.00"], ["E08.10", "E11.00"]),
        ("hemorrhage (I60.-. I61.-, I62.-)", ["I60.9", "I61.0", "I62.9"], ["I63.9"]),
        ("jaw pain R68.84", ["R68.84"], ["R68.83"]),
        ("any condition classifiable to I70.211 and I70.221", ["I70.211", "I70.221"], ["I70.212"]),
        ("acquired absence of knee joint (Z89.52-", ["Z89.521"], ["Z89.51"]),
        ("electrolyte imbalance (E87.8}", ["E87.8"], ["E87.70"]),
        ("code (Chapter 20) to identify external cause", ["W19.XXXA", "Y92.009"], ["T14.90XA"]),
        ("code (Chapter 1), to identify specific disease", ["A15.0", "B99.9"], ["C00.0"]),
        ("code from category O08 to identify any associated complication.", ["O08.0"], ["O07.4"]),
        ("from categories E08, E09 and E13 to further identify any manifestation", ["E08.9", "E09.22", "E13.9"], ["E10.9", "E11.9"]),
        ("code(s) from F11-F16 and F18-F19 to identify manifestations", ["F11.10", "F16.20", "F18.10", "F19.20"], ["F17.210", "F10.10"]),
        ("code from I11 to identify the type of hypertensive heart disease", ["I11.0"], ["I12.9"]),
        ("code, if applicable, from category Z3A, Weeks of gestation, to identify the week", ["Z3A.20"], ["Z33.1"]),
        ("code from category T31 or T32 to identify extent of body surface involved", ["T31.10", "T32.0"], ["T30.0"]),
        (
            "injuries classified in subcategories S06.1- to S06.6- , S06.81- and S06.82-, code to injury",
            ["S06.1X0A", "S06.5X0A", "S06.820A"],
            ["S06.9X0A"],
        ),
        ("conditions classifiable to S06.0- to S06.8-code to specified injury", ["S06.0X0A", "S06.890A"], ["S06.9X0A"]),
        ("leukemia in remission C91.0-C95.9 with 5th character 1", ["C91.01", "C95.91"], ["C91.00", "C96.0"]),
        (
            "open fracture of forearm (S52.- with open fracture 7th character)",
            ["S52.501B", "S52.501R"],
            ["S52.501A", "S52.501S", "S52.501G"],
        ),
        ("poisoning (T51-T65 with fifth or sixth character to indicate intent)", ["T51.0X1A", "T65.94XA"], ["T50.901A", "T66.XXXA"]),
    ],
)
def test_covers(text: str, covered: list[str], not_covered: list[str]) -> None:
    references = parse_references(text)
    for code in covered:
        assert any(reference.covers(code) for reference in references), code
    for code in not_covered:
        assert not any(reference.covers(code) for reference in references), code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "congenital conditions",
        "(unspecified)",
        "code first underlying disease",
        "grade (I or II)",
        "human immunodeficiency virus [HIV]",
        "glucose-6-phosphate dehydrogenase (G6PD) deficiency",
        "aftercare for injury- code the injury with 7th character D",
        "suspected fetal condition affecting management - code to condition in Chapter 15",
        "code, if applicable, for codes G31.0-G31.83, G31.85-G31.9, to identify:",
        "type 4 or type 5 myocardial infarction",
        "diabetic acidosis - see categories E08-E10, E11, E13 with ketoacidosis",
        "tinea, any type except those in B36.-",
        "due to deficiency of vitamin B12",
    ],
)
def test_prose_is_never_guessed_at(text: str) -> None:
    assert parse_references(text) == ()


def test_a_reference_reads_as_it_was_written() -> None:
    assert [str(reference) for reference in parse_references("(E08-E13 with .42), (I10, A00-B99)")] == [
        "E08-E13 with .42",
        "I10",
        "A00-B99",
    ]


def test_ranges_hold_what_the_list_prints_between_their_ends(codebook: Codebook) -> None:
    """Every range in a note of the embedded release that ends with whole categories."""
    categories = [code for code in codebook.codes() if len(code) == 3]
    notes = {note for code in categories for note in codebook.notes(code)}
    ranges = {reference for note in notes for reference in note.references if len(reference.first) == len(reference.last) == 3}
    # "J40-J4A" is the heading of a block in which J45 and J47 are printed after J4A.
    checked = [
        one
        for one in ranges
        if one.first != one.last and one.condition is None and one.last != "J4A" and one.first in categories and one.last in categories
    ]
    assert len(checked) > 100
    for one in checked:
        printed = categories[categories.index(one.first) : categories.index(one.last) + 1]
        assert [code for code in categories if one.covers(code)] == printed, str(one)
