"""A test of many cases runs them all, and tells which do not hold."""

from __future__ import annotations

import pytest

from tests.each import for_each


def test_every_case_is_tried_and_those_that_do_not_hold_are_named() -> None:
    seen: list[int] = []

    @for_each("number", [1, 2, 3, 4], ids=lambda number: f"number {number}")
    def judged(number: int) -> None:
        seen.append(number)
        assert number % 2

    with pytest.raises(ExceptionGroup, match="2 of 4 cases: number 2, number 4") as failure:
        judged()
    assert seen == [1, 2, 3, 4]
    assert [error.__notes__ for error in failure.value.exceptions] == [["case: number 2"], ["case: number 4"]]


@pytest.mark.parametrize("given", [1])
@for_each("low, high", [(1, 2), pytest.param(2, 3, id="by name")])
def test_fixtures_and_parameters_stay_beside_the_cases(low: int, high: int, given: int, tmp_path) -> None:
    assert low < high and given == 1 and tmp_path.is_dir()


def test_no_case_is_refused() -> None:
    with pytest.raises(AssertionError, match="no case"):
        for_each("number", [])


def test_a_mark_is_not_lost_silently() -> None:
    with pytest.raises(AssertionError, match="marked"):
        for_each("number", [pytest.param(1, marks=pytest.mark.skip)])
