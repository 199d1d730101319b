"""A visit that was signed and is cancelled at the EHR: nothing of it leaves for billing, and no Claim is active, before a person has looked. On both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fhir_coder.discovery.looking import Cause, Looker
from fhir_coder.discovery.telling import Telling
from fhir_coder.discovery.watched import Found
from fhir_coder.discovery_settings import read_discovery
from fhir_coder.ehr.policy import DEFAULT_POLICY
from fhir_coder.worklist.decision import Act, Decision
from fhir_coder.worklist.following import Kind, Progress
from fhir_coder.worklist.review import State
from tests.signing.conftest import CODER, Practice, open_practice, statement
from tests.signing.test_signing import SIGN
from tests.simulated_ehr import SimulatedEhr
from tests.store.conftest import database_url as database_url
from tests.store.conftest import shelf_of_postgresql as shelf_of_postgresql

REJECT_ALL = (Decision(Act.REJECT, "I10", reason="not-documented"), Decision(Act.REJECT, "E11.9", reason="not-documented"))


def look(practice: Practice) -> Cause | None:
    """As discovery does, after somebody named the encounter."""
    stores = practice.stores
    telling = Telling(
        "default",
        "main",
        stores.standing,
        stores.reviews,
        stores.repository.get,
        practice.following.duties,
        lambda coding: practice.following.carry_out("default", practice.access, coding),
    )
    stores.discovery.note("default", "main", [Found("e1")])
    (one,) = stores.discovery.claim_due("default", "main", 9)
    audit = (stores.audit.append, stores.audit.record)
    discovery = read_discovery([{"way": "updated"}])
    made = Looker(
        "default",
        "main",
        discovery,
        stores.discovery,
        stores.jobs,
        stores.repository,
        DEFAULT_POLICY,
        *audit,
        lambda: datetime.now(UTC),
        telling,
    )
    return made.look(practice.ehr.client(), one)


def test_nothing_of_a_visit_that_was_cancelled_after_its_signature_leaves(database_url: str, tmp_path: Path) -> None:
    practice = open_practice(tmp_path, SimulatedEhr(statement()), database_url, claim_on_sign_off="active")
    practice.decide(SIGN)
    practice.follow()
    assert practice.one("Claim")["status"] == "active"
    practice.ehr.put({"resourceType": "Encounter", "id": "e1", "status": "cancelled", "class": {"code": "AMB"}})
    practice.stores.reviews.take("default", practice.coding_id, CODER)
    assert look(practice) is None and practice.one("Claim")["status"] == "active", "somebody works on it"
    practice.stores.reviews.let_go("default", practice.coding_id, CODER)
    assert look(practice) is Cause.WITHDRAWN
    opened = practice.stores.reviews.find("default", practice.coding_id)
    assert opened is not None and opened.review.state is State.HELD
    assert practice.one("Claim")["status"] == "draft"
    assert practice.stores.outbox.claim("default", "billing", lambda signed, correction: b"x") is None
    told = {one.duty.kind: (one.progress, one.detail) for one in practice.following.of("default", practice.coding_id)}
    assert told == {
        Kind.EHR: (Progress.DONE, "the Claim is a draft again until the next sign-off"),
        Kind.BILLING: (Progress.DONE, "reopened before it left"),
    }
    assert look(practice) is None and practice.stores.choices.people("default") == (opened.history[0].by,)
    practice.decide(Decision(Act.RELEASE), *REJECT_ALL, SIGN)
    practice.follow()
    assert practice.one("Claim")["status"] == "cancelled"
    practice.stores.close()
