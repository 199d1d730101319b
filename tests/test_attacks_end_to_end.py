"""Attacks on the assembled server with EHRs behind it: each is answered with its status, nothing of an EHR is read or written, nothing is kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import responses

from fhir_coder.model import Outcome
from fhir_coder.pipeline import Coder
from tests.api.conftest import issue_of, parameters, post
from tests.practices import Practices
from tests.smart.issuer import OTHER_RSA, RSA, claims, encode, sign, token

NORTH = "https://coder.example/t/north/fhir"
OPERATION = "/t/north/fhir/Encounter/e1/$code-encounter"
WRITE = {"name": "writeBack", "valueBoolean": True}
INNER = "http://169.254.169.254/latest/meta-data/"
"""The address under which clouds give credentials to whatever runs on a machine."""


@pytest.fixture
def practices(coder: Coder, tmp_path: Path) -> Iterator[Practices]:
    found = Practices(coder, tmp_path)
    with responses.RequestsMock():  # whatever leaves for another address than the EHRs' fails
        yield found
    found.store.close()


def untouched(practices: Practices) -> bool:
    """Neither EHR was asked or written, no connection was made, nothing was kept."""
    of_ehrs = [practices.touched(name) for name in ("north", "south")]
    kept = [practices.store.recent(name, 9) for name in ("north", "south")]
    return (practices.asked, of_ehrs, kept) == ([], [([], []), ([], [])], [(), ()])


def good(**changes: Any) -> dict[str, Any]:
    return claims(**{"aud": NORTH, "scope": "system/*.cruds"} | changes)


def hmac_of_the_public_key() -> str:
    signed = f"{encode({'alg': 'HS256', 'kid': 'rsa'})}.{encode(good())}"
    return f"{signed}.{encode(hmac.new(RSA.as_pem(private=False), signed.encode(), hashlib.sha256).digest())}"


FORGED: dict[str, Callable[[], str]] = {
    "alg none": lambda: f"{encode({'alg': 'none'})}.{encode(good())}.",
    "HMAC with the public key": hmac_of_the_public_key,
    "signed by a stranger": lambda: sign(good(), OTHER_RSA),
    "stranger with jku": lambda: sign(good(), OTHER_RSA, jku=INNER),
    "unknown kid": lambda: sign(good(), kid="unknown"),
    "expired": lambda: sign(good(exp=int(time.time()) - 3600)),
    "future": lambda: sign(good(nbf=int(time.time()) + 3600)),
    "missing exp": lambda: sign(good(exp=None)),
    "wrong aud": lambda: sign(good(aud="https://ehr.example/fhir")),
    "wrong iss": lambda: sign(good(iss="https://evil.example")),
    "aud of another tenant": lambda: sign(good(aud="https://coder.example/t/south/fhir")),
    "oversized": lambda: sign(good(padding="x" * 9000)),
}


@pytest.mark.parametrize("make", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_reaches_nothing(practices: Practices, make: Callable[[], str]) -> None:
    answer = post(practices.http, OPERATION, parameters(WRITE), Authorization=f"Bearer {make()}")
    assert (answer.status_code, issue_of(answer)["code"]) == (401, "login")
    assert untouched(practices)


CARRIED: dict[str, Callable[[str], tuple[str, list[tuple[str, str]]]]] = {
    "in the address": lambda given: (f"{OPERATION}?access_token={given}", []),
    "in the address and the header": lambda given: (f"{OPERATION}?access_token={given}", [("Authorization", f"Bearer {given}")]),
    "two headers": lambda given: (OPERATION, [("Authorization", f"Bearer {given}")] * 2),
    "Basic beside Bearer": lambda given: (OPERATION, [("Authorization", "Basic dTpw"), ("Authorization", f"Bearer {given}")]),
    "in a cookie": lambda given: (OPERATION, [("Cookie", f"access_token={given}; Authorization=Bearer {given}")]),
    "in a forwarded header": lambda given: (OPERATION, [("X-Forwarded-Authorization", f"Bearer {given}"), ("X-Original-URL", OPERATION)]),
    "in the form": lambda given: (OPERATION, [("Content-Type", "application/x-www-form-urlencoded")]),
}


@pytest.mark.parametrize("carry", CARRIED.values(), ids=CARRIED.keys())
def test_a_good_token_that_is_carried_otherwise_reaches_nothing(practices: Practices, carry: Callable[[str], Any]) -> None:
    given = sign(good())
    address, headers = carry(given)
    answer = practices.http.post(address, data=f"access_token={given}", headers=headers)
    assert answer.status_code == 401
    assert untouched(practices)


NARROW = {
    "no scope": {"scope": None},
    "identity only": {"scope": "openid fhirUser"},
    "write without read": {"scope": "system/*.write"},
    "a part of the documents": {"scope": "system/Encounter.r system/DocumentReference.rs?category=clinical-note"},
    "patient level without a patient": {"scope": "patient/*.cruds"},
    "another encounter": {"encounter": "e2"},
}


@pytest.mark.parametrize("changes", NARROW.values(), ids=NARROW.keys())
def test_a_token_that_opens_something_else_reaches_nothing(practices: Practices, changes: dict[str, Any]) -> None:
    answer = practices.code("north", "e1", parameters(WRITE), **changes)
    assert answer.status_code == 403
    assert untouched(practices)


BODIES: dict[str, tuple[str, bytes, int]] = {
    "EHR by address": (OPERATION, parameters({"name": "ehr", "valueString": INNER}), 403),
    "encounter at another server": (
        "/t/north/fhir/Encounter/$code-encounter",
        parameters({"name": "encounterReference", "valueReference": {"reference": f"{INNER}Encounter/e1"}}),
        400,
    ),
    "encounter by a path": ("/t/north/fhir/Encounter/..%2f..%2fadmin/$code-encounter", b"", 404),
    "encounter with a query": ("/t/north/fhir/Encounter/e1%3F_include=*/$code-encounter", b"", 404),
    "encounter with a line break": ("/t/north/fhir/Encounter/e1%0d%0aX-Other:%201/$code-encounter", b"", 404),
    "tenant by a path": ("/t/..%2fnorth/fhir/Encounter/e1/$code-encounter", b"", 404),
    "tenant in capitals": ("/t/NORTH/fhir/Encounter/e1/$code-encounter", b"", 404),
    "JSON nested without end": (OPERATION, b'{"resourceType":"Parameters","parameter":' + b"[" * 100_000, 400),
    "extensions nested without end": (OPERATION, b'{"resourceType":"Parameters","extension":[' + b'{"extension":[' * 10_000, 400),
    "a number of many digits": (OPERATION, b'{"resourceType":"Parameters","x":' + b"9" * 100_000 + b"}", 400),
    "the same property twice": (OPERATION, b'{"resourceType":"Parameters","parameter":[],"parameter":[]}', 400),
    "a body larger than allowed": (OPERATION, b" " * (20 * 1024 * 1024 + 1), 413),
}


@pytest.mark.parametrize(("address", "body", "status"), BODIES.values(), ids=BODIES.keys())
def test_a_hostile_request_reaches_nothing(practices: Practices, address: str, body: bytes, status: int) -> None:
    answer = post(practices.http, address, body, Authorization=f"Bearer {sign(good())}")
    assert answer.status_code == status
    assert untouched(practices)


XML = '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="ehr"/><valueString value="{}"/></parameter></Parameters>'
LAUGHS = "".join(f'<!ENTITY l{one} "{f"&l{one - 1};" * 10}">' for one in range(1, 10))
XML_BODIES = {
    "external entity": f'<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]>{XML.format("&x;")}',
    "external entity by http": f'<!DOCTYPE p [<!ENTITY x SYSTEM "{INNER}">]>{XML.format("&x;")}',
    "external subset": f'<!DOCTYPE p SYSTEM "{INNER}">{XML.format("main")}',
    "parameter entity": f'<!DOCTYPE p [<!ENTITY % x SYSTEM "{INNER}"> %x;]>{XML.format("main")}',
    "billion laughs": f'<!DOCTYPE p [<!ENTITY l0 "lol">{LAUGHS}]>{XML.format("&l9;")}',
    "XInclude": XML.format("main").replace(
        "<parameter>", f'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="{INNER}"/><parameter>'
    ),
    "nested without end": XML.format("main").replace("<parameter>", "<extension>" * 50_000 + "<parameter>"),
}


@pytest.mark.parametrize("body", XML_BODIES.values(), ids=XML_BODIES.keys())
def test_hostile_xml_reaches_nothing(practices: Practices, body: str) -> None:
    headers = {"Authorization": f"Bearer {sign(good())}", "Content-Type": "application/fhir+xml"}
    answer = practices.http.post(OPERATION, data=body.encode(), headers=headers)
    assert (answer.status_code, issue_of(answer)["code"]) == (400, "structure")
    assert untouched(practices)


# ---------------------------------------------------------------------------------------------- what is decided beside the EHR


def test_a_token_of_another_patient_reads_no_note_and_writes_nothing(practices: Practices) -> None:
    answer = practices.code("north", "e1", parameters(WRITE), patient="p-other", scope="patient/*.cruds")
    assert (answer.status_code, issue_of(answer)["details"]["coding"][0]["code"]) == (403, "FC104")
    asked, written = practices.touched("north")
    assert not [one for one in asked if "DocumentReference" in one or "Binary" in one or "Condition" in one]
    assert (written, practices.store.recent("north", 9)) == ([], ())


def test_an_encounter_of_the_callers_own_making_opens_no_others_chart(practices: Practices) -> None:
    """The id is another patient's encounter, the content says that it is ours."""
    visit = practices.ehrs["https://north.invalid/fhir"].held("Encounter")[0] | {"subject": {"reference": "Patient/mine"}}
    body = parameters({"name": "encounter", "resource": {key: value for key, value in visit.items() if key != "meta"}}, WRITE)
    answer = practices.code("north", "e1", body, patient="mine", scope="patient/*.cruds")
    assert answer.status_code == 403
    asked, written = practices.touched("north")
    assert not [one for one in asked if "DocumentReference" in one or "Binary" in one]
    assert (written, practices.store.recent("north", 9)) == ([], ())


