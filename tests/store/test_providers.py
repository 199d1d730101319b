"""Names of providers of uploads in the store: sealed, one for each, apart by tenant, and gone when no review needs them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.audit.fhir_event import Observer
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.deletion import Deletion
from fhir_coder.store.engine import open_engine
from fhir_coder.store.providers import Providers
from fhir_coder.store.repository import Repository
from fhir_coder.store.upgrade import upgrade
from fhir_coder.store.worklist import Worklist
from tests.store.conftest import KEY, MARKER, coding_result

ABEL = "Practitioner/1234567893"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


def save(engine: Engine, name: str, reference: str = ABEL, tenant: str = "north", key: str = KEY, is_uploaded: bool = True) -> str:
    result = coding_result(f"Encounter/{name}")
    encounter = replace(result.intake.encounter, provider=reference)
    resource = {"resourceType": "Practitioner", "id": reference.partition("/")[2], "name": [{"text": name}] if name else [{"family": 1}]}
    result = replace(result, is_uploaded=is_uploaded, intake=replace(result.intake, encounter=encounter, resources={reference: resource}))
    return Repository(engine, Cipher(key)).save(tenant, "", result)


def named(engine: Engine, tenant: str = "north", key: str = KEY) -> list[str]:
    return [line.provider_name for line in Worklist(engine, Cipher(key)).lines(tenant)]


def test_the_newest_name_is_that_of_all_uploads_of_the_provider(engine: Engine) -> None:
    save(engine, "", tenant="north")
    save(engine, "Ada", tenant="south")
    assert named(engine) == [""]
    save(engine, "Dr. Abel")
    save(engine, "Dr. Ada Abel")
    assert named(engine) == ["Dr. Ada Abel"] * 3 and named(engine, "south") == ["Ada"]
    assert Providers(engine, Cipher(KEY)).names("north") == {ABEL: "Dr. Ada Abel"}


def test_what_an_ehr_names_alike_is_not_called_so(engine: Engine) -> None:
    save(engine, "Dr. Ada Abel")
    save(engine, "x", is_uploaded=False)
    assert named(engine) == ["Dr. Ada Abel", ""]


def test_the_name_stands_there_sealed_and_not_at_all_without_a_key(engine: Engine) -> None:
    save(engine, MARKER)
    save(engine, MARKER, tenant="south", key="")
    with engine.connect() as connection:
        rows = [str(tuple(row)) for row in connection.execute(text("SELECT * FROM uploaded_provider"))]
    assert len(rows) == 1 and MARKER not in rows[0] and named(engine, "south", "") == [""]


def test_a_name_that_no_review_needs_goes_with_the_next_upload(engine: Engine) -> None:
    save(engine, "Dr. Ada Abel")
    deletion = Deletion(engine, AuditLog(engine, Observer("coder.example")))
    assert deletion.expire("north", datetime.now(UTC) + timedelta(days=1), Agent(AgentKind.OPERATOR, "root")) == 1
    save(engine, "Dr. Bert Bach", "Practitioner/bert")
    assert Providers(engine, Cipher(KEY)).names("north") == {"Practitioner/bert": "Dr. Bert Bach"}
