"""A question that was taken back is taken back at the EHR: our Task alone, in the version that stands, and never over what somebody did with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_coder.arrival import PRESENT
from fhir_coder.asking.delivery import ask
from fhir_coder.asking.standing import Asked, Standing
from fhir_coder.asking.withdrawal import REASON, withdraw
from tests.asking.desk import BOTH, NOW, QUESTION, Desk, Died, blind, statement
from tests.simulated_ehr import Fault, Habits, Resource, SimulatedEhr

OPEN = ("requested", "received", "accepted", "ready", "in-progress", "on-hold")
ENDED = ("completed", "rejected", "failed", "entered-in-error")


def asked_at(ehr: SimulatedEhr) -> Desk:
    """The question stands there."""
    desk = Desk(ehr)
    assert ask(QUESTION, desk.post()).standing is Standing.THERE
    return desk


def the_task(ehr: SimulatedEhr) -> Resource:
    [task] = ehr.held("Task")
    return task


@pytest.mark.parametrize("status", OPEN)
def test_an_open_task_is_cancelled_in_the_version_that_stands_and_says_why(status: str) -> None:
    ehr = SimulatedEhr(BOTH)
    desk = asked_at(ehr)
    ehr.change(f"Task/{the_task(ehr)['id']}", status=status, note=[{"text": "Mine."}])
    assert withdraw(QUESTION, desk.post(), NOW).detail == "its Task is cancelled"
    task = the_task(ehr)
    assert (task["status"], task["statusReason"], task["lastModified"]) == ("cancelled", {"text": REASON}, "2026-05-05T09:30:00+00:00")
    assert task["note"] == [{"text": "Mine."}] and len(ehr.held("Communication")) == 1
    versions = len(ehr.versions(f"Task/{task['id']}"))
    assert withdraw(QUESTION, desk.post(), NOW).standing is Standing.THERE and len(ehr.versions(f"Task/{task['id']}")) == versions


@pytest.mark.parametrize("status", ENDED)
def test_what_somebody_has_ended_stays_and_is_told(status: str) -> None:
    ehr = SimulatedEhr(BOTH)
    desk = asked_at(ehr)
    ehr.change(f"Task/{the_task(ehr)['id']}", status=status)
    writes = list(ehr.writes)
    told = withdraw(QUESTION, desk.post(), NOW)
    assert (
        told.standing is Standing.THERE and told.detail == f"its Task is {status} already, and was left as it is" and ehr.writes == writes
    )


def test_completed_in_the_moment_of_the_withdrawal_it_stays_completed() -> None:
    ehr = SimulatedEhr(BOTH)
    desk = asked_at(ehr)
    post, address = desk.post(), f"Task/{the_task(ehr)['id']}"
    begin = desk.begin

    def meanwhile(bundle: Resource, begun: Resource) -> int:
        ehr.change(address, status="completed")
        return begin(bundle, begun)

    desk.begin = meanwhile  # type: ignore[method-assign]
    assert withdraw(QUESTION, post, NOW).detail == "its Task was ended by somebody meanwhile, and was left as it is"
    assert the_task(ehr)["status"] == "completed"


def test_a_task_of_somebody_else_is_not_ours() -> None:
    ehr = SimulatedEhr(BOTH, Habits(ignores_parameters=True))
    ehr.put({"resourceType": "Task", "id": "theirs", "status": "requested", "intent": "order", "for": {"reference": "Patient/p1"}})
    assert withdraw(QUESTION, Desk(ehr).post(), NOW).detail == "the EHR does not hold it: nothing was sent"
    assert ehr.writes == [] and the_task(ehr)["status"] == "requested"


def test_one_that_was_never_sent_is_no_failure() -> None:
    assert withdraw(QUESTION, None, NOW).standing is Standing.THERE
    assert withdraw(QUESTION, Desk(SimulatedEhr(BOTH)).post(), NOW).standing is Standing.THERE


@pytest.mark.parametrize("offers", [statement("Communication"), statement("Communication", "Task", without={"Task": ("update",)})])
def test_where_no_task_can_say_so_a_communication_tells_the_provider_once(offers: Resource) -> None:
    ehr = SimulatedEhr(offers)
    desk = asked_at(ehr)
    assert withdraw(QUESTION, desk.post(), NOW).detail == "a Communication tells the provider that no answer is needed"
    withdraw(QUESTION, desk.post(), NOW)
    first, second = ehr.held("Communication")
    assert second["payload"] == [{"contentString": "The query of 2026-05-04 12:00 UTC is withdrawn. No answer is needed."}]
    assert second["recipient"] == first["recipient"] and first["status"] == second["status"] == "completed"
    assert second.get("inResponseTo", [{"reference": f"Communication/{first['id']}"}]) == [{"reference": f"Communication/{first['id']}"}]


def test_an_ehr_without_versions_is_told_by_a_communication_as_nothing_could_guard_the_update() -> None:
    ehr = SimulatedEhr(BOTH, Habits(keeps_no_versions=True))
    desk = asked_at(ehr)
    assert "a Communication tells" in withdraw(QUESTION, desk.post(), NOW).detail and the_task(ehr)["status"] == "requested"


def test_where_nothing_can_be_withdrawn_a_person_is_told_to_do_it() -> None:
    ehr = SimulatedEhr(statement("Task", without={"Task": ("update",)}))
    told = withdraw(QUESTION, asked_at(ehr).post(), NOW)
    assert told.standing is Standing.REFUSED and "tell the provider" in told.detail


def test_what_the_scopes_do_not_allow_is_due_again() -> None:
    ehr = SimulatedEhr(BOTH)
    told = withdraw(QUESTION, asked_at(ehr).post([("Task", "update")]), NOW)
    assert (
        told == Asked(Standing.FAILED, detail="not allowed by the scopes of your sign-in: Task") and the_task(ehr)["status"] == "requested"
    )


def test_a_refusal_is_told() -> None:
    ehr = SimulatedEhr(BOTH)
    desk = asked_at(ehr)
    ehr.refuse = {"Task": 422}
    assert withdraw(QUESTION, desk.post(), NOW).standing is Standing.REFUSED
    ehr.faults = [Fault("PUT Task", status=503, times=-1)]
    assert withdraw(QUESTION, desk.post(), NOW).standing is Standing.FAILED


def test_after_a_crash_it_is_withdrawn_once() -> None:
    ehr = SimulatedEhr(BOTH)
    desk = asked_at(ehr)
    for dies in ("begin", "answer"):
        desk.dies = dies
        with pytest.raises(Died):
            withdraw(QUESTION, desk.post(), NOW)
    desk.dies = ""
    assert withdraw(QUESTION, desk.post(), NOW).standing is Standing.THERE and the_task(ehr)["status"] == "cancelled"
    assert len(ehr.versions(f"Task/{the_task(ehr)['id']}")) == 2


def test_what_may_have_arrived_is_looked_for_by_a_person_and_then_withdrawn_by_word() -> None:
    ehr = SimulatedEhr(blind())
    desk = Desk(ehr, dies="answer")
    with pytest.raises(Died):
        ask(QUESTION, desk.post())
    desk.dies = ""
    assert withdraw(QUESTION, desk.post(), NOW).standing is Standing.UNSURE
    desk.say(PRESENT)
    assert "a Communication tells" in withdraw(QUESTION, desk.post(), NOW).detail


def test_a_task_whose_address_alone_is_known_is_found_by_it() -> None:
    """An EHR that drops identifiers: what it answered names the Task."""
    ehr = SimulatedEhr(BOTH, Habits(loses_identifier=True))
    desk = asked_at(ehr)
    assert withdraw(QUESTION, desk.post(), NOW).detail == "its Task is cancelled"
    assert withdraw(replace(QUESTION, key="another"), desk.post(), NOW).detail == "the EHR does not hold it: nothing was sent"


def test_a_task_that_cannot_be_looked_at_is_withdrawn_by_word() -> None:
    ehr = SimulatedEhr(blind())
    assert "a Communication tells" in withdraw(QUESTION, asked_at(ehr).post(), NOW).detail