def test_a_token_that_may_only_read_writes_nothing(practices: Practices) -> None:
    answer = practices.code("north", "e1", parameters(WRITE), scope="system/*.read")
    assert answer.status_code == 200
    assert practices.touched("north")[1] == []
    assert practices.ehrs["https://north.invalid/fhir"].held("Condition") == []


INSIDE = [
    INNER,
    "http://127.0.0.1:8080/metrics",
    "file:///etc/passwd",
    "https://north.invalid.evil.example/fhir/Binary/1",
    "gopher://10.0.0.1/_x",
]


@pytest.mark.parametrize("url", INSIDE)
def test_an_attachment_that_leads_inside_is_not_fetched(practices: Practices, url: str) -> None:
    """The request itself is good: its note is coded, the other stays unread, and nothing was asked at that address (see the fixture)."""
    ehr = practices.ehrs["https://north.invalid/fhir"]
    (note,) = ehr.held("DocumentReference")
    ehr.put(note | {"id": "d2", "content": [{"attachment": {"contentType": "text/plain", "url": url}}]})
    answer = practices.code("north", "e1")
    assert answer.status_code == 200
    kept = practices.store.get("north", practices.store.recent("north", 1)[0].id)
    assert kept is not None and (kept.trail[0].detail["unreadable"], kept.disposition) == ({"d2": "unavailable"}, Outcome.REVIEW)
    assert practices.touched("north")[1] == []


MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def test_markup_in_a_note_comes_back_as_data(practices: Practices) -> None:
    """What is written and answered is FHIR with narratives that our own strict reader takes: it refuses active content."""
    text = base64.b64encode(f"Assessment: Essential hypertension {MARKUP}.".encode()).decode()
    ehr = practices.ehrs["https://north.invalid/fhir"]
    ehr.change("DocumentReference/d1", content=[{"attachment": {"contentType": "text/plain", "data": text}}])
    ehr.change("Patient/p-north", name=[{"family": MARKUP}])
    answer = practices.code("north", "e1", parameters(WRITE))
    assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (200, "nosniff")
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    written = [one for kind in ("Condition", "Claim", "Task", "Provenance") for one in ehr.held(kind)]
    assert not [one for one in written if "<script" in json.dumps(one.get("text", {})) or "<img" in json.dumps(one.get("text", {}))]


def test_a_request_id_of_the_attackers_making_is_replaced(practices: Practices) -> None:
    given = "x" * 65 + "; Set-Cookie: a=b"
    answer = post(practices.http, OPERATION, Authorization="Bearer x", X_Request_Id=given)
    assert (answer.status_code, len(answer.headers["X-Request-Id"])) == (401, 36)
    assert untouched(practices)


def test_the_harness_sees_what_is_touched(practices: Practices) -> None:
    """A good call reads and writes: the proofs above are not empty."""
    assert practices.code("north", "e1", parameters(WRITE | {"valueBoolean": True})).status_code == 200
    assert not untouched(practices)
    assert token(aud=NORTH)
