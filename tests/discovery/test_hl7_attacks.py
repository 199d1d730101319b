"""Attacks on the receiver of HL7 v2: connections that hold places, messages that name what they should not, and floods of them."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from ipaddress import ip_network
from typing import Any

import pytest

from fhir_coder.discovery.hl7_event import LONGEST_SEGMENT
from fhir_coder.discovery.listener import Bounds, Listener
from fhir_coder.discovery.reception import Reception
from fhir_coder.discovery.watched import Found
from tests.discovery.stage import EHR, TENANT, Stage, configured
from tests.discovery.test_hl7 import adt, codes, desk, received
from tests.simulated_ehr import Fault

Noted = list[tuple[str, str, str]]


class Receiver:
    """A listener; ``ends`` says how connections ended, ``noted`` what was watched."""

    def __init__(self, senders: tuple[str, ...] = (), **bounds: Any) -> None:
        self.ends: list[str] = []
        reception, self.noted = received()
        networks = [ip_network(one) for one in senders]
        self.listener = Listener(
            ("127.0.0.1", 0), reception.answer, bounds=Bounds(**bounds), senders=networks, count=lambda end: self.ends.append(str(end))
        )
        self.listener.start()

    def connected(self, source: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.listener.port), 10, (source, 0))

    def ended(self, count: int = 1) -> list[str]:
        """How they ended, once so many did."""
        deadline = time.monotonic() + 10
        while len(self.ends) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.ends


@pytest.fixture
def receiving() -> Iterator[Callable[..., Receiver]]:
    made: list[Receiver] = []

    def receive(*senders: str, **bounds: Any) -> Receiver:
        made.append(Receiver(senders, **bounds))
        return made[-1]

    yield receive
    for one in made:
        one.listener.stop()


CONNECTIONS: dict[str, tuple[dict[str, Any], list[bytes], str]] = {
    "a frame that never ends": ({"message_bytes": 10_000}, [b"\x0b", *[b"x" * 5000] * 3], "too-large"),
    "a frame larger than allowed": ({"message_bytes": 10_000}, [b"\x0b" + adt() + b"x" * 20_000 + b"\x1c\x0d"], "too-large"),
    "bytes without a frame": ({"message_bytes": 10_000}, [b"x" * 20_000], "too-large"),
    "a frame byte by byte (slowloris)": ({"message_s": 0.6}, [b"\x0b", *[b"M"] * 200], "too-slow"),
    "padding byte by byte, as if between two frames": ({"idle_s": 0.6}, [b"\r"] * 200, "idle"),
    "a connection that says nothing": ({"idle_s": 0.2}, [], "idle"),
    "a frame that is left before its end": ({}, [b"\x0b" + adt(), b""], "closed"),
}


@pytest.mark.parametrize(("bounds", "pieces", "end"), CONNECTIONS.values(), ids=CONNECTIONS.keys())
def test_a_connection_that_does_harm_is_ended(
    receiving: Callable[..., Receiver], bounds: dict[str, Any], pieces: list[bytes], end: str
) -> None:
    receiver = receiving(**bounds)
    with receiver.connected() as connection:
        for piece in pieces:
            if receiver.ends:
                break
            if not piece:
                connection.shutdown(socket.SHUT_WR)
                break
            try:
                connection.sendall(piece)
            except OSError:
                break
            time.sleep(0.05 if len(pieces) > 100 else 0)
        assert receiver.ended() == [end]
    assert receiver.noted == []


def test_one_address_does_not_take_every_place(receiving: Callable[..., Receiver]) -> None:
    receiver = receiving(connections=3, of_one=2)
    held = [receiver.connected() for _ in range(2)]
    for one in held:
        one.sendall(b"\x0b")
    with receiver.connected() as third:
        assert third.recv(1) == b"" and receiver.ended() == ["too-many"]
    assert receiver.noted == []
    with receiver.connected("127.0.0.2") as other:
        other.sendall(b"\x0b" + adt() + b"\x1c\x0d")
        assert b"MSA|AA" in other.recv(8192)
    for one in held:
        one.close()
    receiver.ended(4)
    with receiver.connected() as again:
        again.sendall(b"\x0b" + adt() + b"\x1c\x0d")
        assert b"MSA|AA" in again.recv(8192)


def test_a_sender_from_elsewhere_is_not_heard(receiving: Callable[..., Receiver]) -> None:
    receiver = receiving("127.0.0.2/31")
    with receiver.connected() as stranger:
        assert receiver.ended() == ["stranger"] and receiver.noted == []
        with suppress(ConnectionError):
            assert stranger.recv(1) == b""
    with receiver.connected("127.0.0.3") as sender:
        sender.sendall(b"\x0b" + adt() + b"\x1c\x0d")
        assert b"MSA|AA" in sender.recv(8192)


def test_the_receiver_outlives_a_system_without_threads(receiving: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = receiving()

    def fails(self: Any) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr("fhir_coder.discovery.listener.threading.Thread.start", fails)
        with receiver.connected() as refused:
            assert receiver.ended() == ["too-many"] and refused.recv(1) == b""
    with receiver.connected() as sender:
        sender.sendall(b"\x0b" + adt() + b"\x1c\x0d")
        assert b"MSA|AA" in sender.recv(8192)


HARMFUL: dict[str, tuple[bytes, tuple[str, str, str]]] = {
    "a visit number that is a path": (adt(visit="../../Patient/p1"), ("AE", "c1", "102")),
    "a visit number that is dots alone": (adt(visit=".."), ("AE", "c1", "102")),
    "a visit number that is a path by escapes": (adt(visit="\\X2E2E2F\\Patient"), ("AE", "c1", "102")),
    "a visit number with a query": (adt(visit="e1?_format=xml"), ("AE", "c1", "102")),
    "a visit number that is a URL of another host": (adt(visit="https://evil.example.org/Encounter/e1"), ("AE", "c1", "102")),
    "a visit number with a line of its own": (adt(visit="e1\\X0D0A\\Host: evil"), ("AE", "c1", "102")),
    "a visit number in another alphabet": (adt(visit="е1"), ("AE", "c1", "102")),
    "a visit number without end": (adt(visit="e" * 5000), ("AE", "c1", "102")),
    "a facility of another tenant": (adt(facility="HOSPITAL"), ("AR", "c1", "103")),
    "a facility that brings a segment into the answer": (adt(facility="CLINIC\\X0D\\MSA\\F\\AA\\F\\c9"), ("AR", "c1", "103")),
    "a control id that brings a segment into the answer": (adt(control="c1\\X0D\\MSA\\F\\AA"), ("AR", "", "101")),
    "PV1 of separators alone": (adt().replace(b"PV1", b"PV1" + b"|" * LONGEST_SEGMENT), ("AE", "c1", "102")),
    "MSH of separators alone": (adt().replace(b"|EHR|", b"|" * LONGEST_SEGMENT, 1), ("AR", "", "102")),
}


@pytest.mark.parametrize(("message", "answer"), HARMFUL.values(), ids=HARMFUL.keys())
def test_a_message_that_means_harm_is_answered_and_not_taken(message: bytes, answer: tuple[str, str, str]) -> None:
    reception, noted = received(desk(facility="CLINIC"))
    reply = reception.answer(message)
    assert codes(reply) == answer and noted == []
    assert reply.count(b"\r") == 3  # MSH, MSA and ERR, and nothing that the message brought


TOKENS = {
    "an identifier that names another system": "urn:other\\F\\17",
    "an identifier of two": "17,18",
    "an identifier with an escape of searches": "17$x",
    "an identifier with a control character": "17\\X07\\",
}


@pytest.mark.parametrize("visit", TOKENS.values(), ids=TOKENS.keys())
def test_an_identifier_that_would_search_for_more_is_not_taken(visit: str) -> None:
    reception, noted = received(desk(visit="identifier", system="urn:visits"))
    assert codes(reception.answer(adt(visit=visit))) == ("AE", "c1", "102") and noted == []


def test_lines_without_number_cost_no_more_than_their_bytes() -> None:
    """Millions of short segments are not made into a list: the answer comes at once."""
    reception, noted = received()
    began = time.process_time()
    assert codes(reception.answer(adt(visit="") + b"ab\r" * 4_000_000)) == ("AE", "c1", "101") and noted == []
    assert time.process_time() - began < 2


def test_a_message_that_is_sent_again_and_again_has_its_visit_coded_once(stage: Stage) -> None:
    stage.discovery = configured({"way": "hl7"})
    reception = Reception([desk()], stage.store.note, stage.clock)
    stage.visit()
    stage.write_note()
    stage.clock.pass_by(minutes=16)
    for _ in range(3):
        answers = [codes(reception.answer(adt(control="c1"))) for _ in range(20)]
        assert answers == [("AA", "c1", "")] * 20
        stage.round()
    assert len(stage.open_jobs()) == 1 and stage.ehr.calls.count("GET Encounter/e1") == 1


def test_ids_of_nothing_are_asked_for_more_and_more_rarely(stage: Stage) -> None:
    stage.discovery = configured({"way": "hl7"})
    reception = Reception([desk()], stage.store.note, stage.clock)
    assert codes(reception.answer(adt(visit="nothing")))[0] == "AA"
    for _ in range(48):
        stage.round()
        stage.clock.pass_by(minutes=5)
    assert stage.open_jobs() == [] and stage.ehr.calls.count("GET Encounter/nothing") < 10


def test_a_flood_of_ids_of_nothing_is_refused_before_it_fills_the_store(stage: Stage) -> None:
    stage.discovery = configured({"way": "hl7"}, wait_days=1)
    counted: list[tuple[str, str]] = []
    reception = Reception([desk()], partial(stage.store.note, room=5), stage.clock, lambda answer, error: counted.append((answer, error)))
    for number in range(3):
        stage.visit(f"e{number}")
        assert codes(reception.answer(adt(visit=f"e{number}")))[0] == "AA"
    stage.round()  # the EHR knows these, so that they take no room
    answers = [codes(reception.answer(adt(visit=f"nothing{number}"))) for number in range(9)]
    assert answers == [("AA", "c1", "")] * 5 + [("AR", "c1", "207")] * 4
    assert counted[-1] == ("AR", "full") and sum(stage.standing().values()) == 8
    stage.round()
    assert codes(reception.answer(adt(visit="nothing8"))) == ("AR", "c1", "207")
    assert codes(reception.answer(adt(visit="e1")))[0] == codes(reception.answer(adt(visit="nothing1")))[0] == "AA"  # watched already
    stage.store.note(TENANT, EHR, [Found(f"s{number}", "seen") for number in range(9)])  # a search is not kept from finding
    stage.clock.pass_by(days=1, hours=2)
    stage.round()
    assert codes(reception.answer(adt(visit="nothing8"))) == ("AA", "c1", "")


def test_ids_that_the_ehr_refuses_do_not_keep_others_waiting(stage: Stage) -> None:
    stage.discovery = configured({"way": "hl7"})
    reception = Reception([desk()], stage.store.note, stage.clock)
    for number in range(10):
        reception.answer(adt(visit=f"wrong{number}"))
    stage.ehr.faults = [Fault("GET Encounter/wrong", 400, times=-1)]
    stage.visit()
    stage.write_note()
    stage.clock.pass_by(minutes=16)
    reception.answer(adt())
    report = stage.round()
    assert (report.taken, report.held_s) == (1, 0) and len(stage.open_jobs()) == 1
