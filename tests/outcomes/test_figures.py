"""Figures over outcomes that were reckoned by hand, and what holds for every one."""

from __future__ import annotations

from dataclasses import astuple
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from fhir_coder.model import Outcome, Severity
from fhir_coder.outcomes.calibration import calibration
from fhir_coder.outcomes.dashboard import Period, Range, TopEdit, TopReplacement, dashboard
from fhir_coder.outcomes.figures import Tally
from fhir_coder.outcomes.grouping import NOT_TOLD, By
from fhir_coder.outcomes.shares import Share, quantile
from fhir_coder.outcomes.signed_line import line_of, lines_of
from fhir_coder.outcomes.table import COLUMNS, rows_of
from tests.outcomes.made import BERT, coded, signed

DAYS = Range(date(2026, 5, 4), date(2026, 5, 6))
FIRST = signed({"I10": 0.95, "R05.9": 0.55}, "~I10 J45.909", 2, "R05.9>J45.909", "FCE120/advisory FCE120/blocking FCE301/shadow")
SECOND = signed(
    {"I10": 0.85}, "I10", 4, overrides="FCE120 I10,FCE120 I10 Z00", edits="FCE120/advisory", decided_by=BERT, specialty="Cardiology"
)
THIRD = signed({"R05.9": 0.5}, "E11.9 R05.9", 30, provider="", release_id="2025-10-01")
SIGNED = lines_of((FIRST, SECOND, THIRD))
CODED = (coded(), coded(1, Outcome.PASS), coded(25, provider=""), coded(26, Outcome.PASS, specialty="Cardiology"))


def test_every_figure_of_the_whole() -> None:
    """Proposed 4, signed 5, both 3 (I10, I10, R05.9); either 2+1, 1, 2; hours 2, 4, 30."""
    whole = dashboard(DAYS, By.PROVIDER, CODED, SIGNED).whole
    assert (whole.passed, whole.signed) == (Share(2, 4), 3)
    assert whole.median_s == 4 * 3600 and whole.ninth_s == pytest.approx((4 + 0.8 * 26) * 3600)
    assert (whole.agreed, whole.precise, whole.recalled) == (Share(3, 6), Share(3, 4), Share(3, 5))
    assert (whole.unchanged, whole.unseen) == (Share(1, 3), Share(1, 5))


def test_groups_have_the_figures_of_their_own() -> None:
    of = {by: dict(dashboard(DAYS, by, CODED, SIGNED).groups) for by in By}
    assert {name: (one.passed, one.signed) for name, one in of[By.PROVIDER].items()} == {
        "Practitioner/dr": (Share(2, 3), 2),
        NOT_TOLD: (Share(0, 1), 1),
    }
    assert {name: one.signed for name, one in of[By.SPECIALTY].items()} == {NOT_TOLD: 2, "Cardiology": 1}
    assert {name: (one.passed.of, one.signed) for name, one in of[By.CODER].items()} == {
        "Anna Abel (Practitioner/anna)": (0, 2),
        "Practitioner/bert": (0, 1),
    }
    assert {name: one.agreed for name, one in of[By.RELEASE].items()} == {"2026-04-01": Share(2, 4), "2025-10-01": Share(1, 2)}
    assert [name for name, _ in dashboard(DAYS, By.VERSION, CODED, SIGNED).groups] == ["0.1.0"]


def test_days_edits_and_replacements_are_counted() -> None:
    board = dashboard(DAYS, By.PROVIDER, CODED, SIGNED)
    assert board.periods == (Period(date(2026, 5, 4), 2, 2), Period(date(2026, 5, 5), 2, 1), Period(date(2026, 5, 6), 0, 0))
    assert board.edits == (TopEdit("FCE120", Severity.BLOCKING, Share(2, 3), 1),)
    assert board.replacements == (TopReplacement("R05.9", "J45.909", Share(1, 2)),)


def test_long_ranges_are_told_by_weeks() -> None:
    board = dashboard(Range(date(2026, 3, 2), date(2026, 5, 6)), By.CODER, CODED, SIGNED)
    assert (len(board.periods), board.periods[-1]) == (10, Period(date(2026, 5, 4), 4, 3))


