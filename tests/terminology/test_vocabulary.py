"""The vocabulary: what the official tables lead to, verified in the tabular list, settled where terms disagree, stored and read back."""

from __future__ import annotations

import gzip
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import pytest

from terminology.codebook import Codebook
from terminology.installation import release_from_xml
from terminology.tabular import parse_tabular
from terminology.vocabulary import IndexedPhrase, Vocabulary, compile_vocabulary, dump_vocabulary, load_vocabulary
from terminology.vocabulary.alphabetic_index import parse_alphabetic_index
from terminology.vocabulary.cross_references import known_code
from terminology.vocabulary.drug_neoplasm_tables import parse_code_table

CODES = {
    "A00": ("A00.0", "A00.1", "A00.9"),
    "B01": ("B01.0", "B01.1"),
    "C34": ("C34.1", "C34.9"),
    "C78": ("C78.0",),
    "D14": ("D14.3",),
    "D49": ("D49.1",),
    "E85": ("E85.4",),
    "I43": (),
    "T36": ("T36.0X1", "T36.0X2", "T36.0X5", "T36.0X6"),
    "W19": (),
}


@pytest.fixture(scope="module")
def small() -> Codebook:
    """Ten categories, enough to verify codes in."""
    diags = "".join(
        f"<diag><name>{category}</name><desc>{category}</desc>"
        + "".join(f"<diag><name>{code}</name><desc>{code}</desc></diag>" for code in below)
        + "</diag>"
        for category, below in CODES.items()
    )
    section = f'<section id="A00-W19"><desc>all</desc>{diags}</section>'
    xml = f"<ICD10CM.tabular><chapter><name>1</name><desc>all</desc>{section}</chapter></ICD10CM.tabular>"
    return Codebook(parse_tabular(xml.encode()))


def term(title: str, *inside: str, level: int = 1) -> str:
    return f'<term level="{level}"><title>{title}</title>{"".join(inside)}</term>'


def main(title: str, *inside: str) -> str:
    return f"<mainTerm><title>{title}</title>{''.join(inside)}</mainTerm>"


def code(text: str, manifestation: str = "") -> str:
    return f"<code>{text}</code>" + (f"<manif>{manifestation}</manif>" if manifestation else "")


def see(target: str) -> str:
    return f"<see>{target}</see>"


def also(target: str) -> str:
    return f"<seeAlso>{target}</seeAlso>"


def cells(*codes: str) -> str:
    return "".join(f'<cell col="{number}">{text}</cell>' for number, text in enumerate(codes, 2))


def table(*mains: str) -> bytes:
    return f"<ICD10CM.index><letter><title>A</title>{''.join(mains)}</letter></ICD10CM.index>".encode()


NEOPLASMS = table(main("Neoplasm, neoplastic", cells("C34.9"), term("lung", cells("C34.9-", "C78.0-", "-", "D14.3", "-", "D49.1"))))


def codes_of(codebook: Codebook, *mains: str, **others: bytes) -> dict[str, tuple[str, ...]]:
    vocabulary = compile_vocabulary({"index": table(*mains)} | others, codebook)
    return {phrase.phrase: phrase.codes for phrase in vocabulary.phrases if phrase.table == "index"}


@pytest.mark.parametrize(
    ("mains", "phrase", "expected"),
    [
        ([main("Cholera", code("A00.9"))], "cholera", ("A00.9",)),
        ([main("Cholera", code("A00.-"))], "cholera", ("A00",)),
        ([main("Cholera", code("A00"))], "cholera", ("A00",)),
        ([main("Cholera", code("Z99.9"))], "cholera", None),
        ([main("Amyloid heart", code("E85.4", "I43"))], "amyloid heart", ("E85.4", "I43")),
        ([main("Amyloid heart", code("E85.4", "Z99"))], "amyloid heart", None),
        ([main("Choking", "<seecat>A00</seecat>")], "choking", ("A00",)),
        ([main("Bolt", "<subcat>A00.1</subcat>")], "bolt", ("A00.1",)),
        ([main("Flux", see("Cholera")), main("Cholera", code("A00.9"))], "flux", ("A00.9",)),
        ([main("Flux", see(" Cholera,  eltor ")), main("Cholera", term("eltor NEC", code("A00.1")))], "flux", ("A00.1",)),
        ([main("Flux", see("Cholera, eltor")), main("Cholera", term("with", term("eltor", code("A00.1"))))], "flux", ("A00.1",)),
        ([main("Flux", see("Ebb")), main("Ebb", see("Cholera")), main("Cholera", code("A00.9"))], "flux", ("A00.9",)),
        ([main("Flux", see("Ebb")), main("Ebb", see("Flux"))], "flux", None),
        ([main("Flux", see("Flux"))], "flux", None),
        ([main("Flux", see("condition")), main("Condition", code("A00.9"))], "flux", None),
        ([main("Flux", see("Cholera, by site")), main("Cholera", code("A00.9"))], "flux", None),
        ([main("Flux", see("Nowhere, at all"))], "flux", None),
        ([main("Flux", see("category A00"))], "flux", ("A00",)),
        ([main("Flux", see("subcategory A00.1-"))], "flux", ("A00.1",)),
        ([main("Flux", also("Cholera")), main("Cholera", code("A00.9"))], "flux", ("A00.9",)),
        ([main("Flux", also("Cholera"), code("B01.0")), main("Cholera", code("A00.9"))], "flux", ("B01.0",)),
        ([main("Oat cell", see("Neoplasm, lung, malignant"))], "oat cell", ("C34.9",)),
        ([main("Oat cell", see("Neoplasm, malignant, by site"))], "oat cell", None),
        ([main("Labor", term("false", code("A00.0")), term("true", code("A00.1")))], "false labor", ("A00.0",)),
    ],
)
def test_a_term_leads_to_its_codes(small: Codebook, mains: list[str], phrase: str, expected: tuple[str, ...] | None) -> None:
    assert codes_of(small, *mains, neoplasm=NEOPLASMS).get(phrase) == expected


