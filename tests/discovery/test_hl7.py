"""Messages of HL7 v2: what is read of them, how they are answered, and the receiver that listens for them."""

from __future__ import annotations

import logging
import socket
import ssl
import string
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hl7
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_coder.billing.answer import Fate, read_acknowledgement
from fhir_coder.billing.mllp import Mllp
from fhir_coder.billing.segments import escaped
from fhir_coder.discovering import server_context
from fhir_coder.discovery.hl7_event import EVENTS, Unaccepted, read_event
from fhir_coder.discovery.listener import Bounds, Listener
from fhir_coder.discovery.reception import Desk, Reception
from fhir_coder.discovery.watched import Found
from fhir_coder.discovery_settings import Way, WayName
from tests.discovery.stage import EHR, START, TENANT, Stage, configured
from tests.outbound.listening import self_signed

MARKER = "Zwiebelkuchen"


def adt(event: str = "ADT^A03", visit: str = "e1", facility: str = "CLINIC", control: str = "c1", marks: str = "|^~\\&") -> bytes:
    bar = marks[0]
    segments = [
        ["MSH" + marks, "EHR", facility, "US", "HERE", "20260504090000", "", event, control, "P", "2.5.1"],
        ["EVN", event.partition(marks[1])[2], "20260504090000"],
        ["PID", "1", "", "p1", "", f"{MARKER}{marks[1]}Anna"],
        ["PV1", "1", "O", *[""] * 16, visit],
        ["OBX", "1", "TX", "", "", f"Assessment: {MARKER}"],
    ]
    return "".join(bar.join(one) + "\r" for one in segments).encode()


def desk(**members: Any) -> Desk:
    return Desk(TENANT, EHR, Way(WayName.HL7, **members))


def received(*desks: Desk, fails: bool = False) -> tuple[Reception, list[tuple[str, str, str]]]:
    noted: list[tuple[str, str, str]] = []

    def note(tenant: str, ehr: str, found: list[Found]) -> None:
        if fails:
            raise RuntimeError("no database")
        noted.extend((tenant, ehr, one.encounter) for one in found)

    return Reception(desks or (desk(),), note, lambda: START), noted


def codes(reply: bytes) -> tuple[str, str, str]:
    """MSA-1, MSA-2 and ERR-3.1."""
    parsed = hl7.parse(reply.decode())
    return (
        str(parsed.segment("MSA")[1]),
        str(parsed.segment("MSA")[2]),
        str(parsed.segment("ERR")[3]).split("^")[0] if "ERR" in reply.decode() else "",
    )


# ------------------------------------------------------------------------------------------------------------- what is read


@pytest.mark.parametrize("event", sorted("^".join(one) for one in EVENTS))
def test_every_event_that_is_taken(event: str) -> None:
    reception, noted = received()
    assert codes(reception.answer(adt(event))) == ("AA", "c1", "")
    assert noted == [(TENANT, EHR, "e1")]


def test_there_are_thirteen_of_them() -> None:
    assert len(EVENTS) == 13 and ("ADT", "A03") in EVENTS and ("MDM", "T11") in EVENTS and ("MDM", "T01") not in EVENTS


REFUSED = {
    "another event": (adt("ADT^A40"), ("AR", "c1", "201")),
    "another message": (adt("ORU^R01"), ("AR", "c1", "200")),
    "no visit": (adt(visit=""), ("AE", "c1", "101")),
    "a visit that is no id": (adt(visit="v 1/2"), ("AE", "c1", "102")),
    "no PV1": (b"MSH|^~\\&|EHR|CLINIC|||||ADT^A03|c1|P|2.5.1\r", ("AE", "c1", "101")),
    "no control id": (adt(control=""), ("AR", "", "101")),
    "no message": (b"hello", ("AR", "", "101")),
    "nothing": (b"", ("AR", "", "101")),
    "a torn header": (b"MSH|", ("AR", "", "101")),
}


