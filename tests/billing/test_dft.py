"""DFT^P03: what we build is read by a library that did not build it, knows the segments of v2.5.1 and is strict; values are read by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import hl7
import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from fhir_coder.billing.dft import Addressed, dft_message
from fhir_coder.billing.signed import BilledPatient, Correction, Diagnosis, Frequency, Provider, SignedEncounter, correcting
from tests.billing.signing import MADE_AT, SIGNED, version

TO = Addressed("FHIR-CODER", "NORTH", "BILLING", "CLEARING", "T")
EARLIER = Correction(Frequency.REPLACEMENT, SIGNED.control_number, SIGNED.lines)


def built(signed: SignedEncounter = SIGNED, correction: Correction | None = None) -> str:
    return dft_message(signed, correction, TO, MADE_AT).decode()


def segments(text: str, name: str) -> list[list[str]]:
    """Fields of every segment of a name, split by hand, number 0 the name; MSH has its separator as field 1."""
    found = [line.split("|") for line in text.split("\r") if line.startswith(name + "|")]
    return [[one[0], "|", *one[1:]] if name == "MSH" else one for one in found]


CASES = {
    "as charged": (SIGNED, None),
    "without service lines": (replace(SIGNED, lines=()), None),
    "lines that nobody linked": (replace(SIGNED, lines=tuple(replace(one, pointers=()) for one in SIGNED.lines)), None),
    "twelve diagnoses": (replace(SIGNED, diagnoses=tuple(Diagnosis(f"R{n}") for n in range(10, 22))), None),
    "a replacement": (version(2), EARLIER),
    "a void": (version(2, is_void=True), Correction(Frequency.VOID, SIGNED.control_number, SIGNED.lines)),
    "without a name": (replace(SIGNED, patient=BilledPatient("Patient/p1", "MRN-77")), None),
    "a provider without NPI": (replace(SIGNED, provider=Provider("dr7", "O'Hara & Sons")), None),
    "hostile text": (replace(SIGNED, patient=BilledPatient("Patient/p1", "a|b^c&d~e\\f", family="x\r\nMSH|y\x1c\rz", given="\\F\\")), None),
    "beyond ASCII": (replace(SIGNED, patient=BilledPatient("Patient/p1", "1", family="Łukasiewicz-Müller", given="𝔄da")), None),
}


@pytest.mark.parametrize(("signed", "correction"), CASES.values(), ids=CASES.keys())
def test_it_is_a_dft_of_the_standard(signed: SignedEncounter, correction: Correction | None) -> None:
    text = built(signed, correction)
    parsed = parse_message(text, validation_level=VALIDATION_LEVEL.STRICT, find_groups=True)
    assert parsed.validate()
    assert (parsed.name, parsed.version) == ("DFT_P03", "2.5.1")
    if "\\X" not in text:  # that library escapes hexadecimal sequences again
        assert parsed.to_er7() == text.partition("ZFC|")[0].rstrip("\r")  # and leaves segments out that the standard does not have


@pytest.mark.parametrize(("signed", "correction"), CASES.values(), ids=CASES.keys())
def test_a_reader_gets_back_what_was_signed(signed: SignedEncounter, correction: Correction | None) -> None:
    parsed = hl7.parse(built(signed, correction))
    for number, value in ((1, signed.patient.family), (2, signed.patient.given)):
        assert unescaped(parsed, "PID", 5, number) == value
    assert unescaped(parsed, "PID", 3, 1) == signed.patient.identifier
    names = [str(one[0]) for one in parsed]
    assert names[:4] == ["MSH", "EVN", "PID", "PV1"] and names.count("MSH") == 1
    codes = [str(one[3]).split("^")[0] for one in parsed if str(one[0]) == "DG1"]
    assert codes == ([] if signed.is_void else [one.code for one in signed.diagnoses])


def unescaped(parsed: Any, segment: str, field: int, component: int) -> str:
    """A value with its escape sequences read by section 2.7, not by the writer."""
    try:
        raw = str(parsed.segment(segment)[field][0][component - 1])
    except (IndexError, TypeError):
        raw = str(parsed.segment(segment)[field]) if component == 1 else ""
    marks, out, parts = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\"}, "", raw.split("\\")
    for number, part in enumerate(parts):
        out += part if number % 2 == 0 else marks.get(part) or bytes.fromhex(part[1:]).decode("latin-1")
    return out


def test_the_header_names_sender_receiver_and_version() -> None:
    ((*fields,),) = segments(built(), "MSH")
    assert fields[2:13] == [
        "^~\\&", "FHIR-CODER", "NORTH", "BILLING", "CLEARING", "20260502090000+0000", "", "DFT^P03^DFT_P03", SIGNED.control_number, "T", "2.5.1",
    ]  # fmt: skip
    assert fields[18] == "UNICODE UTF-8"
    assert len(SIGNED.control_number) == 20  # MSH-10


def test_each_service_line_is_a_charge_with_the_diagnoses_it_points_to() -> None:
    first, second = segments(built(), "FT1")
    assert first[1:8] == ["1", f"{SIGNED.control_number}-1", SIGNED.control_number, "20260501", "", "CG", "99214^^C4"]
    assert first[19] == "E11.22^^I10C~N18.31^^I10C" and first[26] == "25^^C4~GT^^C4"
    assert second[19] == "E11.22^^I10C" and second[10] == "2" and second[25] == "G0108^^HCPCS" and len(second) == 26


@pytest.mark.parametrize("lines", [(), tuple(replace(one, pointers=()) for one in SIGNED.lines)], ids=["none", "not linked"])
def test_without_pointers_a_charge_has_every_diagnosis(lines: tuple) -> None:
    charges = segments(built(replace(SIGNED, lines=lines)), "FT1")
    assert len(charges) == max(len(lines), 1)
    assert {one[19] for one in charges} == {"E11.22^^I10C~N18.31^^I10C~I10^^I10C"}


def test_diagnoses_are_final_and_ranked() -> None:
    found = segments(built(), "DG1")
    assert [(one[1], one[3].split("^")[0], one[3].split("^")[-1], one[6], one[15]) for one in found] == [
        ("1", "E11.22", "I10C", "F", "1"),
        ("2", "N18.31", "I10C", "F", "2"),
        ("3", "I10", "I10C", "F", "3"),
    ]


def test_a_replacement_credits_what_was_charged_and_charges_anew() -> None:
    signed = version(2, lines=SIGNED.lines[:1])
    text = built(signed, EARLIER)
    old, new = SIGNED.control_number, signed.control_number
    assert [(one[1], one[2], one[6], one[7]) for one in segments(text, "FT1")] == [
        ("1", f"{old}-1", "CD", "99214^^C4"),
        ("2", f"{old}-2", "CD", "G0108^^HCPCS"),
        ("3", f"{new}-1", "CG", "99214^^C4"),
    ]
    assert segments(text, "ZFC") == [["ZFC", "7^Replacement of prior claim^NUBC", old]]


@pytest.mark.parametrize("lines", [SIGNED.lines, ()], ids=["by line", "the visit"])
def test_a_credit_has_the_day_and_the_provider_of_what_it_takes_back(lines: tuple) -> None:
    """A receiver that matches by FT1-4 and FT1-20 would otherwise credit what nobody charged."""
    earlier = replace(SIGNED, lines=lines)
    signed = version(2, lines=lines, service_date=date(2026, 5, 3), provider=Provider("1987654321", "Snow", "John", is_npi=True))
    charged = segments(built(earlier), "FT1")
    found = segments(built(signed, correcting(Frequency.REPLACEMENT, earlier)), "FT1")
    credits, charges = found[: len(charged)], found[len(charged) :]
    assert [(one[2], one[4], one[20]) for one in credits] == [(one[2], one[4], one[20]) for one in charged]
    assert {one[4] for one in charges} == {"20260503"} and {one[20].split("^")[0] for one in charges} == {"1987654321"}


def test_a_void_credits_and_charges_nothing() -> None:
    text = built(version(2, is_void=True), Correction(Frequency.VOID, SIGNED.control_number, ()))
    assert [(one[2], one[6]) for one in segments(text, "FT1")] == [(f"{SIGNED.control_number}-1", "CD")]
    assert segments(text, "DG1") == [] and segments(text, "ZFC")[0][1].startswith("8^")


def test_an_original_says_nothing_of_frequency() -> None:
    assert segments(built(), "ZFC") == [] and "|CD|" not in built()


def test_no_value_ends_its_field_its_segment_or_its_block() -> None:
    text = built(*CASES["hostile text"])
    assert not set(text) & {"\n", "\x0b", "\x1c"}
    assert "x\\X0D\\\\X0A\\MSH\\F\\y\\X1C\\\\X0D\\z" in text
    assert "\\E\\F\\E\\" in text  # a backslash of the value is not taken for a sequence


def test_the_moment_carries_its_zone() -> None:
    text = dft_message(SIGNED, None, TO, datetime(2026, 12, 1, 3, 4, 5, tzinfo=UTC)).decode()
    assert segments(text, "EVN")[0][2] == "20261201030405+0000"
