"""Lines of signed reviews say what their decisions lead to, however they came about. On both databases."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from hashlib import sha256

import pytest
from alembic import command
from sqlalchemy import delete, event, func, select, update

from fhir_coder.outcomes.signed_line import SignedLine, lines_of
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.outcomes import Outcomes
from fhir_coder.store.reviews import Checked
from fhir_coder.store.signed_line_tables import SignedLineRow
from fhir_coder.store.signed_lines import RULES, SignedLines, fill
from fhir_coder.store.upgrade import upgrade
from fhir_coder.worklist.decision import Act, Decision, Override
from tests.store.conftest import KEY
from tests.store.test_outcomes import REPLACE
from tests.store.test_reviews import ANNA, BERT, SIGN, Desk, desk
from tests.store.test_upgrade import move

__all__ = ["desk"]

AGAIN = Decision(Act.REOPEN, reason="addendum")
AGAINST = replace(SIGN, overrides=(Override("FCE301 R05.9", "other", "She says so."), Override("FCE301 R50.9", "other", "So.")))
WRONG = {"proposed": [], "final": ["Z99"], "unseen": 9, "replaced": [], "edits": [], "overridden": []}


def lines(desk: Desk) -> tuple[SignedLine, ...]:
    return tuple(SignedLines(desk.engine, Cipher(KEY)).lines("north"))


def reckoned(desk: Desk) -> tuple[SignedLine, ...]:
    """The same without any line."""
    return lines_of(Outcomes(desk.engine, Cipher(KEY)).signed("north"))


def kept(desk: Desk) -> int:
    with desk.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(SignedLineRow)) or 0


def practice(desk: Desk) -> None:
    """Signed as proposed, changed, against a finding, again after a reopening, and one that is open again."""
    desk.decide(desk.code("e1"), SIGN)
    desk.wait(60)
    desk.decide(desk.code("e2"), REPLACE, Decision(Act.RESTORE, "R50.9"), Decision(Act.ACCEPT, "R05.9"), SIGN, maker=BERT)
    desk.wait(60)
    blocked = Checked(frozenset({"FCE301 R05.9", "FCE301 R50.9"}))
    desk.decide(desk.code("e3"), Decision(Act.RESTORE, "R50.9"), AGAINST, checked=blocked)
    again, opened = desk.code("e4"), desk.code("e5")
    desk.decide(again, SIGN, AGAIN, Decision(Act.REJECT, "Q87.89", reason="not-documented"), SIGN)
    desk.decide(again, Decision(Act.COMMENT, text="Signed, and spoken of."), maker=ANNA)
    desk.decide(opened, SIGN, AGAIN)


def test_a_line_is_what_the_decisions_lead_to(desk: Desk) -> None:
    practice(desk)
    found = lines(desk)
    assert found == reckoned(desk) and [one.decided_by for one in found] == [ANNA.person, BERT.person, ANNA.person, ANNA.person]
    assert kept(desk) == 4, "the review that was opened again has none"
    assert found[1].counted.replaced == (("Q87.89", "Q87.1"),) and found[2].counted.overridden == ("FCE301", "FCE301")
    assert found[3].counted.final == ("R05.9",)


def test_reviews_that_were_signed_before_get_theirs(desk: Desk) -> None:
    practice(desk)
    before = lines(desk)
    with desk.engine.execution_options(writes=True).begin() as connection:
        connection.execute(delete(SignedLineRow))
    assert kept(desk) == 0 and lines(desk) == before, "without lines they are reckoned"
    with desk.engine.execution_options(writes=True).begin() as connection:
        fill(connection)
        fill(connection)
    assert kept(desk) == 4 and lines(desk) == before


@pytest.mark.parametrize("revision", ["0016", "0008"])
def test_an_older_store_is_taken_over_with_its_signed_reviews(desk: Desk, revision: str) -> None:
    """Back to where reviews began, and up again."""
    practice(desk)
    before = [(one.coding_id, one.signed_at, one.decided_by, one.counted) for one in lines(desk)]
    move(desk.engine, revision, command.downgrade)
    upgrade(desk.engine)
    assert kept(desk) == 4
    assert [(one.coding_id, one.signed_at, one.decided_by, one.counted) for one in lines(desk)] == before and lines(desk) == reckoned(desk)


def test_a_line_of_another_sign_off_does_not_count(desk: Desk) -> None:
    """As a server of an earlier version leaves it, which opens a review and signs it again without a word to the line."""
    practice(desk)
    before = lines(desk)
    with desk.engine.execution_options(writes=True).begin() as connection:
        connection.execute(update(SignedLineRow).values(sequence=99, counted={"rules": RULES} | WRONG))
    assert lines(desk) == before


def test_a_line_of_other_rules_does_not_count_and_is_made_anew(desk: Desk) -> None:
    """As a version leaves it that reckoned otherwise: its lines have no number, or another."""
    practice(desk)
    before = lines(desk)
    for rules in ({}, {"rules": RULES - 1}):
        with desk.engine.execution_options(writes=True).begin() as connection:
            connection.execute(update(SignedLineRow).values(counted=rules | WRONG))
        assert lines(desk) == before
        with desk.engine.execution_options(writes=True).begin() as connection:
            fill(connection)
        assert kept(desk) == 4 and lines(desk) == before
        with desk.engine.connect() as connection:
            assert {one["rules"] for one in connection.scalars(select(SignedLineRow.counted))} == {RULES}


def test_a_store_whose_lines_were_reckoned_otherwise_is_right_after_the_next_migration(desk: Desk) -> None:
    """A code that was replaced and came back: lines of rules 1 went on to say that it was replaced."""
    desk.decide(desk.code("e1"), REPLACE, Decision(Act.RESTORE, "Q87.89"), SIGN)
    (line,) = lines(desk)
    assert line.counted.replaced == () and {"Q87.1", "Q87.89"} <= set(line.counted.final)
    with desk.engine.execution_options(writes=True).begin() as connection:
        told = connection.scalar(select(SignedLineRow.counted))
        assert told
        old = {name: value for name, value in told.items() if name != "rules"} | {"replaced": [["Q87.89", "Q87.1"]]}
        connection.execute(update(SignedLineRow).values(counted=old))
    assert lines(desk) == (line,)
    move(desk.engine, "0016", command.downgrade)
    move(desk.engine, "0017", command.upgrade)
    with desk.engine.execution_options(writes=True).begin() as connection:
        fill(connection)
        assert connection.scalar(select(SignedLineRow.counted)) == told


def test_what_lines_count_changes_with_the_number_of_the_rules_alone(desk: Desk) -> None:
    """Where this fails, decisions lead to other lines than before: give RULES the next number, so that stored lines are made anew, and this its digest."""
    practice(desk)
    swapped = Decision(Act.REPLACE, "R05.9", instead="Q87.1", reason="more-specific")
    out, back = Decision(Act.REJECT, "R05.9", reason="not-documented"), Decision(Act.RESTORE, "R05.9")
    histories: tuple[tuple[Decision, ...], ...] = (
        (swapped, back),
        (swapped, Decision(Act.ADD, "R05.9", reason="missed")),
        (swapped, Decision(Act.REPLACE, "Q87.1", instead="R50.9", reason="more-specific")),
        (out, back, Decision(Act.MOVE, "R05.9", position=2)),
        (out, Decision(Act.UNDO), Decision(Act.ACCEPT, "Q87.89")),
    )
    for number, history in enumerate(histories, 10):
        desk.wait(60)
        desk.decide(desk.code(f"e{number}"), *history, SIGN)
    with desk.engine.connect() as connection:
        told = connection.scalars(select(SignedLineRow.counted).order_by(SignedLineRow.review)).all()
    assert sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16] == {2: "35d3450b704032df"}[RULES]


def test_more_lines_than_one_statement_takes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    practice(desk)
    before = lines(desk)
    monkeypatch.setattr("fhir_coder.store.signed_lines.TOGETHER", 2)
    with desk.engine.execution_options(writes=True).begin() as connection:
        connection.execute(delete(SignedLineRow))
        fill(connection)
    assert lines(desk) == before == reckoned(desk) and kept(desk) == 4


def test_moments_are_bounds_of_which_the_second_is_excluded(desk: Desk) -> None:
    practice(desk)
    first, second, third, _ = lines(desk)
    store = SignedLines(desk.engine, Cipher(KEY))
    assert list(store.lines("north", first.signed_at, third.signed_at)) == [first, second]


def test_every_statement_names_the_tenant(desk: Desk) -> None:
    practice(desk)
    with desk.engine.execution_options(writes=True).begin() as connection:
        connection.execute(delete(SignedLineRow).where(SignedLineRow.key == select(func.min(SignedLineRow.key)).scalar_subquery()))
    seen: list[str] = []
    event.listen(desk.engine, "before_cursor_execute", lambda c, cursor, sql, values, *_: seen.append(sql))
    assert len(lines(desk)) == 4
    asked = [sql for sql in seen if re.match(r"\s*SELECT", sql) and re.search(r"\sFROM\s+\w", sql)]
    for sql in asked:
        assert all(re.search(rf"\b{table}\.tenant = ", sql) for table in re.findall(r"(?:FROM|JOIN)\s+(\w+)", sql)), sql
    assert any("signed_line" in sql for sql in asked) and any("assignment" in sql for sql in asked)
