"""The EHR simulator by itself: what testers order is what happens, and what they are told is what was."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from conformance.simulator.cli import RECORDS, RecordsUnusable, announcement, main, read_records, simulated_ehrs
from conformance.simulator.control import PATH
from conformance.simulator.effects import EFFECTS
from conformance.simulator.profile import read_profiles
from conformance.simulator.server import SimulatorServer
from fhir_coder.ehr.capabilities import read_capabilities
from fhir_coder.fhir.reader import read_json
from fhir_coder.tenant_settings import read_tenants

README = RECORDS.parents[1] / "README.md"
CHECKS = RECORDS.parents[1] / "checks"
Ask = Callable[..., requests.Response]
CONDITION = {
    "resourceType": "Condition",
    "identifier": [{"system": "urn:test", "value": "c1"}],
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10"}]},
    "subject": {"reference": "Patient/patient-1"},
}


@pytest.fixture
def ask(simulator: SimulatorServer) -> Ask:
    """One request below the simulator's address; the EHRs are at their beginning."""
    requests.delete(f"{simulator.url}{PATH}", timeout=10).raise_for_status()

    def send(method: str, path: str, body: object = None, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = (
            {"data": json.dumps(body), "headers": {"Content-Type": "application/fhir+json"} | named}
            if body is not None
            else {"headers": named}
        )
        return requests.request(method, f"{simulator.url}/{path}", timeout=10, allow_redirects=False, **content)

    return send


def control(ask: Ask, ehr: str = "plain") -> dict[str, Any]:
    return dict(ask("GET", f"_control/{ehr}").json())


def order(ask: Ask, *faults: object, ehr: str = "plain") -> requests.Response:
    return ask("PUT", f"_control/{ehr}/faults", list(faults))


@pytest.mark.parametrize("name", read_profiles())
def test_the_statement_of_every_profile_is_valid_and_is_kept_to(ask: Ask, name: str) -> None:
    statement = read_json(ask("GET", f"{name}/fhir/metadata").content)
    offered, profile = read_capabilities(statement), read_profiles()[name]
    assert offered.transacts is profile.transaction
    for kind in ("Condition", "Claim", "Task", "Provenance"):
        answer = ask("POST", f"{name}/fhir/{kind}", {"resourceType": kind})
        assert (answer.status_code in {404, 405}) is not offered.can(kind, "create")
        assert offered.conditional_create(kind) is (profile.conditionalCreate and kind in profile.types)


def test_the_included_records_are_valid_and_each_encounter_has_notes() -> None:
    records = read_records([RECORDS])
    documents = [one for one in records if one["resourceType"] == "DocumentReference"]
    visits = {one["id"] for one in records if one["resourceType"] == "Encounter"}
    assert visits == {one["context"]["encounter"][0]["reference"].partition("/")[2] for one in documents}


def test_a_new_visit_is_a_copy_that_shares_only_the_practice(ask: Ask) -> None:
    first, second = (ask("POST", "_control/plain/visits", {}).json() for _ in range(2))
    ids = [{f"{one['resourceType']}/{one['id']}" for one in visit} for visit in (first, second)]
    assert not ids[0] & ids[1]
    text = json.dumps(first)
    assert '"Patient/patient-1"' not in text and '"Encounter/visit-1"' not in text and '"Practitioner/doctor"' in text
    (encounter,) = (one["id"] for one in first if one["resourceType"] == "Encounter")
    (patient,) = (one["id"] for one in first if one["resourceType"] == "Patient")
    query = f"patient=Patient/{patient}&encounter=Encounter/{encounter}"
    assert ask("GET", f"plain/fhir/DocumentReference?{query}").json()["total"] == 2


def test_what_was_written_is_held_and_what_was_asked_is_seen_without_bodies(ask: Ask) -> None:
    ask("POST", "plain/fhir/Condition", CONDITION, If_None_Exist="identifier=urn:test|c1", Authorization="Bearer hidden")
    ask("GET", "plain/fhir/Condition?identifier=urn:test|c1")
    told = control(ask)
    assert [one["code"]["coding"][0]["code"] for one in told["held"]] == ["I10"]
    assert [(one["method"], one["path"], one["status"], one["has_condition"]) for one in told["seen"]] == [
        ("POST", "Condition", 201, True),
        ("GET", "Condition", 200, False),
    ]
    assert told["seen"][1]["parameters"] == ["identifier"]
    assert "hidden" not in json.dumps(told["seen"]) and "I10" not in json.dumps(told["seen"])


def test_the_beginning_comes_back(ask: Ask) -> None:
    order(ask, {"does": "status"})
    ask("POST", "plain/fhir/Condition", CONDITION)
    assert ask("DELETE", "_control/plain").status_code == 204
    told = control(ask)
    assert (told["held"], told["seen"], told["faults"]) == ([], [], [])
    assert ask("GET", "plain/fhir/Encounter/visit-1").status_code == 200


def test_what_somebody_else_writes_is_not_the_servers(ask: Ask) -> None:
    ask("PUT", "_control/plain/resources", {**CONDITION, "id": "theirs"})
    assert control(ask)["held"] == []
    made = ask("POST", "plain/fhir/Condition", CONDITION).json()
    ask("PUT", "_control/plain/resources", {**made, "note": [{"text": "Seen."}]})
    (held,) = control(ask)["held"]
    assert held["id"] == made["id"] and held["meta"]["versionId"] == "2"


def test_a_fault_meets_what_it_names_as_often_as_it_says(ask: Ask) -> None:
    order(
        ask,
        {
            "does": "status",
            "interactions": ["read"],
            "type": "Encounter",
            "after": 1,
            "times": 1,
            "status": 429,
            "headers": {"Retry-After": "7"},
        },
    )
    answers = [ask("GET", f"plain/fhir/{path}") for path in ("Patient/patient-1", *["Encounter/visit-1"] * 3)]
    assert [one.status_code for one in answers] == [200, 200, 429, 200]
    assert answers[2].headers["Retry-After"] == "7"
    assert control(ask)["faults"] == [{"does": "status", "seen": 3, "met": 1}]


BINARY = {"resourceType": "Binary", "id": "words", "contentType": "text/plain", "data": "V29yZHMu"}


@pytest.mark.parametrize(("manner", "accept", "is_raw"), [("raw", "application/fhir+json", True), ("fhir", "text/plain", False)])
def test_a_binary_is_given_in_the_manner_ordered_whatever_is_asked_for(ask: Ask, manner: str, accept: str, is_raw: bool) -> None:
    ask("PUT", "_control/plain/resources", BINARY)
    assert (ask("GET", "plain/fhir/Binary/words", Accept=accept).content == b"Words.") is not is_raw
    assert ask("PUT", "_control/plain/manner", {"binary": manner}).json() == {"binary": manner, "pageSize": 0}
    assert (ask("GET", "plain/fhir/Binary/words", Accept=accept).content == b"Words.") is is_raw


def test_pages_are_no_larger_than_ordered(ask: Ask) -> None:
    ask("PUT", "_control/plain/manner", {"pageSize": 2})
    sizes = [len(ask("GET", f"plain/fhir/DocumentReference?_count={count}").json()["entry"]) for count in (1, 2, 50)]
    page = ask("GET", "plain/fhir/DocumentReference").json()
    (following,) = (one["url"] for one in page["link"] if one["relation"] == "next")
    more = requests.get(following, timeout=10).json()
    assert sizes == [1, 2, 2]
    assert {one["fullUrl"] for one in page["entry"]}.isdisjoint(one["fullUrl"] for one in more["entry"])
    ask("DELETE", "_control/plain")
    assert len(ask("GET", "plain/fhir/DocumentReference?_count=50").json()["entry"]) > 2


@pytest.mark.parametrize("given", [[], {"binary": "zip"}, {"pageSize": "5"}, {"pageSize": -1}, {"pageSize": True}, {"pages": 5}])
def test_a_manner_that_cannot_be_read_changes_nothing(ask: Ask, given: object) -> None:
    ask("PUT", "_control/plain/manner", {"binary": "raw"})
    assert ask("PUT", "_control/plain/manner", given).status_code == 400
    assert control(ask)["manner"] == {"binary": "raw", "pageSize": 0}


def test_a_connection_is_closed_before_or_after_the_request_took_effect(ask: Ask) -> None:
    for acts in (False, True):
        ask("DELETE", "_control/plain")
        order(ask, {"does": "drop", "interactions": ["create"], "acts": acts})
        with pytest.raises(requests.ConnectionError):
            ask("POST", "plain/fhir/Condition", CONDITION)
        assert len(control(ask)["held"]) == acts
        assert control(ask)["seen"][-1]["status"] == 0


def test_an_answer_breaks_off(ask: Ask) -> None:
    order(ask, {"does": "cut"})
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        ask("GET", "plain/fhir/Encounter/visit-1")


def test_an_update_comes_too_late(ask: Ask) -> None:
    made = ask("POST", "plain/fhir/Condition", CONDITION).json()
    order(ask, {"does": "changed-meanwhile", "times": 1})
    late, again = (ask("PUT", f"plain/fhir/Condition/{made['id']}", made, If_Match=f'W/"{version}"') for version in (1, 2))
    assert (late.status_code, again.status_code) == (412, 200)


def test_elements_are_lost_in_transactions_too(ask: Ask) -> None:
    order(ask, {"does": "loses", "elements": ["identifier", "code.coding"]})
    entry = {
        "fullUrl": "urn:uuid:0f6c7c5e-6f0a-5b8e-8d7b-2c1f0c1b2a3d",
        "resource": CONDITION,
        "request": {"method": "POST", "url": "Condition"},
    }
    assert ask("POST", "plain/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}).status_code == 200
    (held,) = control(ask)["held"]
    assert "identifier" not in held and "code" not in held


def test_a_condition_is_honoured_where_it_is_listed_and_no_fault_says_otherwise(ask: Ask) -> None:
    def creates(ehr: str) -> int:
        for _ in range(2):
            ask("POST", f"{ehr}/fhir/Condition", CONDITION, If_None_Exist="identifier=urn:test|c1")
        return len(control(ask, ehr)["held"])

    assert (creates("plain"), creates("single")) == (1, 2)
    ask("DELETE", "_control")
    order(ask, {"does": "ignores-condition"})
    assert creates("plain") == 2


def test_oracle_refuses_what_its_documentation_says(ask: Ask) -> None:
    both = [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10", "userSelected": one} for one in (True, False)]
    category = [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": "encounter-diagnosis"}]}]
    good = {**CONDITION, "code": {"coding": both}, "category": category}
    assert ask("POST", "oracle/fhir/Condition", good).status_code == 201
    for bad in (
        {"code": {"coding": both[:1]}},
        {"code": {"coding": both[1:]}},
        {"category": category * 2},
        {"implicitRules": "http://rules.example"},
    ):
        assert ask("POST", "oracle/fhir/Condition", good | bad).status_code == 422


def test_epic_loses_the_identifier_of_a_condition(ask: Ask) -> None:
    made = ask("POST", "epic/fhir/Condition", CONDITION)
    assert made.status_code == 201 and "identifier" not in made.json()
    assert ask("PUT", f"epic/fhir/Condition/{made.json()['id']}", made.json()).status_code == 405


def test_a_token_that_expired_is_refused_until_there_is_a_new_one(ask: Ask) -> None:
    def token() -> str:
        form = "grant_type=client_credentials&scope=system/*.rs&client_assertion=a.b.c"
        form += "&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        asked = requests.post(
            f"{configuration['token_endpoint']}", data=form, headers={"Content-Type": "application/x-www-form-urlencoded"}, timeout=10
        )
        return str(asked.json()["access_token"])

    configuration = ask("GET", "plain/fhir/.well-known/smart-configuration").json()
    old = token()
    order(ask, {"does": "token-expired"})
    new = token()
    statuses = [ask("GET", "plain/fhir/Encounter/visit-1", Authorization=f"Bearer {one}").status_code for one in (old, "", new)]
    assert statuses == [401, 401, 200]
    assert ask("POST", "plain/fhir/token", {}).json() == {"error": "unsupported_grant_type"}


@pytest.mark.parametrize(
    "given",
    [
        {"does": "status"},
        [{"does": "explode"}],
        [{"does": "status", "status": "429"}],
        [{"does": "status", "unknown": 1}],
        ["status"],
    ],
)
def test_an_order_that_cannot_be_read_changes_nothing(ask: Ask, given: object) -> None:
    order(ask, {"does": "slow"})
    assert ask("PUT", "_control/plain/faults", given).status_code == 400
    assert [one["does"] for one in control(ask)["faults"]] == ["slow"]


def test_wrong_addresses_are_errors(ask: Ask) -> None:
    assert ask("GET", "_control/nowhere").status_code == 404
    assert ask("PATCH", "_control/plain").status_code == 404
    assert ask("POST", "_control").status_code == 405
    assert ask("POST", "_control/plain/visits", {"like": "unheard-of"}).status_code == 400
    assert ask("GET", "nowhere/fhir/metadata").status_code == 404
    told = ask("GET", "_control").json()
    assert told["outside"] == ["GET /nowhere/fhir/metadata"]
    assert set(told["effects"]) == set(EFFECTS) and all(told["effects"].values())


def test_chunked_bodies_are_read(ask: Ask) -> None:
    class Chunks:
        def __iter__(self):
            yield from (json.dumps(CONDITION)[:40].encode(), json.dumps(CONDITION)[40:].encode())

    url = ask("GET", "_control").json()["ehrs"]["plain"]["base"]
    answer = requests.post(f"{url}/Condition", data=Chunks(), headers={"Content-Type": "application/fhir+json"}, timeout=10)
    assert answer.status_code == 201


def test_what_is_printed_at_the_start_is_a_setting_that_our_server_reads(simulator: SimulatorServer, tmp_path: Path) -> None:
    ehrs = simulated_ehrs(read_records([RECORDS]), tmp_path)
    *_, control_line, setting = announcement(simulator.url, ehrs.values())
    (tenant,) = read_tenants(setting.removeprefix("FHIR_CODER_TENANTS=").strip("'"))
    assert [one.base_url for one in tenant.ehrs] == [f"{simulator.url}/{name}/fhir" for name in read_profiles()]
    assert control_line.split()[-1] == f"{simulator.url}{PATH}"


def test_every_effect_is_documented_and_ordered_by_a_check() -> None:
    rows = re.findall(r"^\| `([a-z-]+)`", README.read_text(encoding="utf-8").partition("| `does` |")[2], re.MULTILINE)
    assert sorted(rows) == sorted(EFFECTS)
    checks = "".join(file.read_text(encoding="utf-8") for file in CHECKS.glob("*.py"))
    assert [name for name in EFFECTS if f'"{name}"' not in checks] == []


def test_the_kit_speaks_to_the_simulator_over_http_alone() -> None:
    kit = [file for file in README.parent.rglob("*.py") if file.parent.name != "simulator"]
    assert len(kit) > 10
    own = re.compile(r"^\s*(?:from|import) conformance\.simulator\b", re.MULTILINE)
    assert [file.name for file in kit if own.search(file.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "bundle",
    [
        "no JSON",
        json.dumps({"resourceType": "Bundle", "type": "collection"}),
        json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Patient"}}]}),
    ],
)
def test_records_that_cannot_be_used_end_the_start(tmp_path: Path, bundle: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bundle.json"
    file.write_text(bundle)
    with pytest.raises(RecordsUnusable):
        read_records([file])
    assert main(["--bundle", str(file), "--port", "0"]) == 2
    assert capsys.readouterr().err.startswith("simulator: ")