def test_equal_claims_fall_back_to_the_header_they_share_or_are_dropped(small: Codebook) -> None:
    same = codes_of(small, main("Flux", term("left", code("A00.0")), term("right", code("A00.1"))))
    assert same["flux"] == ("A00",)
    other = compile_vocabulary({"index": table(main("Flux", code("A00.0")), main("Flux", code("B01.0")))}, small)
    assert [each.phrase for each in other.phrases] == []
    assert other.counts["ambiguous phrases dropped"] == 1


def test_the_nearer_claim_has_the_phrase(small: Codebook) -> None:
    modified = main("Flux<nemod>(acute)</nemod>", code("A00.0"), term("acute", code("A00.1")))
    assert codes_of(small, modified)["acute flux"] == ("A00.1",)


def test_what_is_left_out_is_counted(small: Codebook) -> None:
    counts = compile_vocabulary({"index": table(main("Flux", code("Z99.9")), main("Ebb", code("A00.0")))}, small).counts
    assert counts["index codes"] == 2
    assert counts["index codes not in the tabular list"] == 1


def test_neoplasms_are_named_by_site_and_behavior(small: Codebook) -> None:
    found = {each.phrase: each.codes for each in compile_vocabulary({"neoplasm": NEOPLASMS}, small).phrases}
    assert found["malignant neoplasm of lung"] == found["lung cancer"] == ("C34.9",)
    assert found["secondary malignant neoplasm of lung"] == found["metastasis to lung"] == ("C78.0",)
    assert found["benign neoplasm of lung"] == ("D14.3",)
    assert found["lung tumor"] == ("D49.1",)
    assert not [phrase for phrase in found if "in situ" in phrase or "uncertain" in phrase]
    assert "lung" not in found


def test_a_substance_alone_is_no_diagnosis_and_unknown_intent_is_accidental(small: Codebook) -> None:
    drugs = table(main("Penicillin<nemod>(any)</nemod>", cells("T36.0X1", "T36.0X2", "--", "--", "T36.0X5", "T36.0X6")))
    found = {each.phrase: each.codes for each in compile_vocabulary({"drug": drugs}, small).phrases}
    assert "penicillin" not in found
    assert found["penicillin overdose"] == found["poisoning by penicillin"] == ("T36.0X1",)
    assert found["intentional penicillin overdose"] == ("T36.0X2",)
    assert found["adverse effect of penicillin"] == ("T36.0X5",)
    assert found["underdosing of penicillin"] == ("T36.0X6",)


def test_the_same_tables_give_the_same_bytes_which_read_back(small: Codebook) -> None:
    tables = {"index": table(main("Flux", code("A00.9"), term("acute", code("A00.1")))), "neoplasm": NEOPLASMS}
    vocabulary = compile_vocabulary(tables, small)
    data = dump_vocabulary(vocabulary)
    assert data == dump_vocabulary(compile_vocabulary(tables, small))
    loaded = load_vocabulary(data)
    assert loaded == vocabulary
    assert tuple(loaded.phrases) == tuple(vocabulary.phrases)
    assert len(loaded.phrases) == len(tuple(loaded.phrases))
    assert loaded.phrases[:2] == tuple(loaded.phrases)[:2]
    assert loaded.counts == vocabulary.counts


def test_phrases_made_by_hand_are_stored_too() -> None:
    phrases = (IndexedPhrase("flux", ("A00.9",), "index", ("Flux",)), IndexedPhrase("acute flux", ("A00.9",), "index", ("Flux",)))
    loaded = load_vocabulary(dump_vocabulary(Vocabulary(phrases, "", {"index codes": 1})))
    assert tuple(loaded.phrases) == phrases
    assert loaded.counts == {"index codes": 1}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no gzip",
        gzip.compress(b"", mtime=0),
        gzip.compress(b"[1]", mtime=0),
        gzip.compress(b'{"format":0}', mtime=0),
        gzip.compress(b"{", mtime=0),
        gzip.compress(b"\xff", mtime=0),
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="the compiled vocabulary"):
        load_vocabulary(data)