@pytest.mark.parametrize(("message", "answer"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_taken(message: bytes, answer: tuple[str, str, str]) -> None:
    reception, noted = received()
    reply = reception.answer(message)
    assert codes(reply) == answer and noted == []
    assert MARKER.encode() not in reply


def test_what_cannot_be_kept_may_be_sent_again() -> None:
    reception, _ = received(fails=True)
    assert codes(reception.answer(adt())) == ("AR", "c1", "207")


def test_the_sender_says_whose_visit_it_is() -> None:
    reception, noted = received(desk(facility="CLINIC"), Desk("south", "other", Way(WayName.HL7, facility="HOSPITAL")))
    assert codes(reception.answer(adt(facility="HOSPITAL"))) == ("AA", "c1", "")
    assert codes(reception.answer(adt(facility="NOBODY"))) == ("AR", "c1", "103")
    assert noted == [("south", "other", "e1")]


def test_a_visit_number_that_is_an_identifier() -> None:
    reception, noted = received(desk(visit="identifier", system="urn:visits"))
    assert codes(reception.answer(adt(visit="V 17^^^HOSP")))[0] == "AA"
    assert [one for _, _, one in noted] == ["identifier:urn:visits|V 17"]
    assert codes(reception.answer(adt(visit="V\\F\\17"))) == ("AE", "c1", "102")  # a bar would name another system


def test_other_separators() -> None:
    assert read_event(adt("ADT$A03", "e1$$$HOSP", marks="!$~\\&")).authority == "HOSP"


SEPARATORS = {
    "another mark of escapes": (adt("ADT!A03", "V%T%17%X2E%%E%!!!HOSP", marks="#!@%+"), "V+17.%"),
    "of version 2.7": (adt(visit="e1^^^HOSP", marks="|^~\\&#"), "e1"),
    "the first two alone": (adt(visit="VERSE^^^HOSP", marks="|^~"), "VERSE"),
    "the first alone": (adt(visit="EHRFEH~E^^^HOSP", marks="|^"), "EHRFEH~E"),
}


@pytest.mark.parametrize(("message", "number"), SEPARATORS.values(), ids=SEPARATORS.keys())
def test_separators_are_those_that_the_message_names(message: bytes, number: str) -> None:
    visit = read_event(message)
    assert (visit.number, visit.authority, visit.sender.control) == (number, "HOSP", "c1")


ENDS_OF_LINES = {
    "as it should be": adt(),
    "windows": adt().replace(b"\r", b"\r\n"),
    "unix": adt().replace(b"\r", b"\n"),
    "none at the end": adt().rstrip(b"\r"),
    "blank lines": b"\r\n" + adt().replace(b"\r", b"\r\r\n"),
    "another set of letters": adt(facility="CLINIC").replace(MARKER.encode(), "Zwiebelk\xfcche".encode("cp1252")),
    "UTF-8": adt().replace(MARKER.encode(), "Zwiebelk\xfcche".encode()),
}


@pytest.mark.parametrize("message", ENDS_OF_LINES.values(), ids=ENDS_OF_LINES.keys())
def test_lines_and_letters_as_senders_write_them(message: bytes) -> None:
    reception, noted = received()
    assert codes(reception.answer(message)) == ("AA", "c1", "") and noted == [(TENANT, EHR, "e1")]


MODES = {
    "original": ("", ["AA", "AE", "AR"]),
    "accept always": ("|||AL|NE", ["CA", "CE", "CR"]),
    "accept always, and application": ("|||AL|AL", ["CA", "CE", "CR"]),
    "application alone": ("|||NE|AL", ["AA", "AE", "AR"]),
    "accept of errors": ("|||ER|NE", ["", "CE", "CR"]),
    "accept of errors, application of success": ("|||ER|SU", ["AA", "CE", "CR"]),
    "accept of success": ("|||SU|NE", ["CA", "", ""]),
    "application, the other left out": ("||||AL", ["AA", "AE", "AR"]),
    "never": ("|||NE|NE", ["", "", ""]),
    "words that are none": ("|||YES|NO", ["AA", "AE", "AR"]),
}


@pytest.mark.parametrize(("told", "answers"), MODES.values(), ids=MODES.keys())
def test_the_answer_is_by_the_mode_that_the_sender_asks_for(told: str, answers: list[str]) -> None:
    counted: list[str] = []
    reception = Reception([desk()], lambda *found: None, lambda: START, lambda answer, error: counted.append(answer))
    replies = [reception.answer(one.replace(b"|2.5.1", f"|2.5.1{told}".encode())) for one in (adt(), adt(visit=""), adt("ADT^A40"))]
    assert [codes(one)[0] if one else "" for one in replies] == answers
    assert counted == ["AA", "AE", "AR"]


@pytest.mark.parametrize("first", [adt(), adt().partition(b"PV1")[0]], ids=["whole", "without a visit of its own"])
def test_a_block_with_a_second_message_is_refused_as_a_whole(first: bytes) -> None:
    """Of two the second would be lost, and its visit be taken for that of the first, which may be of another EHR."""
    reception, noted = received()
    for end in (b"", b"\n"):
        assert codes(reception.answer(first + end + adt(visit="e2", control="c2"))) == ("AE", "c1", "100")
    assert noted == []


def test_the_answer_is_an_acknowledgement_that_our_own_sender_reads() -> None:
    reception, _ = received()
    taken = read_acknowledgement(reception.answer(adt()), "c1")
    refused = read_acknowledgement(reception.answer(adt("ADT^A40")), "c1")
    assert taken is not None and taken.fate is Fate.TAKEN
    assert refused is not None and (refused.fate, refused.detail) == (Fate.NOT_TAKEN, "201")


PRINTED = st.text(string.ascii_letters + string.digits + " -._/#", min_size=1, max_size=40).map(str.strip).filter(bool)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PRINTED, st.sampled_from(sorted(EVENTS)))
def test_fields_come_out_as_they_were_put_in(text: str, event: tuple[str, str]) -> None:
    visit = read_event(adt("^".join(event), f"{text}^^^{text}", text, text))
    assert (visit.number, visit.authority, visit.sender.facility, visit.sender.control) == (text, text, text, text)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(st.characters(codec="ascii", exclude_characters="\r\n\x00", min_codepoint=32), min_size=1, max_size=30)
    .map(str.strip)
    .filter(bool)
)
def test_what_is_escaped_comes_out_whole(text: str) -> None:
    assert read_event(adt(visit=escaped(text))).number == text


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300))
def test_whatever_comes_is_answered(content: bytes) -> None:
    reception, _ = received()
    for message in (content, b"MSH|^~\\&|" + content, adt()[:40] + content, adt().replace(b"e1", content)):
        assert codes(reception.answer(message))[0] in {"AA", "AE", "AR"}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=120))
