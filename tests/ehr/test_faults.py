"""Faults of an EHR, to order and over a real socket: each ends in a clear error, and nothing is coded from a part of the record."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests

from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.intake import gather
from fhir_coder.ehr.retry import RetryPolicy
from fhir_coder.errors import EhrRefused, EhrTimeout, EhrUnavailable, FhirCoderError
from fhir_coder.exchange import CodingRequest, Intake
from fhir_coder.tenant_settings import EhrSettings
from tests.ehr.conftest import document, encounter, metadata, patient, searchset
from tests.ehr.faulty_ehr import FaultyEhr, Reply, faulty_ehr

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
HERE = {"encounter": [{"reference": "Encounter/e1"}]}
LOGIN = b"<!DOCTYPE html><html><body>Please sign in.</body></html>"
TEXT = b"Assessment: gout."


def by_url(name: str) -> dict[str, Any]:
    attachment = {"contentType": "text/plain", "url": f"Binary/{name}"}
    return document(id=name, context=HERE, content=[{"attachment": attachment}])


def healthy() -> dict[str, list[Reply]]:
    """An encounter with one inline note and two by Binary."""
    notes = searchset(document(context=HERE), by_url("b1"), by_url("b2"))
    return {
        "metadata": [Reply.of(metadata(Patient="", Encounter="", DocumentReference="patient encounter"))],
        "Encounter/e1": [Reply.of(encounter())],
        "Patient/p1": [Reply.of(patient())],
        "DocumentReference": [Reply.of(notes)],
        "Binary/b1": [Reply(TEXT, headers={"Content-Type": "text/plain"})],
        "Binary/b2": [Reply(b"Plan: rest.", headers={"Content-Type": "text/plain"})],
    }


@contextmanager
def serving(changes: dict[str, list[Reply]]) -> Iterator[tuple[FaultyEhr, EhrClient, list[float]]]:
    waits: list[float] = []
    with faulty_ehr(healthy() | changes) as ehr, requests.Session() as session:
        settings = EhrSettings("main", ehr.base, timeout_s=0.25)
        yield ehr, EhrClient(settings, session, sleep=waits.append, retry=RetryPolicy(attempts=3, now=lambda: NOW)), waits


def pull(client: EhrClient) -> Intake:
    return gather(CodingRequest("default", encounter_id="e1"), client)


def whole(intake: Intake) -> bool:
    return [note.id for note in intake.encounter.notes] == ["b1", "b2", "d1"] and intake.encounter.unreadable == ()


NOTES = json.dumps(searchset(document(context=HERE))).encode()
FHIR = {"Content-Type": "application/fhir+json"}
FAULTS: dict[str, tuple[str, list[Reply], type[FhirCoderError]]] = {
    "it hangs up": ("Encounter/e1", [Reply(hangs_up=True)], EhrUnavailable),
    "it does not answer": ("Encounter/e1", [Reply(b" " * 8, pause_s=5)], EhrTimeout),
    "it drips": ("DocumentReference", [Reply(NOTES, headers=FHIR, pause_s=0.1)], EhrTimeout),
    "a body shorter than announced": ("DocumentReference", [Reply(NOTES, headers=FHIR, cut=40)], EhrUnavailable),
    "a Binary shorter than announced": ("Binary/b1", [Reply(TEXT, cut=5)], EhrUnavailable),
    "a chunked body that was cut": ("DocumentReference", [Reply(NOTES, headers=FHIR, cut=40, is_chunked=True)], EhrUnavailable),
    "a packed body that is none": ("DocumentReference", [Reply(NOTES, headers=FHIR | {"Content-Encoding": "gzip"})], EhrUnavailable),
    "JSON that was cut": ("DocumentReference", [Reply(NOTES[:-30], headers=FHIR)], EhrRefused),
    "a second page that is gone": (
        "DocumentReference",
        [Reply.of(searchset(document(context=HERE), next_url="?cursor=2")), Reply(status=410)],
        EhrUnavailable,
    ),
    "a second page that fails": (
        "DocumentReference",
        [Reply.of(searchset(document(context=HERE), next_url="?cursor=2")), Reply(status=500)],
        EhrUnavailable,
    ),
    "a second page elsewhere": (
        "DocumentReference",
        [Reply.of(searchset(document(context=HERE), next_url="https://other.example/2"))],
        EhrRefused,
    ),
    "a login page for the encounter": ("Encounter/e1", [Reply(LOGIN, headers={"Content-Type": "text/html"})], EhrRefused),
    "a login page for the search": ("DocumentReference", [Reply(LOGIN, headers={"Content-Type": "text/html"})], EhrRefused),
    "a login page for the metadata": ("metadata", [Reply(LOGIN, headers={"Content-Type": "text/html"})], EhrRefused),
    "a resource where a Bundle belongs": ("DocumentReference", [Reply.of(document())], EhrRefused),
    "500 on one Binary of several": ("Binary/b2", [Reply(status=500)], EhrUnavailable),
    "503 without end": ("DocumentReference", [Reply(status=503)], EhrUnavailable),
    "a wait that is too long": ("DocumentReference", [Reply(status=429, headers={"Retry-After": "86400"})], EhrUnavailable),
    "a wait until a date that is too far": (
        "DocumentReference",
        [Reply(status=429, headers={"Retry-After": format_datetime(NOW + timedelta(hours=2), usegmt=True)})],
        EhrUnavailable,
    ),
}


@pytest.mark.parametrize(("path", "replies", "error"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_ends_the_request(path: str, replies: list[Reply], error: type[FhirCoderError]) -> None:
    with serving({path: list(replies)}) as (ehr, client, _):
        with pytest.raises(error) as caught:
            pull(client)
        assert path in ehr.calls
    assert not any(word in str(caught.value) for word in ("sign in", "hypertension", "gout"))


def test_an_ehr_that_is_down() -> None:
    with serving({}) as (ehr, _, _):
        base = ehr.base
    with requests.Session() as session, pytest.raises(EhrUnavailable, match="cannot be reached"):
        pull(EhrClient(EhrSettings("main", base, timeout_s=0.25), session, sleep=lambda seconds: None))


RECOVERIES: dict[str, tuple[str, list[Reply], list[float]]] = {
    "after the seconds it asked for": ("DocumentReference", [Reply(status=429, headers={"Retry-After": "7"})], [7.0]),
    "after the date it asked for": (
        "DocumentReference",
        [Reply(status=503, headers={"Retry-After": format_datetime(NOW + timedelta(seconds=9), usegmt=True)})],
        [9.0],
    ),
    "after it hung up": ("Encounter/e1", [Reply(hangs_up=True)], [0.5]),
    "after two bad gateways": ("Binary/b1", [Reply(status=502), Reply(status=504)], [0.5, 1.0]),
    "after a body that was cut": ("DocumentReference", [Reply(NOTES, headers=FHIR, cut=40)], [0.5]),
}


@pytest.mark.parametrize(("path", "faults", "waited"), RECOVERIES.values(), ids=RECOVERIES.keys())
def test_what_passes_is_waited_for_and_then_the_whole_is_read(path: str, faults: list[Reply], waited: list[float]) -> None:
    with serving({path: [*faults, *healthy()[path]]}) as (_, client, waits):
        assert whole(pull(client)) and waits == waited


@pytest.mark.parametrize("is_chunked", [False, True])
def test_packed_and_chunked_answers_are_no_fault(is_chunked: bool) -> None:
    packed = {"Content-Encoding": "gzip"}
    answers = {
        path: [Reply(gzip.compress(one.body), headers=one.headers | packed, is_chunked=is_chunked) for one in replies]
        for path, replies in healthy().items()
    }
    with serving(answers) as (_, client, _):
        assert whole(pull(client))


def test_a_byte_order_mark_is_no_fault() -> None:
    marked = {path: [Reply(b"\xef\xbb\xbf" + one.body, headers=one.headers) for one in replies] for path, replies in healthy().items()}
    with serving(marked) as (_, client, _):
        assert whole(pull(client))


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(LOGIN, headers={"Content-Type": "text/html"}), "unavailable"),
        (Reply(status=403), "unavailable"),
        (Reply(status=404), "unavailable"),
        (Reply(status=410), "unavailable"),
        (Reply(status=302, headers={"Location": "https://elsewhere.example/"}), "unavailable"),
        (Reply(status=204, headers={"Content-Length": "0"}), "empty"),
        (Reply(b"%PDF-1.7\n\x00\x01"), "malformed"),
    ],
)
def test_one_note_that_cannot_be_had_is_reported_beside_the_others(reply: Reply, reason: str) -> None:
    with serving({"Binary/b1": [reply]}) as (_, client, _):
        found = pull(client).encounter
    assert [note.id for note in found.notes] == ["b2", "d1"]
    assert [(one.id, one.reason) for one in found.unreadable] == [("b1", reason)]
