"""The outbox on both databases: each version once, nothing lost, nothing twice without a mark, nothing of whom billing may know nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import event

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.audit.fhir_event import Observer
from fhir_coder.billing.answer import Answer, Fate
from fhir_coder.billing.csv_file import csv_file
from fhir_coder.billing.outgoing import Claimed, Outgoing, Persistence, State
from fhir_coder.billing.signed import Correction, SignedEncounter
from fhir_coder.errors import ConfigurationError, Conflict, InvalidContent, RequiredMissing, ResourceUnknown
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.outbox import ABANDONED_S, Outbox
from fhir_coder.store.outbox_actions import OutboxActions
from fhir_coder.store.upgrade import upgrade
from tests.billing.signing import FAMILY, SIGNED, version
from tests.store.conftest import KEY
from tests.stores import store_in

AGENT = Agent(AgentKind.OPERATOR, "root")
THREE = Persistence(3)
TAKEN, REFUSED = Answer(Fate.TAKEN, "AA"), Answer(Fate.REFUSED, "AE")
NOT_TAKEN, UNANSWERED, WRITTEN = Answer(Fate.NOT_TAKEN), Answer(Fate.UNANSWERED, detail="no answer in time"), Answer(Fate.WRITTEN)


class Place:
    """An outbox whose clock the test moves."""

    def __init__(self, database_url: str) -> None:
        self.engine = open_engine(database_url)
        upgrade(self.engine)
        self.now = 1_800_000_000
        self.audit = AuditLog(self.engine, Observer("https://coder.example"))
        self.box = Outbox(self.engine, Cipher(KEY), lambda: self.now)
        self.actions = OutboxActions(self.engine, self.audit, lambda: self.now)

    def add(self, *signed: SignedEncounter) -> None:
        for one in signed:
            self.box.hand_over(one, "billing")

    def claim(self) -> Claimed:
        found = self.box.claim("north", "billing", csv_file)
        assert found is not None
        return found

    def nothing_due(self) -> bool:
        return self.box.claim("north", "billing", csv_file) is None

    def deliver(self, answer: Answer, persistence: Persistence = THREE) -> Outgoing:
        return self.box.settle(self.claim(), answer, persistence)

    def resend(self, signed: SignedEncounter = SIGNED) -> None:
        self.actions.resend("north", signed.control_number, "", "asked for", AGENT)

    def states(self) -> list[str]:
        return [one.state.value for one in self.box.entries("north")]

    def events(self) -> list[str]:
        last = self.audit.head("north").sequence
        return [one.content.split('"code":"billing-')[1].split('"')[0] for one in self.audit.lines("north", 0, last)]


@pytest.fixture
def place(database_url: str) -> Iterator[Place]:
    made = Place(database_url)
    yield made
    made.engine.dispose()


# -------------------------------------------------------------------------------------------------------------- once


def test_the_same_version_stands_there_once(place: Place) -> None:
    first = place.box.hand_over(SIGNED, "billing")
    assert place.box.hand_over(SIGNED, "billing") == first
    place.deliver(TAKEN)
    assert place.box.hand_over(SIGNED, "billing").state is State.ACKNOWLEDGED
    assert place.nothing_due() and place.states() == ["acknowledged"]


@pytest.mark.parametrize("signed", [version(2, lines=()), SIGNED], ids=["another content", "an older version"])
def test_a_version_is_never_another(place: Place, signed: SignedEncounter) -> None:
    place.add(SIGNED, version(2))
    if signed is SIGNED:
        signed = version(1, lines=())
    with pytest.raises(Conflict):
        place.add(signed)
    assert len(place.states()) == 2


def test_two_destinations_are_two_deliveries(place: Place) -> None:
    for name in ("billing", "warehouse"):
        place.box.hand_over(SIGNED, name)
    place.deliver(TAKEN)
    assert place.nothing_due()
    assert place.box.claim("north", "warehouse", csv_file) is not None


def test_of_many_who_send_at_once_one_has_it(place: Place) -> None:
    place.add(*(version(1, review=f"r{n}") for n in range(4)))
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: place.box.claim("north", "billing", csv_file), range(8)))
    claimed = [one.outgoing.review for one in found if one]
    assert sorted(claimed) == ["r0", "r1", "r2", "r3"]


def test_of_many_who_sign_at_once_one_row_comes(place: Place) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: place.box.hand_over(SIGNED, "billing").key, range(8)))
    assert len(set(found)) == 1 and place.states() == ["waiting"]


# ----------------------------------------------------------------------------------------------------- by the answer

ENDS = {
    "taken": (TAKEN, THREE, "acknowledged"),
    "written": (WRITTEN, THREE, "sent"),
    "refused": (REFUSED, THREE, "rejected"),
    "not taken": (NOT_TAKEN, THREE, "waiting"),
    "not taken, for the last time": (NOT_TAKEN, Persistence(1), "failed"),
    "unanswered": (UNANSWERED, THREE, "sent"),
    "unanswered where that is sent again": (UNANSWERED, Persistence(3, True), "waiting"),
    "unanswered for the last time": (UNANSWERED, Persistence(1, True), "sent"),
}


@pytest.mark.parametrize(("answer", "persistence", "state"), ENDS.values(), ids=ENDS.keys())
def test_the_state_follows_the_answer(place: Place, answer: Answer, persistence: Persistence, state: str) -> None:
    place.add(SIGNED)
    found = place.deliver(answer, persistence)
    assert (found.state.value, found.attempts, found.acknowledgement) == (state, 1, answer.code)
    assert place.nothing_due()


def test_what_did_not_arrive_is_tried_again_after_longer_pauses(place: Place) -> None:
    place.add(SIGNED)
    for pause in (30, 60, 120):
        assert place.deliver(NOT_TAKEN, Persistence(9)).next_attempt_s == place.now + pause
        place.now += pause - 1
        assert place.nothing_due()
        place.now += 1
    assert place.deliver(TAKEN).attempts == 4


def test_what_was_not_answered_leaves_again_as_the_same_bytes_only(place: Place) -> None:
    place.add(SIGNED)
    first = place.claim()
    place.box.settle(first, UNANSWERED, Persistence(3, True))
    place.now += 3600
    second = place.box.claim("north", "billing", lambda signed, correction: b"another")
    assert second is not None and second.message == first.message
    assert (first.is_again, second.is_again) == (False, True)
    assert second.outgoing.control_id == first.outgoing.control_id == SIGNED.control_number


def test_a_process_that_dies_while_sending_leaves_a_mark_and_no_second_message(place: Place) -> None:
    place.add(SIGNED)
    lost = place.claim()
    place.now += ABANDONED_S
    assert place.nothing_due() and place.states() == ["sending"]
    place.now += 1
    assert place.nothing_due()
    (found,) = place.box.entries("north")
    assert (found.state, found.detail) == (State.SENT, "interrupted while sending")
    with pytest.raises(Conflict):
        place.box.settle(lost, TAKEN, THREE)


# --------------------------------------------------------------------------------------------------------- versions


def correction_of(place: Place) -> tuple[str, str]:
    found = place.claim().outgoing
    return found.frequency, found.replaces


@pytest.mark.parametrize(
    ("answer", "expected", "first"),
    [
        (TAKEN, ("7", SIGNED.control_number), "acknowledged"),
        (WRITTEN, ("7", SIGNED.control_number), "sent"),
        (UNANSWERED, ("7", SIGNED.control_number), "sent"),
        (REFUSED, ("1", ""), "rejected"),
        (NOT_TAKEN, ("1", ""), "void"),
        (None, ("1", ""), "void"),
    ],
    ids=["taken", "written", "unanswered", "refused", "not taken", "not sent yet"],
)
def test_a_version_replaces_what_billing_has_and_nothing_else(
    place: Place, answer: Answer | None, expected: tuple[str, str], first: str
) -> None:
    place.add(SIGNED)
    if answer:
        place.deliver(answer)
    place.add(version(2))
    assert correction_of(place) == expected
    assert place.states() == [first, "sending"]


def test_a_version_replaces_the_newest_that_left(place: Place) -> None:
    place.add(SIGNED)
    place.deliver(TAKEN)
    place.add(version(2))
    place.add(version(3))
    assert place.states() == ["acknowledged", "void", "waiting"]
    assert correction_of(place) == ("7", SIGNED.control_number)


def test_a_version_waits_until_the_one_before_it_has_come_to_something(place: Place) -> None:
    place.add(SIGNED)
    moving = place.claim()
    place.add(version(2))
    assert place.nothing_due() and place.states() == ["sending", "waiting"]
    assert place.box.settle(moving, NOT_TAKEN, THREE).state is State.VOID
    assert correction_of(place) == ("1", "")


def test_a_void_takes_back_what_billing_has(place: Place) -> None:
    place.add(SIGNED)
    place.deliver(TAKEN)
    place.add(version(2, is_void=True))
    seen: list[Correction | None] = []
    place.box.claim("north", "billing", lambda signed, correction: seen.append(correction) or b"x")
    assert seen[0] and (seen[0].frequency.value, seen[0].lines) == ("8", SIGNED.lines)


def test_a_void_of_what_never_left_never_leaves(place: Place) -> None:
    place.add(SIGNED, version(2, is_void=True))
    assert place.nothing_due() and place.states() == ["void", "void"]


def test_after_a_void_a_version_is_an_original(place: Place) -> None:
    place.add(SIGNED)
    place.deliver(TAKEN)
    place.add(version(2, is_void=True))
    place.deliver(TAKEN)
    place.add(version(3))
    assert correction_of(place) == ("1", "")


# --------------------------------------------------------------------------------------------------------- withheld


def test_what_is_withheld_never_leaves_and_is_not_kept(place: Place) -> None:
    place.add(version(1, billing_withheld="Coverage/1 self-pay"))
    assert place.nothing_due() and place.states() == ["held"]
    place.now += 10**6
    assert place.nothing_due()
    with pytest.raises(Conflict):
        place.resend()
    with place.engine.connect() as connection:
        assert list(connection.exec_driver_sql("SELECT signed, message FROM billing_outbox")) == [(None, None)]


def test_what_comes_to_be_withheld_stops_what_waits(place: Place) -> None:
    place.add(SIGNED, version(2, billing_withheld="Coverage/1 self-pay"))
    assert place.states() == ["void", "held"] and place.nothing_due()
    with pytest.raises(Conflict):
        place.resend()


def test_without_a_key_nothing_is_taken_over(place: Place) -> None:
    with pytest.raises(ConfigurationError, match="FHIR_CODER_KEY"):
        Outbox(place.engine, Cipher("")).hand_over(SIGNED, "billing")
    assert place.states() == []


def test_what_is_about_the_patient_is_sealed(tmp_path: Path) -> None:
    made = Place(store_in(tmp_path))
    made.add(SIGNED)
    assert FAMILY.encode() in made.claim().message
    made.engine.dispose()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert SIGNED.control_number.encode() in content
    for word in (FAMILY, "MRN-77", "E11.22", "1980-06-02"):
        assert word.encode() not in content


# ---------------------------------------------------------------------------------------------------------- by hand


@pytest.mark.parametrize(
    ("answer", "is_same"),
    [(TAKEN, True), (WRITTEN, True), (UNANSWERED, True), (REFUSED, False)],
    ids=["taken", "written", "unanswered", "refused"],
)
def test_a_person_sends_again(place: Place, answer: Answer, is_same: bool) -> None:
    place.add(SIGNED)
    place.deliver(answer)
    place.resend()
    again = place.claim()
    assert again.is_again == is_same
    assert place.events() == ["resend"]


def test_a_resend_that_is_refused_stays_with_its_mark(place: Place) -> None:
    """A receiver that knows the control id may refuse it as a duplicate: then billing has it."""
    place.add(SIGNED)
    place.deliver(UNANSWERED)
    place.resend()
    found = place.deliver(REFUSED)
    assert (found.state, found.acknowledgement) == (State.SENT, "AE")


def test_a_resend_that_a_later_version_overtakes_does_not_leave(place: Place) -> None:
    place.add(SIGNED)
    place.deliver(TAKEN)
    place.resend()
    place.add(version(2))
    assert place.states() == ["sent", "waiting"]
    assert correction_of(place) == ("7", SIGNED.control_number)
    with pytest.raises(Conflict):
        place.resend()


@pytest.mark.parametrize(("is_taken", "state", "code"), [(True, "acknowledged", "AA"), (False, "rejected", "AE")])
def test_a_person_acknowledges(place: Place, is_taken: bool, state: str, code: str) -> None:
    place.add(SIGNED)
    place.deliver(WRITTEN)
    place.actions.acknowledge("north", SIGNED.control_number, "billing", is_taken, "seen", AGENT)
    (found,) = place.box.entries("north")
    assert (found.state.value, found.acknowledgement, found.acknowledged_s) == (state, code, place.now)
    assert place.events() == ["acknowledge"]
    with pytest.raises(Conflict):
        place.actions.acknowledge("north", SIGNED.control_number, "billing", True, "again", AGENT)


def test_what_is_not_named_well_is_not_touched(place: Place) -> None:
    for name in ("billing", "warehouse"):
        place.box.hand_over(SIGNED, name)
    with pytest.raises(RequiredMissing):
        place.resend()
    for tenant, control in (("south", SIGNED.control_number), ("north", "FC0")):
        with pytest.raises(ResourceUnknown):
            place.actions.resend(tenant, control, "", "x", AGENT)
    assert place.box.entries("south") == () and place.events() == []


USES: dict[str, Callable[[Place], Any]] = {
    "hand over": lambda place: place.add(version(2)),
    "claim": lambda place: place.claim(),
    "settle": lambda place: place.deliver(TAKEN),
    "entries": lambda place: place.box.entries("north", (State.WAITING,), "r1"),
    "resend": lambda place: place.resend(),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_what_reaches_the_database_names_the_tenant(place: Place, use: Callable[[Place], Any]) -> None:
    place.add(SIGNED)
    seen: list[tuple[str, str]] = []
    event.listen(place.engine, "before_cursor_execute", lambda c, cursor, sql, values, *_: seen.append((sql, repr(values))))
    use(place)
    asked = [(sql, values) for sql, values in seen if "billing_outbox" in sql and "WHERE" in sql]
    assert asked
    for sql, values in asked:
        assert "billing_outbox.tenant = " in sql.split("WHERE", 1)[1] and "'north'" in values


# ------------------------------------------------------------------------------------------------- what cannot be made


def refuses_the_first(signed: SignedEncounter, correction: Correction | None) -> bytes:
    if signed.review == "r0":
        raise InvalidContent("a claim holds no such thing")
    if signed.review == "r1":
        raise ValueError(FAMILY)
    return csv_file(signed, correction)


def test_what_cannot_be_made_fails_alone_with_its_reason(place: Place) -> None:
    place.add(*(version(1, review=f"r{n}") for n in range(3)))
    unmade = [place.box.claim("north", "billing", refuses_the_first) for _ in range(2)]
    third = place.box.claim("north", "billing", refuses_the_first)
    assert isinstance(third, Claimed) and third.outgoing.review == "r2"
    assert place.box.claim("north", "billing", refuses_the_first) is None
    first, second = place.box.entries("north", (State.FAILED,))
    assert unmade == [first, second] and [one.attempts for one in (first, second)] == [1, 1]
    assert first.detail == "it cannot be made for billing: a claim holds no such thing"
    assert second.detail == "it cannot be made for billing: ValueError"  # its words may be of the patient


def test_what_could_not_be_made_is_sent_again_when_it_can(place: Place) -> None:
    one = version(1, review="r0")
    place.add(one)
    place.box.claim("north", "billing", refuses_the_first)
    assert place.nothing_due()
    place.resend(one)
    assert place.deliver(TAKEN).state is State.ACKNOWLEDGED


def test_a_later_version_of_what_could_not_be_made_is_an_original(place: Place) -> None:
    place.add(version(1, review="r0"))
    place.box.claim("north", "billing", refuses_the_first)
    place.add(version(2, review="r0"))
    claimed = place.claim()
    assert claimed.outgoing.version == 2 and claimed.outgoing.frequency == "1"


def test_a_key_that_is_missing_is_no_fault_of_one_message(place: Place) -> None:
    place.add(SIGNED)
    place.box = Outbox(place.engine, Cipher(Fernet.generate_key().decode()), lambda: place.now)
    with pytest.raises(ConfigurationError):
        place.claim()
    assert place.states() == ["waiting"]
