"""What follows a person's decisions is done in their name, at the EHR they came from with their token, elsewhere with the server's own access."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.people import Person
from fhir_coder.review.person_follows import PersonFollows
from fhir_coder.review.session import ReviewSession
from fhir_coder.reviewing import AsPerson
from fhir_coder.signing.access import Access
from fhir_coder.tenant_settings import EhrSettings, Tenant
from fhir_coder.worklist.decision import Act, Decision
from fhir_coder.worklist.following import Duty, Kind
from tests.record.test_rereading import coding
from tests.review.conftest import LAUNCHED, SIGNED_IN

ADA = Person("Practitioner/ada", "https://as.example", "ada", "Ada", ("coder",))
EHRS = (EhrSettings("main", "https://main.example/fhir"), EhrSettings("open", "https://open.example/fhir"))
CODING = replace(coding(), tenant="default", ehr="main", encounter_reference="Encounter/e1")


class Connections:
    """Names the client by how it was made."""

    def as_person(self, ehr: EhrSettings, tokens: object, retry: object = None) -> str:
        return f"as person at {ehr.id}"


def people(ehrs: tuple[EhrSettings, ...] = EHRS) -> AsPerson:
    tenants = {"default": Tenant("default", ehrs)}
    engine = SimpleNamespace(tenants=tenants, connect=lambda ehr: f"as server at {ehr.id}", intake=None)
    return AsPerson(engine, Connections(), SimpleNamespace(), None)  # type: ignore[arg-type]


def session(**launch: Any) -> ReviewSession:
    launched = replace(LAUNCHED, tenant="default", ehr="main", **launch)
    return ReviewSession("default", ADA, "csrf", "id", launched)


def test_at_the_ehr_of_the_launch_the_persons_token_writes_within_its_scopes() -> None:
    access = people().access(session(scope="openid user/Condition.cud user/Task.c"), CODING)
    assert access.client == "as person at main"
    assert access.agent == Agent(AgentKind.PERSON, "Practitioner/ada", "https://as.example")
    assert ("Claim", "create") in access.withheld and ("Task", "update") in access.withheld
    assert not {("Condition", "create"), ("Condition", "update"), ("Task", "create")} & access.withheld
    assert ("Communication", "create") in access.withheld, "a question of such a person is a Task that carries its own words"


@pytest.mark.parametrize(("scope", "client"), [("user/*.cud", "as person at main"), ("user/Condition.c", "as server at main")])
def test_what_the_persons_scopes_do_not_allow_is_done_with_the_servers_own_token(scope: str, client: str) -> None:
    known = replace(EHRS[0], token="own")
    access = people((known,)).access(session(scope=scope), CODING)
    assert (access.client, access.withheld) == (client, frozenset())
    assert access.agent == Agent(AgentKind.PERSON, "Practitioner/ada", "https://as.example")


@pytest.mark.parametrize("launched", [replace(LAUNCHED, tenant="default", ehr="open"), replace(SIGNED_IN, tenant="default")])
def test_elsewhere_the_servers_own_access_writes_in_the_persons_name(launched: Any) -> None:
    access = people().access(ReviewSession("default", ADA, "csrf", "id", launched), CODING)
    assert (access.client, access.withheld) == ("as server at main", frozenset())
    assert access.agent == Agent(AgentKind.PERSON, "Practitioner/ada", "https://as.example")


def test_an_ehr_that_is_not_configured_any_more_is_not_written() -> None:
    assert people(EHRS[1:]).access(ReviewSession("default", ADA, "csrf", "id", replace(SIGNED_IN, tenant="default")), CODING).client is None


class Records:
    """Stands for what performs duties, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def duties(self, coding: Any, decision: Decision, history: Any) -> tuple[Duty, ...]:
        return (Duty(Kind.EHR, coding.ehr),) if decision.act is Act.SIGN_OFF else ()

    def resolve(self, coding: Any, key: int, is_there: bool) -> bool:
        return key == 7 and is_there

    def carry_out(self, tenant: str, access_of: Any, coding_id: str, is_asked: bool) -> int:
        self.asked.append((tenant, access_of(CODING), coding_id, is_asked))
        return 1

    def of(self, tenant: str, coding_id: str) -> tuple[str, str]:
        return tenant, coding_id

    def query_text(self, coding: Any, sequence: int) -> str:
        return f"question {sequence}"


def test_it_is_done_for_the_coding_in_the_persons_name_with_the_request_it_came_with() -> None:
    records = Records()
    server = Access("client", SimpleNamespace(), Agent(AgentKind.SOFTWARE, "server"), frozenset({("Claim", "create")}))  # type: ignore[arg-type]
    follows = PersonFollows(records, lambda session, coding: server)  # type: ignore[arg-type]
    with Flask(__name__).test_request_context("/", environ_base={"REMOTE_ADDR": "192.0.2.7"}):
        follows.carry_out(session(), CODING, is_asked=True)
    [(tenant, access, coding_id, is_asked)] = records.asked
    assert (tenant, coding_id, is_asked) == ("default", CODING.id, True)
    assert access.agent == Agent(AgentKind.PERSON, "Practitioner/ada", "https://as.example")
    assert (access.client, access.withheld, access.address) == ("client", server.withheld, "192.0.2.7")


def test_what_is_asked_of_it_is_what_follows_in_the_persons_practice() -> None:
    follows = PersonFollows(Records(), lambda session, coding: pytest.fail("nothing is reached"))  # type: ignore[arg-type]
    assert follows.duties(session(), CODING, Decision(Act.SIGN_OFF), ()) == (Duty(Kind.EHR, "main"),)
    assert follows.duties(session(), CODING, Decision(Act.ACCEPT), ()) == ()
    assert follows.resolve(session(), CODING, 7, True) and not follows.resolve(session(), CODING, 7, False)
    assert follows.of("default", CODING.id) == ("default", CODING.id)
    assert follows.query_text(CODING, 3) == "question 3"