def test_a_cut_file_is_damaged_when_it_is_read(small: Codebook) -> None:
    mains = [main(f"Flux {number}", code("A00.9")) for number in range(3000)]
    data = dump_vocabulary(compile_vocabulary({"index": table(*mains)}, small))
    with pytest.raises(ValueError, match="damaged"):
        tuple(load_vocabulary(data[: len(data) // 2]).phrases)


def test_a_table_of_another_name_is_refused(small: Codebook) -> None:
    with pytest.raises(ValueError, match="called procedures"):
        compile_vocabulary({"procedures": b""}, small)


# ------------------------------------------------------------------------------------------------------------------- official files

FILES = {
    "index": "RECONSTRUCTED-icd10cm-index-April-2025.xml",
    "external": "icd-10-cm-eindex-2025.xml",
    "neoplasm": "icd-10-cm-neoplasm-2025.xml",
    "drug": "icd-10-cm-drug-2025.xml",
}


@pytest.fixture(scope="module")
def official(shared: Path) -> dict[str, bytes]:
    return {name: (shared / "terminology/FY2025" / file).read_bytes() for name, file in FILES.items()}


@pytest.fixture(scope="module")
def april(shared: Path) -> Codebook:
    data = (shared / "terminology/FY2025/icd10cm-tabular-April-2025.xml").read_bytes()
    return release_from_xml(data, "April 2025", date(2025, 4, 1), date(2025, 9, 30)).codebook


@pytest.fixture(scope="module")
def compiled(official: dict[str, bytes], april: Codebook) -> Vocabulary:
    return compile_vocabulary(official, april)


@pytest.fixture(scope="module")
def found(compiled: Vocabulary) -> dict[str, set[tuple[str, ...]]]:
    """The codes of every phrase; read once, as a vocabulary makes its phrases anew each time."""
    codes: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for each in compiled.phrases:
        codes[each.phrase].add(each.codes)
    return codes


def test_the_official_files_hold_what_was_published(official: dict[str, bytes], april: Codebook) -> None:
    index = parse_alphabetic_index(official["index"])
    paths = list(index.paths())
    assert len(index.terms) == 8_100
    assert sum(not path[-1].terms for path in paths) == 62_746
    assert sum(bool(path[-1].code) for path in paths) == 62_721
    assert max(len(path) for path in paths) == 10
    assert len(list(parse_code_table(official["drug"]).paths())) == 7_428
    assert len(list(parse_code_table(official["neoplasm"]).paths())) == 1_939
    external = parse_alphabetic_index(official["external"])
    assert sum(bool(path[-1].code) for path in external.paths()) == 6_650
    assert [path[-1].code for path in paths if path[-1].code and known_code(path[-1].code, april) is None] == []


def test_every_official_code_is_in_the_tabular_list_and_every_phrase_leads_there(compiled: Vocabulary, april: Codebook) -> None:
    unknown = {name: number for name, number in compiled.counts.items() if name.endswith("not in the tabular list")}
    assert set(unknown.values()) == {0}
    assert (compiled.counts["neoplasm codes"], compiled.counts["drug codes"]) == (9_018, 40_026)
    assert compiled.counts["index references followed"] > 9_000
    tables: Counter[str] = Counter()
    for each in compiled.phrases:
        assert each.phrase == " ".join(each.phrase.split())
        assert all(april.normalize(one) == one for one in each.codes)
        tables[each.table] += 1
    assert set(tables) == set(FILES)
    assert tables["index"] > 200_000


@pytest.mark.parametrize(
    ("phrase", "codes"),
    [
        ("bacterial pneumonia", ("J15.9",)),
        ("diabetes with gastroparesis", ("E11.43",)),
        ("diabetic cataract", ("E11.36",)),
        ("kidney disease, chronic", ("N18.9",)),
        ("family history of arthritis", ("Z82.61",)),
        ("stomach cancer", ("C16.9",)),
        ("metastasis to liver", ("C78.7",)),
        ("acetaminophen overdose", ("T39.1X1",)),
        ("adverse effect of warfarin", ("T45.515",)),
        ("bronchopneumonia", ("J18.0",)),
    ],
)
def test_sentinels_of_the_official_files(found: dict[str, set[tuple[str, ...]]], phrase: str, codes: tuple[str, ...]) -> None:
    assert found[phrase] == {codes}


def test_an_excerpt_of_a_newer_index_keeps_its_pairs(shared: Path, codebook: Codebook) -> None:
    data = (shared / "terminology/FY2027/EXCERPT-icd10cm-index-2027.xml").read_bytes()
    found = {each.phrase: each.codes for each in compile_vocabulary({"index": data}, codebook).phrases}
    assert found["amyloid heart disease"] == found["heart amyloidosis"] == ("E85.4", "I43")
    assert found["amyloidosis with lung involvement"] == ("E85.4", "J99")
    assert found["anatomical narrow angle"] == ("H40.03",)
    assert "specified amyloidosis" not in found
