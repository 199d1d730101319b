"""Service lines with their reasons: what people decided, beside what the EHR says."""

from __future__ import annotations

import pytest

from fhir_coder.linking import Links, codes_by_line, lines_of, linked
from fhir_coder.service import ServiceLine

SERVICES = (
    ServiceLine("http://www.ama-assn.org/go/cpt", "99213", "Procedure/1", reason_codes=("i10",)),
    ServiceLine("http://www.ama-assn.org/go/cpt", "83036", "Procedure/2", reason_codes=("I10", "E119")),
)


@pytest.mark.parametrize(
    ("links", "codes"),
    [
        ([("I10", None), ("E11.9", None)], {}),
        ([("I10", None), ("E11.9", (1,))], {1: ("E11.9", "i10"), 2: ("I10",)}),
        ([("I10", None), ("E11.9", ())], {1: ("i10",), 2: ("I10",)}),
        ([("I10", ()), ("E11.9", ())], {1: (), 2: ()}),
        ([("I10", (2,)), ("E11.9", (2,))], {1: (), 2: ("I10", "E11.9")}),
    ],
    ids=["nobody decided", "one was moved", "one is on no line", "all were unlinked", "both on one"],
)
def test_a_code_that_was_left_no_line_has_none(links: Links, codes: dict[int, tuple[str, ...]]) -> None:
    """However the EHR writes the code; on codes that nobody decided on, the EHR's word holds."""
    assert codes_by_line(SERVICES, links) == codes


def test_a_dialog_begins_with_the_lines_that_hold() -> None:
    assert [lines_of("E11.9", given, SERVICES) for given in (None, (), (1,))] == [(2,), (), (1,)]


def test_references_give_way_to_codes_that_are_named() -> None:
    line = ServiceLine("s", "1", "Procedure/1", reason_references=("Condition/1",))
    assert [one.reason_references for one in linked((line, line), [("I10", (1,))])] == [(), ("Condition/1",)]
