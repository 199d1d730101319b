"""What a signature brings about at the EHR and in billing, and that nothing of it is lost or done twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fhir_coder.billing.outgoing import State as Billed
from fhir_coder.errors import NotRecorded
from fhir_coder.model import Assertions, Mentions, Sections
from fhir_coder.model import ServiceLine as Charged
from fhir_coder.signing.receipts import outcome_of
from fhir_coder.worklist.decision import Act, Decision, Span
from fhir_coder.worklist.following import Kind, Progress
from fhir_coder.writeback.bundle import build_bundle
from fhir_coder.writeback.delivery import deliver
from fhir_coder.writeback.names import name_of
from fhir_coder.writeback.terms import terms_of
from tests.signing.conftest import Practice, open_practice, statement
from tests.simulated_ehr import Fault, SimulatedEhr, full_statement
from tests.writeback.practice import ENCOUNTER, NOTE, proposal_of

SIGN = Decision(Act.SIGN_OFF)
REOPEN = Decision(Act.REOPEN, reason="coding-error")
REJECT_DIABETES = Decision(Act.REJECT, "E11.9", reason="not-documented")
NOTHING_AGAINST = Assertions(Mentions(Sections(ENCOUNTER, ()), ()), ())
WORDS = (Span("n1", 14, 29, NOTE.sha256),)
REPLACE_DIABETES = Decision(Act.REPLACE, "E11.9", instead="E11.22", spans=WORDS)


def verifiers(practice: Practice) -> dict[str, str]:
    """Who vouches, by the code of the Condition that a Provenance is about."""
    codes = {f"Condition/{one['id']}": one["code"]["coding"][0]["code"] for one in practice.ehr.held("Condition")}
    return {
        codes[one["target"][0]["reference"]]: agent["who"]["reference"]
        for one in practice.ehr.held("Provenance")
        for agent in one["agent"]
        if agent["type"]["coding"][0]["code"] == "verifier"
    }


def test_a_signature_confirms_what_stands_and_takes_back_what_does_not(practice: Practice) -> None:
    assert practice.conditions() == {"I10": "unconfirmed", "E11.9": "unconfirmed"}
    practice.decide(REJECT_DIABETES, SIGN)
    done = practice.follow()
    assert [(one.duty.kind, one.progress) for one in done] == [(Kind.EHR, Progress.DONE), (Kind.BILLING, Progress.DONE)], done
    assert practice.conditions() == {"I10": "confirmed", "E11.9": "entered-in-error"}
    [rejected] = [one for one in practice.ehr.held("Condition") if one["code"]["coding"][0]["code"] == "E11.9"]
    [kept] = [one for one in practice.ehr.held("Condition") if one["code"]["coding"][0]["code"] == "I10"]
    assert "clinicalStatus" not in rejected and kept["clinicalStatus"]["coding"][0]["code"] == "active"
    assert [one["code"] for one in kept["meta"].get("tag", ())] == []
    assert verifiers(practice) == {"I10": "Practitioner/coder", "E11.9": "Practitioner/coder"}
    claim = practice.one("Claim")
    assert [one["diagnosisCodeableConcept"]["coding"][0]["code"] for one in claim["diagnosis"]] == ["I10"]
    assert claim["status"] == "draft" and practice.one("Task")["status"] == "completed"


def test_a_replaced_code_is_created_as_a_person_s_choice(practice: Practice) -> None:
    practice.assertions = NOTHING_AGAINST
    practice.decide(REPLACE_DIABETES, SIGN)
    practice.follow()
    assert practice.conditions() == {"I10": "confirmed", "E11.9": "entered-in-error", "E11.22": "confirmed"}
    [chosen] = [one for one in practice.ehr.held("Condition") if one["code"]["coding"][0]["code"] == "E11.22"]
    assert chosen["code"]["coding"][0]["userSelected"] is True and "extension" not in chosen and "AIAST" not in str(chosen["meta"])
    assert chosen["code"]["text"] == "Type 2 diabetes with CKD"


def test_a_code_without_words_of_a_note_has_no_provider_behind_it(practice: Practice) -> None:
    practice.decide(Decision(Act.ADD, "E11.22", reason="missed"), SIGN)
    practice.follow()
    assert practice.conditions()["E11.22"] == "unconfirmed"


def test_the_claim_is_active_by_policy_only(tmp_path: Path) -> None:
    practice = open_practice(tmp_path, SimulatedEhr(statement()), claim_on_sign_off="active")
    practice.decide(SIGN)
    practice.follow()
    assert practice.one("Claim")["status"] == "active"
    practice.stores.close()


@pytest.mark.parametrize("way", ["one by one", "transaction"])
@pytest.mark.parametrize(
    "fault", [Fault("PUT Condition", status=500, times=-1), Fault("GET metadata", status=0, times=-1), Fault("", status=-1, times=-1)]
)
def test_an_ehr_that_is_down_is_written_later_and_once(tmp_path: Path, way: str, fault: Fault) -> None:
    ehr = SimulatedEhr(statement(transaction=way == "transaction"))
    practice = open_practice(tmp_path, ehr)
    practice.decide(REJECT_DIABETES, SIGN)
    ehr.faults = [replace(fault, on="POST " if way == "transaction" and fault.status == 500 else fault.on)]
    assert practice.follow()[0].progress is Progress.FAILED
    ehr.faults = []
    assert practice.follow()[0].progress is Progress.DONE
    assert practice.conditions() == {"I10": "confirmed", "E11.9": "entered-in-error"}
    assert practice.one("Task")["status"] == "completed" and len(ehr.held("Claim")) == 1
    names = [name_of(one) for one in ehr.held("Provenance")]
    assert len(names) == len(set(names))
    assert len(practice.stores.outbox.entries("default")) == 1
    practice.stores.close()


def test_what_a_person_at_the_ehr_changed_is_left_and_told(practice: Practice) -> None:
    [mine] = [one for one in practice.ehr.held("Condition") if one["code"]["coding"][0]["code"] == "E11.9"]
    practice.ehr.change(f"Condition/{mine['id']}", note=[{"text": "Seen."}], verificationStatus={"coding": [{"code": "confirmed"}]})
    practice.decide(REJECT_DIABETES, SIGN)
    done = practice.follow()[0]
    assert done.progress is Progress.DONE and "1 left as somebody there has them" in done.detail
    assert practice.conditions() == {"I10": "confirmed", "E11.9": "confirmed"}


def test_only_ours_is_taken_back(practice: Practice) -> None:
    theirs = {
        "resourceType": "Condition",
        "id": "theirs",
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "J45.909"}]},
    }
    practice.ehr.put(
        theirs
        | {
            "verificationStatus": {"coding": [{"code": "confirmed"}]},
            "subject": {"reference": "Patient/p1"},
            "encounter": {"reference": "Encounter/e1"},
        }
    )
    practice.decide(REJECT_DIABETES, SIGN)
    practice.follow()
    assert practice.conditions()["J45.909"] == "confirmed"


def test_a_second_signature_takes_back_what_the_first_one_confirmed(practice: Practice) -> None:
    practice.decide(SIGN)
    practice.follow()
    assert practice.conditions() == {"I10": "confirmed", "E11.9": "confirmed"}
    practice.assertions = NOTHING_AGAINST
    practice.decide(REOPEN, REPLACE_DIABETES, SIGN)
    assert practice.follow()[-2].progress is Progress.DONE
    assert practice.conditions() == {"I10": "confirmed", "E11.9": "entered-in-error", "E11.22": "confirmed"}
    billed = practice.stores.outbox.entries("default")
    assert [one.version for one in billed] == [1, 2] and len({one.review for one in billed}) == 1


def test_signing_with_no_code_left_voids(practice: Practice) -> None:
    practice.decide(SIGN)
    practice.follow()
    practice.decide(REOPEN, REJECT_DIABETES, Decision(Act.REJECT, "I10", reason="not-documented"), SIGN)
    practice.follow()
    assert set(practice.conditions().values()) == {"entered-in-error"} and practice.one("Claim")["status"] == "cancelled"
    assert practice.one("Task")["status"] == "completed"
    first, second = practice.stores.outbox.entries("default")
    assert first.state is Billed.VOID and second.version == 2


def test_signing_twice_without_a_change_changes_nothing(practice: Practice) -> None:
    practice.decide(SIGN)
    practice.follow()
    before = {kind: practice.ehr.held(kind) for kind in ("Condition", "Claim", "Task")}
    practice.decide(REOPEN, SIGN)
    practice.follow()
    assert {kind: practice.ehr.held(kind) for kind in before} == before


def test_reopened_before_anything_left_nothing_leaves(practice: Practice) -> None:
    practice.decide(SIGN, REOPEN)
    done = practice.follow()
    assert [one.progress for one in done] == [Progress.OVERTAKEN, Progress.OVERTAKEN, Progress.DONE, Progress.DONE]
    assert done[2].detail == "reopened: no active Claim of ours stands there" and practice.conditions()["I10"] == "unconfirmed"
    assert practice.stores.outbox.entries("default") == ()


def test_a_session_without_access_leaves_it_to_one_that_has(practice: Practice) -> None:
    practice.has_access = False
    practice.decide(SIGN)
    assert practice.follow()[0].progress is Progress.FAILED and "no access" in practice.follow()[0].detail
    practice.has_access = True
    assert practice.follow()[0].progress is Progress.DONE


def test_an_ehr_that_takes_nothing_back_gets_what_was_held(tmp_path: Path) -> None:
    ehr = SimulatedEhr(statement(without={"Condition": ("update",), "Claim": ("update",)}))
    practice = open_practice(tmp_path, ehr)
    assert ehr.held("Condition") == []
    practice.decide(REJECT_DIABETES, SIGN)
    assert practice.follow()[0].progress is Progress.DONE and practice.conditions() == {"I10": "confirmed"}
    practice.stores.close()


def test_what_cannot_be_written_down_is_not_done(practice: Practice) -> None:
    def refuse(entry: object) -> None:
        raise NotRecorded("the audit is full")

    practice.following._auditor = refuse
    practice.decide(SIGN)
    writes = list(practice.ehr.writes)
    assert {one.progress for one in practice.follow()} == {Progress.FAILED} and practice.ehr.writes == writes


def test_each_duty_is_told_before_and_after(practice: Practice) -> None:
    practice.decide(SIGN)
    practice.follow()
    assert [(one.event, one.detail["kind"]) for one in practice.audit] == [
        (event, kind) for kind in ("ehr", "billing") for event in ("follow-up", "follow-up-outcome")
    ]
    assert "I10" not in repr(practice.audit)


def test_billing_gets_record_number_npi_and_links(practice: Practice) -> None:
    mr = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
    practice.ehr.put(
        {
            "resourceType": "Patient",
            "id": "p1",
            "identifier": [{"value": "other"}, {"type": mr, "value": "MRN-7", "assigner": {"display": "North"}}],
            "name": [{"family": "Doe", "given": ["Jo", "K"]}],
        }
    )
    practice.ehr.put(
        {
            "resourceType": "Practitioner",
            "id": "d1",
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
            "name": [{"family": "Abel", "given": ["Ada"]}],
        }
    )
    practice.facts = replace(
        practice.facts,
        services=(
            Charged("http://www.ama-assn.org/go/cpt", "99213", "Procedure/1", reason_codes=("i10",)),
            Charged("http://www.ama-assn.org/go/cpt", "83036", "Procedure/2", reason_codes=("I10",)),
        ),
    )
    practice.decide(Decision(Act.LINK, "E11.9", lines=(2,)), SIGN)
    practice.follow()
    [outgoing] = practice.stores.outbox.entries("default")
    claimed = practice.stores.outbox.claim("default", "billing", lambda signed, correction: b"x")
    assert claimed is not None
    signed = claimed.signed
    assert (signed.patient.identifier, signed.patient.assigner, signed.patient.family, signed.patient.given) == (
        "MRN-7",
        "North",
        "Doe",
        "Jo K",
    )
    assert (signed.provider.identifier, signed.provider.is_npi, signed.provider.family) == ("1234567893", True, "Abel")
    assert [one.pointers for one in signed.lines] == [(1,), (1, 2)], "nobody decided on I10: the EHR's reasons hold"
    assert outgoing.coding == practice.coding_id
    assert [one.code for one in signed.diagnoses] == ["I10", "E11.9"] and signed.version == 1


def test_without_a_date_of_service_billing_says_so(tmp_path: Path) -> None:
    practice = open_practice(tmp_path, SimulatedEhr(statement()))
    with practice.stores.repository._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE coded_encounter SET service_date = NULL")
    practice.decide(SIGN)
    assert [(one.progress, one.detail) for one in practice.follow()][1] == (Progress.UNDELIVERED, "the date of service is not known")
    practice.stores.close()


def test_a_question_reaches_the_provider(practice: Practice) -> None:
    practice.decide(Decision(Act.ASK, text="Which type of diabetes?", finding="FCE-803 E11.9"))
    [done] = practice.follow()
    assert done.progress is Progress.DONE and practice.one("Communication")["payload"] == [{"contentString": "Which type of diabetes?"}]
    [task] = [one for one in practice.ehr.held("Task") if f"Task/{one['id']}" == done.reference]
    assert task["owner"] == {"reference": "Practitioner/d1"} and task["requester"] == {"reference": "Practitioner/coder"}
    assert practice.following.query_text(practice.coding, done.sequence) == "Which type of diabetes?"


def test_a_question_that_the_ehr_does_not_take_is_left_to_a_person(tmp_path: Path) -> None:
    ehr = SimulatedEhr(statement(without={"Communication": ("create",), "Task": ("create",)}))
    practice = open_practice(tmp_path, ehr)
    practice.decide(Decision(Act.ASK, text="Which type of diabetes?"))
    [done] = practice.follow()
    assert done.progress is Progress.UNDELIVERED and practice.following.query_text(practice.coding, done.sequence)
    practice.stores.close()


def test_coding_again_after_a_signature_leaves_what_was_signed(practice: Practice) -> None:

    practice.decide(SIGN)
    practice.follow()
    proposal = proposal_of(("I10",))
    bundle = build_bundle(proposal)
    deliver(bundle, practice.ehr.client(), terms_of(proposal, None, practice.stores.repository.written("default", "main", "Encounter/e1")))
    assert practice.conditions() == {"I10": "confirmed", "E11.9": "confirmed"}


NO_CREATE = frozenset({("Condition", "create")})
NO_UPDATE = frozenset({("Condition", "update")})


@pytest.mark.parametrize("withheld", [NO_CREATE, NO_UPDATE], ids=["create", "update"])
def test_what_the_sign_in_does_not_allow_is_told_so_and_done_with_other_access(practice: Practice, withheld: frozenset) -> None:
    limited = practice.access
    practice.access = lambda coding: replace(limited(coding), withheld=withheld)  # type: ignore[method-assign]
    practice.assertions = NOTHING_AGAINST
    practice.decide(REPLACE_DIABETES, SIGN)
    told = practice.follow()[0]
    assert told.progress is Progress.FAILED and "not allowed by the scopes of your sign-in: " in told.detail, told
    assert "does not take" not in told.detail
    practice.access = limited  # type: ignore[method-assign]
    assert practice.follow()[0].progress is Progress.DONE
    assert practice.conditions() == {"I10": "confirmed", "E11.9": "entered-in-error", "E11.22": "confirmed"}


def test_what_the_ehr_itself_does_not_take_is_done(tmp_path: Path) -> None:
    practice = open_practice(tmp_path, SimulatedEhr(full_statement(types=("Condition", "Task", "Provenance", "Encounter"))))
    limited = practice.access
    practice.access = lambda coding: replace(limited(coding), withheld=frozenset({("Claim", "create")}))  # type: ignore[method-assign]
    practice.decide(SIGN)
    told = practice.follow()[0]
    assert told.progress is Progress.DONE and told.detail == "the EHR does not take: Claim"
    practice.stores.close()


@pytest.mark.parametrize("status", ["201 Created", "200 Updated"])
def test_what_the_ehr_stored_otherwise_is_told_as_that(status: str) -> None:
    changed = {"outcome": {"issue": [{"severity": "warning", "code": "conflict"}]}}
    bundle = {"entry": [{"resource": {"resourceType": "Condition"}}, {"resource": {"resourceType": "Claim"}}]}
    left = {"status": "200 OK"} | changed
    found = outcome_of(bundle, {"entry": [{"response": {"status": status} | changed}, {"response": left}]})
    assert found.progress is Progress.DONE
    assert found.detail == "stored by the EHR otherwise than sent: Condition; 1 left as somebody there has them"


@pytest.mark.parametrize("kind", ["Condition", "Claim"])
def test_what_the_sign_in_does_not_allow_to_be_taken_back_is_told_so_and_taken_back_with_other_access(
    practice: Practice, kind: str
) -> None:
    practice.decide(SIGN)
    practice.follow()
    limited = practice.access
    practice.access = lambda coding: replace(limited(coding), withheld=frozenset({(kind, "update")}))  # type: ignore[method-assign]
    practice.decide(REOPEN, REJECT_DIABETES, Decision(Act.REJECT, "I10", reason="not-documented"), SIGN)
    told = [one for one in practice.follow() if one.duty.kind is Kind.EHR][-1]
    count = "2 Condition" if kind == "Condition" else "Claim"
    assert (told.progress, told.detail) == (Progress.FAILED, f"not allowed by the scopes of your sign-in: {count}")
    practice.access = limited  # type: ignore[method-assign]
    assert [one for one in practice.follow() if one.duty.kind is Kind.EHR][-1].progress is Progress.DONE
    assert set(practice.conditions().values()) == {"entered-in-error"} and practice.one("Claim")["status"] == "cancelled"


def test_what_the_ehr_lets_nobody_take_back_is_told_as_that(practice: Practice) -> None:
    practice.decide(SIGN)
    practice.follow()
    practice.ehr.statement = statement(without={"Condition": ("update",)})
    practice.decide(REOPEN, REJECT_DIABETES, SIGN)
    told = [one for one in practice.follow() if one.duty.kind is Kind.EHR][-1]
    assert (told.progress, told.detail) == (Progress.DONE, "still there, for the EHR takes no update of it: Condition")
    assert practice.conditions()["E11.9"] == "confirmed"
