"""Drafts in the store: one for each person and review, sealed, gone with the decision, with the review, and in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.audit.fhir_event import Observer
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.deletion import Deletion
from fhir_coder.store.drafts import KEPT, Draft, Drafts
from fhir_coder.store.engine import open_engine
from fhir_coder.store.repository import Repository
from fhir_coder.store.reviews import Maker, Reviews
from fhir_coder.worklist.decision import Act, Decision, Someone
from tests.store.conftest import KEY, MARKER, coding_result
from tests.stores import store_in

ANNA, BERT = Someone("Practitioner/anna", "https://ehr.invalid"), Someone("Practitioner/bert", "https://ehr.invalid")
REJECTING = Draft(Act.REJECT, "R05.9", f"About the {MARKER}.")


@dataclass
class Desk:
    """A store, and the time that a test moves."""

    engine: Engine
    at: datetime = datetime(2026, 5, 2, 8, 30, tzinfo=UTC)

    def drafts(self, key: str = KEY) -> Drafts:
        return Drafts(self.engine, Cipher(key), lambda: self.at)

    def coding(self) -> str:
        return Repository(self.engine, Cipher(KEY)).save("default", "main", coding_result())

    def rows(self) -> list[str]:
        with self.engine.connect() as connection:
            return [str(tuple(row)) for row in connection.execute(text("SELECT * FROM review_draft"))]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    engine = open_engine(store_in(tmp_path))
    yield Desk(engine)
    engine.dispose()


def test_a_person_has_one_draft_on_a_review_and_nobody_else_sees_it(desk: Desk) -> None:
    drafts, coding = desk.drafts(), desk.coding()
    assert drafts.keep("default", coding, ANNA, Draft(Act.COMMENT, "", "first"))
    assert drafts.keep("default", coding, ANNA, REJECTING)
    assert drafts.find("default", coding, ANNA) == REJECTING
    assert drafts.find("default", coding, BERT) is None and drafts.find("north", coding, ANNA) is None
    (row,) = desk.rows()
    assert MARKER not in row
    assert not drafts.keep("north", coding, ANNA, REJECTING) and not drafts.keep("default", "none", ANNA, REJECTING)
    assert not drafts.keep("default", coding, ANNA, Draft(Act.REJECT, "R05.9", "")) and not desk.rows()


def test_without_a_key_no_word_is_kept(desk: Desk) -> None:
    assert not desk.drafts("").keep("default", desk.coding(), ANNA, REJECTING) and not desk.rows()


def test_a_draft_is_dropped_in_time(desk: Desk) -> None:
    drafts, coding, other = desk.drafts(), desk.coding(), desk.coding()
    drafts.keep("default", coding, ANNA, REJECTING)
    desk.at += KEPT + timedelta(seconds=1)
    assert drafts.find("default", coding, ANNA) is None
    drafts.keep("default", other, BERT, REJECTING)
    assert len(desk.rows()) == 1


def test_only_the_decision_that_it_was_for_removes_it(desk: Desk) -> None:
    drafts, coding = desk.drafts(), desk.coding()
    reviews = Reviews(desk.engine, Cipher(KEY), AuditLog(desk.engine, Observer("coder.example")))
    drafts.keep("default", coding, ANNA, REJECTING)
    drafts.keep("default", coding, BERT, REJECTING)
    reviews.decide("default", coding, 0, Decision(Act.ACCEPT, "R05.9"), Maker(ANNA))
    assert drafts.find("default", coding, ANNA)
    reviews.decide("default", coding, 1, Decision(Act.REJECT, "R05.9", reason="negated"), Maker(ANNA))
    assert drafts.find("default", coding, ANNA) is None and drafts.find("default", coding, BERT)


def test_it_goes_with_the_coding(desk: Desk) -> None:
    desk.drafts().keep("default", desk.coding(), ANNA, REJECTING)
    deletion = Deletion(desk.engine, AuditLog(desk.engine, Observer("coder.example")))
    assert deletion.expire("default", datetime.now(UTC) + timedelta(days=1), Agent(AgentKind.OPERATOR, "root")) == 1 and not desk.rows()