def test_probabilities_are_held_against_what_became_of_them() -> None:
    """0.95 kept, 0.55 not, 0.85 kept, 0.5 kept."""
    found = dashboard(DAYS, By.CODER, (), SIGNED).calibration
    assert [(place, one.predicted, one.kept) for place, one in enumerate(found.bins) if one.kept.of] == [
        (5, pytest.approx(0.525), Share(1, 2)),
        (8, 0.85, Share(1, 1)),
        (9, 0.95, Share(1, 1)),
    ]
    assert found.brier == pytest.approx((0.05**2 + 0.55**2 + 0.15**2 + 0.5**2) / 4)
    assert found.error == pytest.approx((2 * 0.025 + 0.15 + 0.05) / 4)


def test_nothing_is_divided_by_nothing() -> None:
    board = dashboard(DAYS, By.CODER, (), ())
    assert (board.whole.passed.value, board.whole.passed.interval, board.whole.median_s, board.groups) == (None, None, None, ())
    assert (board.calibration.brier, board.calibration.error, board.calibration.of) == (None, None, 0)
    assert all(len(row) == len(COLUMNS) for row in rows_of(board))


@pytest.mark.parametrize(
    ("share", "interval"),
    [(Share(8, 10), (0.4902, 0.9433)), (Share(0, 10), (0.0, 0.2775)), (Share(10, 10), (0.7225, 1.0)), (Share(1, 1), (0.2065, 1.0))],
)
def test_intervals_are_wilsons(share: Share, interval: tuple[float, float]) -> None:
    """Published values of the score interval without correction (8 of 10: Brown, Cai and DasGupta 2001, by their formula)."""
    assert share.interval == pytest.approx(interval, abs=5e-5)


@pytest.mark.parametrize(("values", "share", "expected"), [([3], 0.9, 3), ([1, 2], 0.5, 1.5), ([5, 1, 3], 0.5, 3), ([0, 10], 0.9, 9)])
def test_quantiles_lie_on_the_line_between_neighbours(values: list[float], share: float, expected: float) -> None:
    assert quantile(values, share) == pytest.approx(expected)


def test_a_file_has_the_numbers_themselves() -> None:
    rows = list(rows_of(dashboard(DAYS, By.SPECIALTY, CODED, SIGNED)))
    assert ("all", "", "precision", "3", "4", "0.75", "0.300642", "0.954413") in rows
    assert ("by specialty", "Cardiology", "turnaround median (s)", "", "", "14400", "", "") in rows
    assert ("replacement", "R05.9 to J45.909", "replaced", "1", "2", "0.5", "0.0945312", "0.905469") in rows
    assert ("calibration", "0.8 to 0.9", "kept", "1", "1", "1", "0.206549", "1") in rows


_CODES = some.lists(some.sampled_from("ABCDE"), unique=True, max_size=4)
_MADE = some.builds(
    lambda proposed, final, hours: signed(dict.fromkeys(proposed, 0.7), " ".join(final), hours), _CODES, _CODES, some.floats(-1, 100)
)


@settings(max_examples=40, deadline=None)
@given(some.lists(_MADE, max_size=6), some.lists(some.tuples(some.floats(0, 1), some.booleans()), max_size=20))
def test_what_holds_for_every_outcome(outcomes: list, pairs: list[tuple[float, bool]]) -> None:
    tally = Tally()
    for one in outcomes:
        tally.signed(line_of(one))
    found = tally.figures()
    for share in (one for one in (found.agreed, found.precise, found.recalled, found.unchanged, found.unseen) if one.of):
        assert share.interval and share.value is not None
        assert 0 <= share.interval[0] <= share.value <= share.interval[1] <= 1
    assert found.agreed.of == found.precise.of + found.recalled.of - found.agreed.part
    assert found.agreed.part == found.precise.part == found.recalled.part
    assert (found.median_s or 0) <= (found.ninth_s or 0) and (found.median_s or 0) >= 0
    made = calibration(pairs)
    assert made.of == len(pairs) and all(one.predicted is None or one.low <= one.predicted <= one.high for one in made.bins)
    assert not pairs or (0 <= astuple(made)[1] <= 1 and 0 <= astuple(made)[2] <= 1)