def test_a_message_is_read_or_refused(content: bytes) -> None:
    try:
        read_event(b"MSH|^~\\&" + content)
    except Unaccepted as refused:
        assert refused.code in {"AE", "AR"}


# ------------------------------------------------------------------------------------------------------------- the receiver


@pytest.fixture
def listening() -> Iterator[Callable[..., Listener]]:
    made: list[Listener] = []

    def listen(answer: Callable[[bytes], bytes], context: ssl.SSLContext | None = None, **bounds: Any) -> Listener:
        made.append(Listener(("127.0.0.1", 0), answer, context, Bounds(**bounds)))
        made[-1].start()
        return made[-1]

    yield listen
    for one in made:
        one.stop()


def sender(listener: Listener, context: ssl.SSLContext | None = None) -> Mllp:
    def connect(timeout_s: float) -> socket.socket:
        plain = socket.create_connection(("127.0.0.1", listener.port), timeout_s)
        return context.wrap_socket(plain, server_hostname="localhost") if context else plain

    return Mllp(connect, 5.0)


def test_messages_over_mllp(listening: Callable[..., Listener]) -> None:
    reception, noted = received()
    listener = listening(reception.answer)
    assert sender(listener).deliver("c1", adt()).fate is Fate.TAKEN
    assert sender(listener).deliver("c2", adt(visit="", control="c2")).fate is Fate.REFUSED
    assert noted == [(TENANT, EHR, "e1")]


def test_several_messages_over_one_connection_in_any_pieces(listening: Callable[..., Listener]) -> None:
    reception, noted = received()
    listener = listening(reception.answer)
    stream = b"noise" + b"".join(b"\x0b" + adt(visit=f"e{number}") + b"\x1c\x0d" for number in range(3))
    with socket.create_connection(("127.0.0.1", listener.port), 5) as connection:
        for at in range(0, len(stream), 97):
            connection.sendall(stream[at : at + 97])
        replies = b""
        while replies.count(b"\x1c") < 3:
            replies += connection.recv(8192)
    assert [one for _, _, one in noted] == ["e0", "e1", "e2"]


def test_who_wants_no_answer_gets_none_and_goes_on(listening: Callable[..., Listener]) -> None:
    reception, noted = received()
    quiet = adt(visit="e2").replace(b"|2.5.1", b"|2.5.1|||NE|NE")
    with socket.create_connection(("127.0.0.1", listening(reception.answer).port), 5) as connection:
        connection.sendall(b"".join(b"\x0b" + one + b"\x1c\r" for one in (quiet, adt(control="c9"))))
        assert codes(connection.recv(8192)[1:-2])[:2] == ("AA", "c9")
    assert [one for _, _, one in noted] == ["e2", "e1"]


def closed_within(listener: Listener, seconds: float, *pieces: bytes) -> bool:
    """Whether a connection that sends these pieces is ended by the other side."""
    with socket.create_connection(("127.0.0.1", listener.port), seconds) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            return connection.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True


def test_a_message_without_end_is_cut(listening: Callable[..., Listener]) -> None:
    reception, noted = received()
    listener = listening(reception.answer, message_bytes=10_000)
    assert closed_within(listener, 10, b"\x0b", *[b"x" * 5000] * 4)
    assert closed_within(listener, 10, b"\x0b" + adt() + b"x" * 20_000 + b"\x1c\x0d")
    assert noted == []


def test_a_slow_sender_is_cut_and_an_idle_one_is_not(listening: Callable[..., Listener]) -> None:
    reception, _ = received()
    listener = listening(reception.answer, message_s=0.5)
    assert closed_within(listener, 10, b"\x0bMSH|")
    assert not closed_within(listener, 2.5)
    assert closed_within(listening(reception.answer, idle_s=0.5), 10)


