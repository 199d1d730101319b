"""Answers that no honest EHR gives: each is refused or told, never a crash, and nothing of the EHR's goes where it must not."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
import responses

from fhir_coder.ehr.access import StaticToken
from fhir_coder.ehr.address import EhrAddress
from fhir_coder.ehr.connection import Connection
from fhir_coder.outbound.attempt import Call
from tests.ehr.conftest import BASE, FakeEhr, metadata

CONDITION = {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p"}}
EXTENDED = {"extension": [{"url": "http://example.org/absent", "valueCode": "unknown"}]}
PAGES: dict[str, tuple[Any, int]] = {
    "entry is a number": ({"entry": 5}, 0),
    "link is a number": ({"link": 7}, 0),
    "search is null": ({"entry": [{"search": None, "resource": CONDITION}]}, 1),
    "search is a list": ({"entry": [{"search": [1], "resource": CONDITION}]}, 1),
    "not a number": ({"entry": [{"resource": CONDITION | {"onsetAge": {"value": float("nan")}}}, {"resource": CONDITION}]}, 1),
    "half a surrogate pair": ({"entry": [{"resource": CONDITION | {"id": "\ud800"}}, {"resource": CONDITION}]}, 1),
    "severity as an extension": (
        {"entry": [{"resource": {"resourceType": "OperationOutcome", "issue": [{"_severity": EXTENDED, "code": "invalid"}]}}]},
        0,
    ),
}


@pytest.mark.parametrize(("page", "matches"), PAGES.values(), ids=PAGES.keys())
def test_a_page_of_another_shape_gives_what_is_sound_in_it(ehr: FakeEhr, page: dict[str, Any], matches: int) -> None:
    ehr.answers("GET", "Condition", json.dumps({"resourceType": "Bundle", "type": "searchset"} | page))
    assert len(list(ehr.client.search("Condition", {}, lambda sentence: None))) == matches


@pytest.mark.parametrize(
    "offer",
    [
        {"_type": EXTENDED},
        {"type": "Task", "interaction": [{"_code": EXTENDED}]},
        {"type": "Task", "searchParam": [{"_name": EXTENDED, "type": "token"}]},
    ],
)
def test_metadata_with_an_extension_for_a_name_offers_nothing(ehr: FakeEhr, offer: dict[str, Any]) -> None:
    statement = metadata(Condition="patient")
    statement["rest"][0]["resource"].append(offer)
    ehr.answers("GET", "metadata", statement)
    offered = ehr.client.capabilities()
    assert offered.can("Condition", "read") and not offered.can("Task", "read")


def test_a_url_elsewhere_gets_neither_token_nor_cookie_of_the_ehr() -> None:
    address = EhrAddress.of(BASE, ["https://files.example.org/notes"])
    with responses.RequestsMock() as http, requests.Session() as session:
        session.cookies.set("session", "secret", domain=".example.org", path="/")
        for url in (f"{BASE}/Binary/1", "https://files.example.org/notes/1"):
            http.add("GET", url)
            Connection(address, StaticToken("token"), 1, session).send(Call("GET", url))
        ours, theirs = (call.request.headers for call in http.calls)
    assert ours["Authorization"] == "Bearer token" and "secret" in ours["Cookie"]
    assert not {"Authorization", "Cookie"} & set(theirs)


@pytest.mark.parametrize("path", ["..;/admin", "..;a=b/admin", "%2e%2e;/admin", ".;/..;/x"])
def test_dot_segments_with_parameters_do_not_leave_the_base(path: str) -> None:
    assert not EhrAddress.of(BASE).allows(f"{BASE}/{path}")
