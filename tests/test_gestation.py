"""Weeks of gestation: read from their own forms, not from those of scans, deliveries and next visits."""

from __future__ import annotations

import pytest

from fhir_coder.gestation import find_weeks, trimester_of, weeks_told


@pytest.mark.parametrize(
    ("text", "weeks"),
    [
        ("IUP at 24 weeks", 24),
        ("GDM at 28w2d, diet-controlled", 28),
        ("pregnant, 33+1 today", 33),
        ("OB RETURN 29w3d", 29),
        ("36 weeks and 1 day, G2P1001", 36),
        ("G3P1011, LMP 9 wks ago, CRL today 8w2d", 8),
        ("OB RETURN EGA 28+3 by 8 wk sono", 28),
        ("OB visit. Prior delivery at 34w2d. Now 20 2/7 weeks.", 20),
        ("pregnancy. Anatomy scan at 20 weeks normal. 30w0d today", 30),
        ("gHTN at 35 wks", 35),
        ("pregnant, return in 4 weeks", None),
        ("Postpartum visit at 6 weeks. Delivered at 39w2d", None),
        ("newborn, born at 38w2d to a G2P1 mother", None),
        ("ankle sprain for 3 weeks", None),
        ("42, G2P2, uterus 12-week size, periods heavy", None),
        ("shingles; daughter is 30 wks pregnant", None),
    ],
)
def test_weeks_of_this_visit(text: str, weeks: int | None) -> None:
    assert weeks_told(text) == weeks


def test_every_place_that_tells_the_same_weeks() -> None:
    text = "OB visit 36w1d. Gestational hypertension, 36w1d. Delivered at 34w0d last time."
    assert [text[start:end] for start, end, _ in find_weeks(text)] == ["36w1d", "36w1d"]


@pytest.mark.parametrize(("weeks", "trimester"), [(13, "first"), (14, "second"), (27, "second"), (28, "third")])
def test_trimesters(weeks: int, trimester: str) -> None:
    assert trimester_of(weeks) == trimester
