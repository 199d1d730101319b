r"""What discovery reads of a message of HL7 v2: that a visit was registered, changed or ended (ADT), or a document of it written (MDM), and which visit.

Sources: HL7 v2.5.1 sections 2.9.2 and 2.9.3 (acknowledgement), 2.15.9 (MSH), 3.3.3, 3.3.4 and 3.3.8 (A03, A04, A08), 3.4.3.19 (PV1-19 Visit Number), 9.6.2 to 9.6.11 (T02
to T11), 2.7 (escapes), table 0357 (error codes). Only MSH and PV1 are parsed: the other segments, documents among them, are not looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import hl7

EVENTS = frozenset({("ADT", f"A{number:02}") for number in (3, 4, 8)} | {("MDM", f"T{number:02}") for number in range(2, 12)})
_CONTROL = re.compile(r"[!-~][ -~]{0,198}", re.ASCII)
LONGEST_VALUE = 200
LONGEST_SEGMENT = 16 * 1024
"""Bytes of a segment that is read: every separator in it costs the parser far more than a byte."""

APPLICATION_ACCEPT, APPLICATION_ERROR, APPLICATION_REJECT = "AA", "AE", "AR"
SEQUENCE, MISSING_FIELD, WRONG_VALUE, UNKNOWN_VALUE, MESSAGE_TYPE, EVENT_CODE, INTERNAL = "100", "101", "102", "103", "200", "201", "207"
"""Of table 0357."""
CONDITIONS = frozenset({"AL", "NE", "ER", "SU"})
"""Of table 0155: always, never, of what is not taken, of what is."""
_NO_MARK = "\0"
"""Stands for a separator that MSH-2 does not name: nothing is split by it."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What an answer needs of MSH, empty where it could not be read: who sent it, its control id, the event, the processing id and the version; of the enhanced
    mode, when an accept and when an application acknowledgement is wanted (MSH-15, MSH-16)."""

    application: str = ""
    facility: str = ""
    control: str = ""
    event: str = ""
    processing: str = ""
    version: str = ""
    accept: str = ""
    application_level: str = ""


class Unaccepted(Exception):
    """A message that is not taken: the acknowledgement code, the error code, and our words, which repeat nothing of it."""

    def __init__(self, code: str, error: str, words: str, sender: Sender = Sender()) -> None:
        super().__init__(words)
        self.code, self.error, self.words, self.sender = code, error, words, sender


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit that something happened to. ``number`` is PV1-19.1, ``authority`` PV1-19.4.1."""

    sender: Sender
    number: str
    authority: str = ""


def read_event(message: bytes) -> Visit:
    """Raises Unaccepted."""
    begins = message.lstrip(b"\r\n")
    first, visit = _segment(begins, b"MSH"), _segment(begins, b"PV1")
    if not begins.startswith(b"MSH") or len(first) < 8:
        raise Unaccepted(APPLICATION_REJECT, MISSING_FIELD, "no message that begins with MSH")
    if len(first) > LONGEST_SEGMENT:
        raise Unaccepted(APPLICATION_REJECT, WRONG_VALUE, f"MSH is longer than {LONGEST_SEGMENT} bytes")
    is_long = len(visit) > LONGEST_SEGMENT
    header = _text(first)
    try:
        parsed = hl7.parse("\r".join([header, *([_text(visit)] if visit and not is_long else [])]))
    except Exception:  # the library raises what its containers raise
        raise Unaccepted(APPLICATION_REJECT, WRONG_VALUE, "the message cannot be parsed") from None
    marks = (header[3] + header[4:].partition(header[3])[0][:4]).ljust(5, _NO_MARK)
    kind, event = _value(parsed, marks, "MSH", 9, 1), _value(parsed, marks, "MSH", 9, 2)
    sender = Sender(
        _value(parsed, marks, "MSH", 3, 1),
        _value(parsed, marks, "MSH", 4, 1),
        _value(parsed, marks, "MSH", 10, 1),
        event,
        _value(parsed, marks, "MSH", 11, 1),
        _value(parsed, marks, "MSH", 12, 1),
        *(one if one in CONDITIONS else "" for one in (_value(parsed, marks, "MSH", field, 1) for field in (15, 16))),
    )
    if not _CONTROL.fullmatch(sender.control):
        raise Unaccepted(APPLICATION_REJECT, MISSING_FIELD, "MSH-10 is no control id", Sender())
    if _has_another(begins):
        raise Unaccepted(APPLICATION_ERROR, SEQUENCE, "a block holds one message, and this one more", sender)
    if (kind, event) not in EVENTS:
        is_kind = kind in {one for one, _ in EVENTS}
        words = "the event is none that is taken here" if is_kind else "the message type is none that is taken here"
        raise Unaccepted(APPLICATION_REJECT, EVENT_CODE if is_kind else MESSAGE_TYPE, words, sender)
    if is_long:
        raise Unaccepted(APPLICATION_ERROR, WRONG_VALUE, f"PV1 is longer than {LONGEST_SEGMENT} bytes", sender)
    number = _value(parsed, marks, "PV1", 19, 1)
    if not number:
        raise Unaccepted(APPLICATION_ERROR, MISSING_FIELD, "PV1-19 has no visit number", sender)
    return Visit(sender, number, _value(parsed, marks, "PV1", 19, 4).split(marks[4])[0])


def _segment(message: bytes, name: bytes) -> bytes:
    """The first segment of that name, a byte more than may be at most; empty where there is none. It is cut out before anything is decoded or split: the
    rest of a message may be large."""
    bar = message[3:4]
    follows = rb"%b[^\r\n]*" % re.escape(bar) if bar not in {b"", b"\r", b"\n"} else rb"(?!)"
    for found in re.finditer(rb"%b(?:%b|(?=[\r\n]|\Z))" % (name, follows), message):
        if message[max(0, found.start() - 1) : found.start()] in {b"", b"\r", b"\n"}:
            return found[0][: LONGEST_SEGMENT + 1]
    return b""


def _has_another(message: bytes) -> bool:
    """Whether a second message follows in the same block: its PV1 is not this one's, and it would be answered by nobody."""
    return re.search(rb"[\r\n]MSH" + re.escape(message[3:4]), message) is not None


def _text(segment: bytes) -> str:
    """UTF-8 where it is that, else a set of single bytes: what is read is ASCII in either."""
    try:
        return segment.decode("utf-8")
    except UnicodeDecodeError:
        return segment.decode("latin-1")


def _value(parsed: hl7.Message, marks: str, name: str, field: int, component: int) -> str:
    """A component of the first repetition of a field, its escapes undone; empty where there is none."""
    try:
        text = str(parsed.segment(name)[field])
    except (KeyError, IndexError):
        return ""
    parts = text.split(marks[2])[0].split(marks[1])
    return _unescaped(parts[component - 1], marks).strip()[: LONGEST_VALUE + 1] if len(parts) >= component else ""


def _unescaped(text: str, marks: str) -> str:
    """Section 2.7.4; ``marks`` are MSH-1 and MSH-2: field, component, repetition, escape and subcomponent."""
    known = {"F": marks[0], "S": marks[1], "T": marks[4], "R": marks[2], "E": marks[3]}
    escape = re.escape(marks[3])
    escaped = re.compile(rf"{escape}([FSTRE]|X(?:[0-9A-Fa-f]{{2}})+){escape}", re.ASCII)
    return escaped.sub(lambda found: known.get(found[1]) or bytes.fromhex(found[1][1:]).decode("latin-1"), text)
