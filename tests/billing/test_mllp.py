"""One message and its acknowledgement over MLLP, with receivers that do what real ones do wrong."""

from __future__ import annotations

import socket

import pytest

from fhir_coder.billing.answer import Answer, Fate, read_acknowledgement
from fhir_coder.billing.mllp import LONGEST_REPLY, Mllp
from fhir_coder.outbound.connecting import LeadsInside
from tests.billing.receivers import (
    Manner,
    acknowledgement,
    answers,
    closes_after_reading,
    cuts_in_the_middle,
    receiving,
    replies,
    stays_silent,
    waits_after,
)

CONTROL = "FC0123456789ABCDEF01"
MESSAGE = f"MSH|^~\\&|A||B||20260502090000||DFT^P03^DFT_P03|{CONTROL}|P|2.5.1\rPID|1||7\r".encode()
ANSWERS: dict[str, tuple[Manner, Answer]] = {
    "AA": (answers("AA"), Answer(Fate.TAKEN, "AA")),
    "CA": (answers("CA"), Answer(Fate.TAKEN, "CA")),
    "AE": (answers("AE"), Answer(Fate.REFUSED, "AE")),
    "AE with a code": (answers("AE", "204^Unknown key identifier^HL70357"), Answer(Fate.REFUSED, "AE", "204")),
    "AE with text for a code": (answers("AE", "no such patient: Zwiebelkuchen"), Answer(Fate.REFUSED, "AE")),
    "AR": (answers("AR"), Answer(Fate.NOT_TAKEN, "AR")),
    "closed": (closes_after_reading, Answer(Fate.UNANSWERED, detail="closed without an answer")),
    "silent": (stays_silent, Answer(Fate.UNANSWERED, detail="no answer in time")),
    "half an answer": (cuts_in_the_middle, Answer(Fate.UNANSWERED, detail="closed without an answer")),
    "answered twice": (replies("AA", "AA"), Answer(Fate.TAKEN, "AA")),
    "another's answer first": (replies(acknowledgement("AE", "OTHER"), "AA"), Answer(Fate.TAKEN, "AA")),
    "another's answer only": (replies(acknowledgement("AA", "OTHER")), Answer(Fate.UNANSWERED, detail="closed without an answer")),
    "no acknowledgement": (replies(b"\x0bHTTP/1.1 200 OK\r\n\x1c\r"), Answer(Fate.UNANSWERED, detail="closed without an answer")),
    "a word that is none": (answers("OK"), Answer(Fate.UNANSWERED, detail="closed without an answer")),
    "no carriage return at the end": (replies(acknowledgement("AA", CONTROL)[:-1]), Answer(Fate.TAKEN, "AA")),
    "no carriage return, and waits": (waits_after(acknowledgement("AA", CONTROL)[:-1]), Answer(Fate.TAKEN, "AA")),
    "in single bytes": (replies(*(bytes([one]) for one in acknowledgement("AE", CONTROL, "204"))), Answer(Fate.REFUSED, "AE", "204")),
    "padded with NUL": (replies(b"\0\0\0" + acknowledgement("AA", CONTROL)), Answer(Fate.TAKEN, "AA")),
    "NUL in the block": (replies(acknowledgement("AA", CONTROL).replace(b"\x0b", b"\x0b\0")), Answer(Fate.TAKEN, "AA")),
    "rubbish before the block": (replies(b"+OK ready\r\n" + acknowledgement("AR", CONTROL)), Answer(Fate.NOT_TAKEN, "AR")),
    "two in one read": (replies(acknowledgement("AE", "OTHER") + acknowledgement("AA", CONTROL)), Answer(Fate.TAKEN, "AA")),
    "two in one read, without carriage returns": (
        replies(acknowledgement("AE", "OTHER")[:-1] + acknowledgement("AA", CONTROL)[:-1]),
        Answer(Fate.TAKEN, "AA"),
    ),
    "without end": (replies(b"\x0b" + b"x" * (LONGEST_REPLY + 9000)), Answer(Fate.UNANSWERED, detail="an answer without end")),
}


@pytest.mark.parametrize(("manner", "answer"), ANSWERS.values(), ids=ANSWERS.keys())
def test_what_the_receiver_does_is_what_is_told(manner: Manner, answer: Answer) -> None:
    with receiving(manner) as receiver:
        assert Mllp(receiver.connect, 0.5).deliver(CONTROL, MESSAGE) == answer
    assert receiver.taken == [MESSAGE] and receiver.connections == 1


def refused(timeout_s: float) -> socket.socket:
    raise ConnectionRefusedError


def forbidden(timeout_s: float) -> socket.socket:
    raise LeadsInside


@pytest.mark.parametrize("connect", [refused, forbidden])
def test_without_a_connection_nothing_has_left(connect) -> None:
    assert Mllp(connect, 0.5).deliver(CONTROL, MESSAGE).fate is Fate.NOT_TAKEN


class Cut(socket.socket):
    """Sends a number of times, then breaks."""

    sends = 0

    def sendall(self, content, *flags) -> None:
        if not self.sends:
            raise BrokenPipeError
        type(self).sends -= 1


@pytest.mark.parametrize(("sends", "fate"), [(0, Fate.NOT_TAKEN), (1, Fate.UNANSWERED)])
def test_a_block_without_its_end_is_no_message(sends: int, fate: Fate) -> None:
    """Before the end of the block is sent, no receiver has a message; from then on it may."""
    cut = type("Cut", (Cut,), {"sends": sends})
    assert Mllp(lambda timeout_s: cut(), 0.5).deliver(CONTROL, MESSAGE).fate is fate


def test_an_acknowledgement_is_of_its_message_or_none() -> None:
    reply = acknowledgement("AA", CONTROL)[1:-2]
    assert read_acknowledgement(reply, CONTROL) == Answer(Fate.TAKEN, "AA")
    assert read_acknowledgement(reply, CONTROL[:-1]) is None
    for broken in (b"", b"MSA|AA", reply.split(b"MSA")[0], b"\xff\xfe", reply.replace(b"MSA|AA", b"MSA")):
        assert read_acknowledgement(broken, CONTROL) is None
