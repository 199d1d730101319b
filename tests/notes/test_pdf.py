"""PDF pages: rows, columns, lines and page furniture from glyphs, and what the process apart may do wrong. Documents are in the zoo."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from zoo_manifest import exhibits

from fhir_coder.notes.canonical import Unreadable
from fhir_coder.notes.pages.process import Turns, run_apart
from fhir_coder.notes.pdf import read

HEADER = b"%PDF-1.7\n"
Printed = tuple[float, float, str]


def glyphs(*printed: Printed, size: float = 12, angle: int = 0) -> list[list[Any]]:
    """Text printed at places: every character is half as wide as it is high."""
    found = []
    for x, y, text in printed:
        for number, character in enumerate(text):
            left = x + number * size / 2
            found.append([character, left, left + size / 2, y, size, angle, False, False])
    return found


def page(*printed: Printed, **changed: Any) -> dict[str, Any]:
    return {"width": 612, "is_scan": False, "is_drawn": True, "glyphs": glyphs(*printed)} | changed


def text_of(*pages: dict[str, Any]) -> str:
    return read(HEADER, "", run=lambda data: json.dumps({"pages": pages}).encode()).text


def refused(answer: object) -> tuple[str, str]:
    with pytest.raises(Unreadable) as error:
        read(HEADER, "", run=lambda data: json.dumps(answer).encode())
    return error.value.reason, error.value.detail


LONG = "the pain has been burning since"


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ([(72, 700, "Gout")], "Gout"),
        ([(72, 700, "A"), (72, 686, "B"), (72, 650, "C")], "A\nB\n\nC"),
        ([(72, 700, "Test"), (200, 700, "Value"), (72, 680, "A1c"), (200, 680, "7.2")], "Test | Value\nA1c | 7.2"),
        ([(72, 700, "1."), (100, 700, "Gout"), (72, 686, "•"), (100, 686, "Toe")], "1. Gout\n• Toe"),
        ([(72, 700, "Side:"), (160, 700, "left")], "Side: left"),
        ([(72, 60, "Footer"), (72, 700, "Body"), (72, 686, "text")], "Body\ntext\n\nFooter"),
        ([(72, 700, "One"), (72, 686, "two"), (330, 700, "Three columns of words that are long"), (330, 672, "four")], "One\ntwo\nThree columns of words that are long\n\nfour"),
        ([(72, 700, "Side:"), (72, 680, "Plan:"), (160, 700, "left"), (160, 680, "rest")], "Side: left\nPlan: rest"),
        ([(72, 700, f"{LONG} yester-"), (72, 686, "day. Yesterday it was yesterday.")], f"{LONG} yesterday. Yesterday it was yesterday."),
        ([(72, 700, "report of hyper-"), (72, 686, "tension today")], "report of hypertension\ntoday"),
        ([(72, 700, "an early follow-"), (72, 686, "up visit")], "an early follow-up\nvisit"),
        ([(72, 700, "right-"), (72, 686, "Sided")], "right-\nSided"),
        ([(72, 700, LONG), (72, 686, "yesterday and"), (72, 672, "Friday")], f"{LONG} yesterday and\nFriday"),
        ([(72, 700, "gout"), (72, 686, "hypertension"), (72, 672, "rash")], "gout\nhypertension\nrash"),
    ],
)  # fmt: skip
def test_reading_order(printed: list[Printed], text: str) -> None:
    assert text_of(page(*printed)) == text


def test_raised_figures_stay_in_their_line() -> None:
    raised = glyphs((72, 700, "10")) + glyphs((84, 704, "9"), size=7) + glyphs((88, 700, "/L"))
    assert text_of(page(glyphs=raised)) == "109/L"


def test_blanks_are_typed_or_seen_by_their_gap() -> None:
    assert text_of(page((72, 700, "a b"), (94, 700, "c"))) == "a b c"
    assert text_of(page((72, 700, "a."), (97, 700, "b"), (115, 700, "c"))) == "a. b | c"
    assert text_of(page(glyphs=[*glyphs((72, 700, "a")), ["", 78, 78, 700, 1, 0, False, False], *glyphs((80, 700, "b"))])) == "a b"


def test_two_columns_printed_across_the_page_are_told_from_a_table() -> None:
    lines = [(72.0, 700.0 - 14 * row, f"left {row} goes on and on with") for row in range(8)]
    others = [(330.0, 700.0 - 14 * row, f"right {row} goes on and on with") for row in range(8)]
    across = [printed for pair in zip(lines, others, strict=True) for printed in pair]
    assert text_of(page(*across)).index("left 7") < text_of(page(*across)).index("right 0")
    table = [(x, y, text.capitalize()) for x, y, text in across]
    assert text_of(page(*table)).startswith("Left 0 goes on and on with | Right 0")


def test_text_at_another_angle_comes_last() -> None:
    turned = glyphs((10, 20, "Margin note"), angle=90)
    assert text_of(page(glyphs=turned + glyphs((72, 700, "Gout of the left toe")))) == "Gout of the left toe\n\nMargin note"


def test_answers_stand_beside_their_questions() -> None:
    answers = [
        ["☒", 60, 68, 686, 12, 0, False, True],
        ["right", 200, 230, 701, 12, 0, False, True],
        ["by hand", 72, 120, 640, 12, 0, False, True],
    ]
    printed = glyphs((72, 700, "Side:"), (72, 686, "Diabetes"), (72, 600, "End"))
    assert text_of(page(glyphs=printed + answers)) == "Side: right\n☒ Diabetes\n\nby hand\n\nEnd"


def test_headers_and_footers_are_kept_once() -> None:
    pages = [
        page(
            (72, 760, "Clinic"),
            (72, 30, f"Page {number} of 3"),
            (72, 700, f"{LONG}, word {number}"),
            (72, 686, "and still"),
            (72, 672, "x"),
        )
        for number in (1, 2, 3)
    ]
    text = text_of(*pages)
    assert (text.count("Clinic"), text.count("Page")) == (1, 1)
    assert text.startswith("Clinic") and text.endswith("Page 1 of 3")


def test_words_that_only_look_like_a_header_are_kept() -> None:
    pages = [page((72, 700 - 30 * number, "Continue metformin."), (72, 500, f"Visit {'abc'[number]}")) for number in range(3)]
    assert text_of(*pages).count("Continue metformin.") == 3


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"error": "password"}, "encrypted"),
        ({"error": "format"}, "malformed"),
        ({"error": "xfa"}, "unsupported-type"),
        ({"error": "pages"}, "malformed"),
        ({"error": "glyphs"}, "malformed"),
        ({"pages": []}, "empty"),
        ({"pages": [page(is_drawn=False)]}, "empty"),
        ({"pages": [page()]}, "no-text-layer"),
        ({"pages": [page((72, 700, "FAX 1/1"), is_scan=True)]}, "no-text-layer"),
        ({"pages": [page(glyphs=[["\ue001", 1, 2, 3, 12, 0, True, False]] * 9 + glyphs((72, 700, "a")))]}, "undecodable"),
    ],
)
def test_why_a_pdf_is_refused(answer: object, reason: str) -> None:
    assert refused(answer)[0] == reason


def test_pictures_beside_text_are_told() -> None:
    pages = [page((72, 700, "Gout")), page(is_scan=True)]
    note = read(HEADER, "", run=lambda data: json.dumps({"pages": pages}).encode())
    assert note.unread == "pictures without text cover page 2" and note.warnings == (note.unread,)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "malformed"),
        ("raise SystemExit(3)", "malformed"),
        ("print('nonsense')", "malformed"),
        ('import sys; print(\'{"error": "password"}\') if sys.stdin.buffer.read() else None', "encrypted"),
    ],
)
def test_a_process_that_dies_or_babbles(tmp_path: Path, program: str, reason: str) -> None:
    path = tmp_path / "program.py"
    path.write_text(program, encoding="utf-8")
    with pytest.raises(Unreadable) as error:
        read(HEADER, "", run=lambda data: run_apart(data, path))
    assert error.value.reason == reason


def test_a_process_that_hangs_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text("import time; time.sleep(60)", encoding="utf-8")
    with pytest.raises(Unreadable) as error:
        run_apart(HEADER, path, seconds=0.5)
    assert (error.value.reason, error.value.detail) == ("malformed", "the PDF could not be read within 0.5 seconds")


def test_several_threads_read_at_once() -> None:
    exhibit = next(one for one in exhibits() if one.name == "pdf-table.pdf")
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda _: read(exhibit.data, "").text, range(8))) == {exhibit.text}


def test_no_more_than_so_many_processes_run_at_once() -> None:
    guard, inside, most = threading.Lock(), 0, 0

    def run(data: bytes) -> bytes:
        nonlocal inside, most
        with guard:
            inside += 1
            most = max(most, inside)
        time.sleep(0.01)
        with guard:
            inside -= 1
        return data

    turns = Turns(run, at_once=2)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(turns, [HEADER] * 16)) == [HEADER] * 16
    assert (inside, most) == (0, 2)


def test_a_turn_that_does_not_come_is_told_and_one_that_fails_is_given_back() -> None:
    entered, leave = threading.Event(), threading.Event()

    def run(data: bytes) -> bytes:
        entered.set()
        leave.wait(10)
        raise Unreadable("malformed", "broken")

    turns = Turns(run, at_once=1, longest_wait_s=0.05)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(turns, HEADER)
        assert entered.wait(10)
        with pytest.raises(Unreadable) as waited:
            read(HEADER, "", run=turns)
        leave.set()
        assert isinstance(first.exception(), Unreadable)
    assert (waited.value.reason, waited.value.detail) == (
        "unavailable",
        "too many PDFs were being read at once for 0.05 seconds; try again later",
    )
    with pytest.raises(Unreadable, match="broken"):
        turns(HEADER)