def test_no_more_connections_than_are_allowed(listening: Callable[..., Listener]) -> None:
    reception, _ = received()
    listener = listening(reception.answer, connections=1)
    with socket.create_connection(("127.0.0.1", listener.port), 5) as first:
        first.sendall(b"\x0b")
        time.sleep(0.3)
        assert closed_within(listener, 10)
        first.sendall(adt() + b"\x1c\x0d")
        assert b"MSA|AA" in first.recv(8192)


def test_words_of_messages_reach_no_log(listening: Callable[..., Listener], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    reception, _ = received(fails=True)
    listener = listening(reception.answer, message_bytes=600)
    for message in (adt(), adt("ADT^A40"), adt(visit=MARKER), adt(visit=f"{MARKER} !"), adt() + MARKER.encode() * 100):
        sender(listener).deliver("c1", message)
    assert caplog.records and MARKER not in caplog.text


def test_over_tls_with_senders_that_prove_who_they_are(listening: Callable[..., Listener], tmp_path: Path) -> None:
    ours, theirs, others = (self_signed(tmp_path / f"{name}.pem", "localhost") for name in ("ours", "theirs", "others"))
    reception, noted = received()
    listener = listening(reception.answer, server_context(str(ours), "", str(theirs)))

    def of(certificate: Path | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(ours))
        if certificate:
            context.load_cert_chain(certificate)
        return context

    assert sender(listener, of(theirs)).deliver("c1", adt()).fate is Fate.TAKEN
    assert len(noted) == 1
    for certificate in (others, None):
        assert sender(listener, of(certificate)).deliver("c1", adt()).fate is not Fate.TAKEN
    assert sender(listener).deliver("c1", adt()).fate is not Fate.TAKEN
    assert len(noted) == 1


def test_it_ends_when_told_so(listening: Callable[..., Listener]) -> None:
    reception, _ = received()
    listener = Listener(("127.0.0.1", 0), reception.answer)
    listener.start()
    with socket.create_connection(("127.0.0.1", listener.port), 5):
        began = time.monotonic()
        listener.stop()
        assert time.monotonic() - began < 5
    assert not [one for one in threading.enumerate() if one.name == "mllp" and one.is_alive()]


# ------------------------------------------------------------------------------------------------------ from message to job


def test_a_message_leads_to_a_job_once_the_note_is_there(stage: Stage) -> None:
    stage.discovery = configured({"way": "hl7"})
    reception = Reception([desk()], stage.store.note, stage.clock)
    assert codes(reception.answer(adt("ADT^A04")))[0] == "AA"
    assert stage.round().taken == 0 and stage.standing() == {"unknown-at-ehr": 1}
    stage.visit()
    stage.write_note()
    stage.clock.pass_by(minutes=16)
    for _ in range(2):
        assert codes(reception.answer(adt("MDM^T02")))[0] == "AA"
    assert stage.round().taken == 1
    reception.answer(adt("ADT^A03"))
    assert stage.round().taken == 0
    stage.write_note(text="Assessment: cough.")
    stage.clock.pass_by(minutes=16)
    reception.answer(adt("MDM^T08"))
    stage.code_next()
    stage.clock.pass_by(minutes=6)
    stage.round()
    stage.write_note(text="Assessment: cough and fever.")
    stage.clock.pass_by(minutes=16)
    reception.answer(adt("MDM^T08"))
    assert stage.round().taken == 1


def test_an_identifier_is_looked_up_until_the_ehr_knows_it(stage: Stage) -> None:
    stage.discovery = configured({"way": "hl7", "visit": "identifier", "system": "urn:visits"})
    reception = Reception([desk(visit="identifier", system="urn:visits")], stage.store.note, stage.clock)
    assert codes(reception.answer(adt(visit="V17")))[0] == "AA"
    stage.round()
    assert stage.standing() == {"unknown-at-ehr": 1}
    stage.visit("e9", identifier=[{"system": "urn:visits", "value": "V17"}])
    stage.visit("e8", identifier=[{"system": "urn:other", "value": "V17"}])
    stage.write_note("d9", "e9")
    stage.clock.pass_by(minutes=16)
    assert stage.round().taken == 1
    assert [one.encounter for one in stage.open_jobs()] == ["Encounter/e9"]
    stage.code_next()
    stage.write_note("d9", "e9", "Assessment: more.")
    stage.clock.pass_by(minutes=16)
    reception.answer(adt("MDM^T08", visit="V17"))
    assert stage.round().taken == 1
    stage.visit("e7", identifier=[{"system": "urn:visits", "value": "V17"}])
    reception.answer(adt("MDM^T08", visit="V17"))
    stage.round()
    assert stage.standing()["ambiguous-identifier"] == 1
