"""The vocabulary: its files are read strictly, its phrases expand as written, and every code it gives is in the embedded release."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminology.codebook import Codebook
from terminology.lexicon import AgeRange, Lexicon, LexiconEntry, LexiconError, check_against, load_lexicon
from terminology.lexicon.check import is_completable
from terminology.lexicon.loader import HEADER
from terminology.lexicon.options import OptionError, parse_options
from terminology.lexicon.phrases import PatternError, expand, same_phrase_key


@pytest.fixture(scope="module")
def meanings(lexicon: Lexicon) -> dict[str, list[LexiconEntry]]:
    found: dict[str, list[LexiconEntry]] = {}
    for entry in lexicon.entries:
        found.setdefault(same_phrase_key(entry.phrase), []).append(entry)
    return found


def write(folder: Path, *lines: str, name: str = "sample") -> Path:
    (folder / f"{name}.tsv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return folder


# ------------------------------------------------------------------------------------------------------------------- patterns


@pytest.mark.parametrize(
    ("pattern", "phrases"),
    [
        ("hypertension", ("hypertension",)),
        ("(acute|chronic|) back pain", ("acute back pain", "chronic back pain", "back pain")),
        ("polyp(s|) of colon", ("polyps of colon", "polyp of colon")),
        ("(a|b) (c|d)", ("a c", "a d", "b c", "b d")),
        ("(crohn(s|) disease|ileitis)", ("crohns disease", "crohn disease", "ileitis")),
    ],
)
def test_a_pattern_expands_to_each_choice(pattern: str, phrases: tuple[str, ...]) -> None:
    assert expand(pattern) == phrases


@pytest.mark.parametrize("pattern", ["(acute|chronic", "acute|chronic", "acute) pain", "(acute|)", ""])
def test_a_malformed_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        expand(pattern)


WORD = st.text(alphabet="abcdefgh", min_size=1, max_size=5)


@given(st.lists(st.lists(WORD, min_size=1, max_size=3, unique=True), min_size=1, max_size=4))
def test_a_pattern_gives_the_product_of_its_groups(groups: list[list[str]]) -> None:
    pattern = " ".join(f"({'|'.join(group)})" for group in groups)
    phrases = expand(pattern)
    assert len(phrases) == len(set(phrases))
    assert all(word in group for phrase in phrases for word, group in zip(phrase.split(" "), groups, strict=True))
    assert {phrase.split(" ")[0] for phrase in phrases} == set(groups[0])


@pytest.mark.parametrize(
    ("one", "other"), [("type-2 diabetes", "Type 2  Diabetes"), ("anxiety/depression", "anxiety depression"), ("h. pylori", "h pylori")]
)
def test_hyphens_slashes_case_and_stops_do_not_make_another_phrase(one: str, other: str) -> None:
    assert same_phrase_key(one) == same_phrase_key(other)


# -------------------------------------------------------------------------------------------------------------------- options


def test_options_are_read() -> None:
    options = parse_options("case near=dvt|clot not=exam in=assessment kind=status sex=female age>=12 age<50")
    assert (options.is_case_sensitive, options.near, options.unless) == (True, ("dvt", "clot"), ("exam",))
    assert (options.section_only, options.kind, options.sex) == ("assessment", "status", "female")
    assert options.age == AgeRange(12, 50)
    assert [options.age.includes(age) for age in (11, 12, 49, 50)] == [False, True, True, False]


@pytest.mark.parametrize(
    "column",
    ["kase", "kind=diagnosis", "in=plan", "sex=f", "age=5", "age<5 age>=5", "near=", "near=two_words", "case case", "near=a near=b"],
)
def test_a_wrong_option_is_refused(column: str) -> None:
    with pytest.raises(OptionError):
        parse_options(column)


# --------------------------------------------------------------------------------------------------------------------- loading


def test_entries_carry_their_line_and_a_stable_id(tmp_path: Path) -> None:
    write(tmp_path, "# comment", "(high blood pressure|htn)\tI10", "dm with ckd\tE11.22+N18.9\tkind=disorder", name="sample")
    entries = load_lexicon(tmp_path).entries
    assert [(entry.id, entry.codes, entry.where) for entry in entries] == [
        ("sample:high-blood-pressure", ("I10",), "sample.tsv:3"),
        ("sample:htn", ("I10",), "sample.tsv:3"),
        ("sample:dm-with-ckd", ("E11.22", "N18.9"), "sample.tsv:4"),
    ]
    assert entries[2].companions == ("N18.9",)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["one\ttwo\tthree\tfour"], "sample.tsv:2: two or three columns"),
        (["hypertension"], "sample.tsv:2: two or three columns"),
        (["hypertension\ti10"], "sample.tsv:2: 'i10' has not the shape"),
        (["hypertension\tI10+I10"], "sample.tsv:2: a code stands twice"),
        (["Hypertension\tI10"], "sample.tsv:2: 'Hypertension' must be lower case"),
        (["htn\tI10\tcase"], "sample.tsv:2: 'htn' has the option case"),
        (["a\tI10"], "sample.tsv:2: 'a' is too short"),
        (["what?\tI10"], "sample.tsv:2: 'what\\?' holds a character"),
        (["(a|b\tI10"], "sample.tsv:2: a group is not closed"),
        (["htn\tI10\tkind=x"], "sample.tsv:2: kind is one of"),
        (["htn\tI10", "", "HTN\tI15.0\tcase"], "sample.tsv:4: 'HTN' means I15.0 here and I10 at sample.tsv:2"),
        (["mumps\tB26.9\tsex=male", "mumps\tB26.0\tage<9"], "no option tells them apart"),
        (["mumps\tB26.9\tnear=neck", "mumps\tB26.0\tnear=neck|testis"], "no option tells them apart"),
    ],
)
def test_a_slip_names_its_file_and_line(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(LexiconError, match=message):
        load_lexicon(write(tmp_path, *lines))


@pytest.mark.parametrize(
    "options",
    [
        ("sex=male", "sex=female"),
        ("age<18", "age>=18"),
        ("near=cough", "near=prostate"),
        ("near=cough|fever", "not=fever|cough"),
        ("not=cough", "near=cough"),
    ],
)
def test_contexts_that_part_two_meanings_are_accepted(tmp_path: Path, options: tuple[str, str]) -> None:
    entries = load_lexicon(write(tmp_path, f"croup\tJ05.0\t{options[0]}", f"croup\tJ38.5\t{options[1]}")).entries
    assert [entry.id for entry in entries] == ["sample:croup@J05.0", "sample:croup@J38.5"]


def test_a_repeat_in_another_file_is_dropped(tmp_path: Path) -> None:
    write(tmp_path, "hives\tL50.9", "HIVES\tL50.9\tcase", name="allergy")
    write(tmp_path, "hives\tL50.9", "hives\tL50.9\tsex=female", name="skin")
    assert [entry.id for entry in load_lexicon(tmp_path).entries] == ["allergy:hives"]


def test_the_hash_follows_every_byte_and_name(tmp_path: Path) -> None:
    hashes = {load_lexicon(write(tmp_path, "hives\tL50.9")).sha256}
    hashes.add(load_lexicon(write(tmp_path, "hives\tL50.9", "# more")).sha256)
    (tmp_path / "sample.tsv").rename(tmp_path / "skin.tsv")
    hashes.add(load_lexicon(tmp_path).sha256)
    assert len(hashes) == 3


def test_an_empty_folder_or_a_file_without_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="no vocabulary files"):
        load_lexicon(tmp_path)
    (tmp_path / "bare.tsv").write_text("hives\tL50.9\n", encoding="utf-8")
    with pytest.raises(LexiconError, match=r"bare\.tsv: the first line"):
        load_lexicon(tmp_path)
    (tmp_path / "bare.tsv").write_bytes(b"phrase\xff")
    with pytest.raises(LexiconError, match=r"bare\.tsv: not UTF-8 at byte 6"):
        load_lexicon(tmp_path)


# ------------------------------------------------------------------------------------------------------------- against a release


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("I10", True),
        ("M25.56", True),
        ("S93.40", True),
        ("E11.3", True),
        ("I82.40", True),
        ("G56.0", True),
        ("F06.3", True),
        ("Z00.0", False),
    ],
)
def test_what_rules_can_complete(codebook: Codebook, code: str, expected: bool) -> None:
    assert is_completable(codebook, code) is expected


def test_codes_that_a_release_lacks_are_reported(tmp_path: Path, codebook: Codebook) -> None:
    lexicon = load_lexicon(write(tmp_path, "htn\tI10", "no such\tI10.5", "check up\tZ00.0"))
    assert [str(problem) for problem in check_against(lexicon, codebook)] == [
        "sample.tsv:3: 'no such': I10.5 is not in the release",
        "sample.tsv:4: 'check up': Z00.0 has no side, seventh character or unspecified child that completes it",
    ]


def test_every_code_shipped_is_in_the_release_or_completable(lexicon: Lexicon, codebook: Codebook) -> None:
    assert [str(problem) for problem in check_against(lexicon, codebook)] == []


def test_the_shipped_vocabulary_is_broad_and_its_ids_are_unique(lexicon: Lexicon) -> None:
    assert len(lexicon) > 20_000
    assert len({entry.source for entry in lexicon.entries}) >= 11
    assert [name for name, count in Counter(entry.id for entry in lexicon.entries).items() if count > 1] == []


@pytest.mark.parametrize(
    ("phrase", "code"),
    [
        ("htn", "I10"),
        ("essential hypertension", "I10"),
        ("hypertension with chf", "I11.0+I50.9"),
        ("htn with ckd stage 3b", "I12.9+N18.32"),
        ("acute on chronic systolic heart failure", "I50.23"),
        ("hfpef", "I50.30"),
        ("cad", "I25.10"),
        ("paroxysmal afib", "I48.0"),
        ("old mi", "I25.2"),
        ("dm ii", "E11.9"),
        ("diabetes type 2", "E11.9"),
        ("t2dm with ckd stage 3", "E11.22+N18.30"),
        ("diabetic neuropathy", "E11.40"),
        ("poorly controlled type 2 diabetes", "E11.65"),
        ("t1dm with hyperglycemia", "E10.65"),
        ("type 2 diabetes in remission", "E11.A"),
        ("prediabetes", "R73.03"),
        ("hypothyroidism", "E03.9"),
        ("hashimoto's thyroiditis", "E06.3"),
        ("hld", "E78.5"),
        ("mixed hyperlipidemia", "E78.2"),
        ("class 3 obesity", "E66.813"),
        ("copd exacerbation", "J44.1"),
        ("asthma", "J45.909"),
        ("moderate persistent asthma with exacerbation", "J45.41"),
        ("uri", "J06.9"),
        ("acute bronchitis", "J20.9"),
        ("osa on cpap", "G47.33"),
        ("gerd", "K21.9"),
        ("ibs-d", "K58.0"),
        ("diverticulitis", "K57.92"),
        ("nafld", "K76.0"),
        ("ckd 3a", "N18.31"),
        ("esrd on dialysis", "N18.6+Z99.2"),
        ("nephrolithiasis", "N20.0"),
        ("uti", "N39.0"),
        ("migraine with aura", "G43.109"),
        ("intractable migraine", "G43.919"),
        ("seizure disorder", "G40.909"),
        ("alzheimer's dementia", "G30.9+F02.80"),
        ("relapsing remitting multiple sclerosis", "G35.A"),
        ("depression", "F32.A"),
        ("mdd", "F32.9"),
        ("anxiety", "F41.9"),
        ("anxiety and depression", "F41.8"),
        ("adhd", "F90.9"),
        ("ptsd", "F43.10"),
        ("nicotine dependence", "F17.200"),
        ("covid pneumonia", "U07.1+J12.82"),
        ("strep throat", "J02.0"),
        ("shingles", "B02.9"),
        ("low back pain", "M54.50"),
        ("knee pain", "M25.56"),
        ("shortness of breath", "R06.02"),
        ("dyspnea on exertion", "R06.09"),
        ("flank pain", "R10.A"),
        ("nausea and vomiting", "R11.2"),
        ("history of breast cancer", "Z85.3"),
        ("history of stroke", "Z86.73"),
        ("former smoker", "Z87.891"),
        ("family history of colon cancer", "Z80.0"),
        ("s/p cabg", "Z95.1"),
        ("long term use of insulin", "Z79.4"),
        ("screening mammogram", "Z12.31"),
        ("colon cancer screening", "Z12.11"),
    ],
)
def test_what_clinicians_write_means_the_documented_default(meanings: dict[str, list[LexiconEntry]], phrase: str, code: str) -> None:
    assert {"+".join(entry.codes) for entry in meanings[same_phrase_key(phrase)]} == {code}


@pytest.mark.parametrize("phrase", ["MS", "PE", "AS", "MR", "CP", "HA", "PD", "CF", "RA", "MI", "AF", "CAP", "SI", "PND", "ED"])
def test_ambiguous_abbreviations_need_capitals(meanings: dict[str, list[LexiconEntry]], phrase: str) -> None:
    assert all(entry.is_case_sensitive for entry in meanings[same_phrase_key(phrase)])


@pytest.mark.parametrize("phrase", ["pain", "normal", "cold", "fall", "diabetic diet", "stable", "mass", "negative", "pe", "ms"])
def test_words_that_stand_everywhere_mean_nothing_alone(meanings: dict[str, list[LexiconEntry]], phrase: str) -> None:
    assert [
        entry.id for entry in meanings.get(same_phrase_key(phrase), []) if not entry.is_contextual and not entry.is_case_sensitive
    ] == []


@pytest.mark.parametrize(
    ("phrase", "codes"),
    [
        ("bladder infection", ("N30.90",)),
        ("wart", ("B07.9",)),
        ("common wart", ("B07.8",)),
        ("acne", ("L70.9",)),
        ("acne vulgaris", ("L70.0",)),
        ("fungal rash", ("B36.9",)),
        ("wrist drop", ("M21.33",)),
        ("premature ovarian insufficiency", ("E28.39",)),
        ("history of dcis", ("Z86.000",)),
        ("intercostal pain", ("R07.82",)),
        ("chronic insomnia", ("F51.04",)),
        ("wound check", ("Z51.89",)),
        ("e. coli uti", ("N39.0", "B96.20")),
        ("knee osteoarthritis", ("M17.9",)),
    ],
)
def test_phrases_lead_where_the_alphabetic_index_does(meanings: dict[str, list[LexiconEntry]], phrase: str, codes: tuple[str, ...]) -> None:
    assert {entry.codes for entry in meanings[same_phrase_key(phrase)]} == {codes}
