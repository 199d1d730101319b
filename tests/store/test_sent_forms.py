"""Forms that made a coding, in the store: each once, apart by tenant, empty of what is deleted, and gone in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.audit.fhir_event import Observer
from fhir_coder.errors import Conflict
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.deletion import Deletion
from fhir_coder.store.engine import open_engine
from fhir_coder.store.repository import Repository
from fhir_coder.store.sent_forms import KEPT, SentForm, SentForms
from fhir_coder.store.upgrade import upgrade
from tests.store.conftest import KEY, coding_result

SENDING, OTHER = "a" * 64, "b" * 64


@dataclass
class Practice:
    """A store, and the time that a test moves."""

    engine: Engine
    at: datetime = datetime(2026, 5, 2, 8, 30, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.forms = SentForms(self.engine, longest_wait_s=0.1)
        self.repository = Repository(self.engine, Cipher(KEY), lambda: self.at)

    def code(self, sending: str, tenant: str = "north") -> str:
        return self.repository.save(tenant, "main", replace(coding_result(), sending=sending))

    def rows(self) -> int:
        with self.engine.connect() as connection:
            return connection.scalar(text("SELECT count(*) FROM sent_form")) or 0


@pytest.fixture
def practice(database_url: str) -> Iterator[Practice]:
    engine = open_engine(database_url)
    upgrade(engine)
    yield Practice(engine)
    engine.dispose()


def test_a_form_is_found_with_its_coding_by_its_tenant_alone(practice: Practice) -> None:
    coding = practice.code(SENDING)
    assert practice.forms.find("north", SENDING) == SentForm(coding)
    assert practice.forms.find("south", SENDING) is None and practice.forms.find("north", OTHER) is None


def test_a_form_makes_one_coding_and_an_equal_one_of_another_tenant_another(practice: Practice) -> None:
    practice.code(SENDING)
    with pytest.raises(Conflict, match="sent before"):
        practice.code(SENDING)
    assert len(practice.repository.recent("north", 9)) == 1
    practice.code(SENDING, "south")
    assert len(practice.repository.recent("south", 9)) == 1


def test_what_is_asked_for_without_a_form_is_no_form(practice: Practice) -> None:
    practice.code("")
    practice.code("")
    assert practice.rows() == 0


def test_a_form_outlasts_its_coding_and_names_none(practice: Practice) -> None:
    practice.code(SENDING)
    deletion = Deletion(practice.engine, AuditLog(practice.engine, Observer("coder.example")))
    assert deletion.expire("north", datetime.now(UTC), Agent(AgentKind.OPERATOR, "root")) == 1
    assert practice.forms.find("north", SENDING) == SentForm("")


def test_forms_of_the_practice_go_in_time_with_its_next(practice: Practice) -> None:
    practice.code(SENDING)
    practice.code(SENDING, "south")
    practice.at += KEPT
    practice.code(OTHER)
    assert practice.rows() == 3
    practice.at += timedelta(seconds=1)
    practice.code("c" * 64)
    assert practice.forms.find("north", SENDING) is None and practice.rows() == 3


def test_one_at_a_time_holds_a_form_and_no_other(practice: Practice) -> None:
    with practice.forms.one_at_a_time("north", SENDING) as first:
        with practice.forms.one_at_a_time("north", SENDING) as second:
            assert (first, second) == (True, False)
        with practice.forms.one_at_a_time("south", SENDING) as other:
            assert other
    with practice.forms.one_at_a_time("north", SENDING) as again:
        assert again
