"""From the outbox through a real socket: with receivers that fail in every way, each signed version arrives, once, or there is a mark that tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from fhir_coder.audit.entry import Agent, AgentKind, AuditEntry, Success
from fhir_coder.billing.delivery import Delivery
from fhir_coder.billing.destinations import open_destination
from fhir_coder.billing.dft import dft_message
from fhir_coder.billing.outgoing import State
from fhir_coder.billing.signed import SignedEncounter
from fhir_coder.billing_settings import BillingDestination, Kind, TlsFiles
from fhir_coder.errors import ConfigurationError, NotRecorded
from fhir_coder.outbound.connecting import Connector
from fhir_coder.outbound.rule import PUBLIC_ONLY, AddressRule
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.outbox import Outbox
from fhir_coder.store.upgrade import upgrade
from tests.billing.receivers import (
    Manner,
    Receiver,
    answers,
    closes_after_reading,
    control_of,
    cuts_in_the_middle,
    receiving,
    replies,
    stays_silent,
)
from tests.billing.signing import FAMILY, SIGNED, version
from tests.outbound.listening import self_signed
from tests.store.conftest import KEY
from tests.stores import store_in

AGENT = Agent(AgentKind.OPERATOR, "root")
MLLP = BillingDestination(Kind.DFT_MLLP, host="127.0.0.1", timeout_s=0.4)


class Place:
    """An outbox on SQLite, what the audit was told, and a clock that the test moves."""

    def __init__(self, folder: Path) -> None:
        self.engine = open_engine(store_in(folder))
        upgrade(self.engine)
        self.now, self.told, self.fails = 1_800_000_000, list[AuditEntry](), False
        self.box = Outbox(self.engine, Cipher(KEY), lambda: self.now)

    def record(self, entry: AuditEntry) -> None:
        if self.fails:
            raise NotRecorded("no")
        self.told.append(entry)

    def send(self, settings: BillingDestination, rule: AddressRule | None = None) -> list[str]:
        connector = Connector(AddressRule.of((), [settings.url]) if rule is None else rule)
        delivery = Delivery(self.box, [open_destination(settings, connector)], self.record, AGENT)
        return [one.state.value for one in delivery.deliver_due("north")]

    def hand_over(self, *signed: SignedEncounter) -> None:
        for one in signed:
            self.box.hand_over(one, "billing")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.engine.dispose()


@contextmanager
def at(settings: BillingDestination, *manners: Manner) -> Iterator[tuple[Receiver, BillingDestination]]:
    with receiving(*manners) as receiver:
        yield receiver, replace(settings, port=receiver.port)


FAULTS: dict[str, tuple[Sequence[Manner], list[str], int]] = {
    "takes it": ([answers("AA")], ["acknowledged"], 1),
    "refuses it": ([answers("AE")], ["rejected"], 1),
    "is not ready twice": ([answers("AR"), answers("AR"), answers("AA")], ["waiting", "waiting", "acknowledged"], 3),
    "says nothing": ([stays_silent], ["sent"], 1),
    "goes away": ([closes_after_reading], ["sent"], 1),
    "breaks off in its answer": ([cuts_in_the_middle], ["sent"], 1),
    "answers twice": ([replies("AA", "AA")], ["acknowledged"], 1),
}


@pytest.mark.parametrize(("manners", "states", "received"), FAULTS.values(), ids=FAULTS.keys())
def test_nothing_is_lost_and_nothing_arrives_twice(place: Place, manners: Sequence[Manner], states: list[str], received: int) -> None:
    """Looked at twelve times over, whatever the receiver does. It reads again only what it said itself that it did not take."""
    place.hand_over(SIGNED)
    seen = []
    with at(MLLP, *manners) as (receiver, settings):
        for _ in range(12):
            seen += place.send(settings)
            place.now += 3600
    assert seen == states
    assert len(receiver.taken) == received and {control_of(one) for one in receiver.taken} == {SIGNED.control_number}
    (entry,) = place.box.entries("north")
    assert entry.state is not State.WAITING and entry.attempts == received


def test_where_unanswered_is_sent_again_the_receiver_can_tell_by_the_control_id(place: Place) -> None:
    place.hand_over(SIGNED)
    with at(replace(MLLP, resend_unanswered=True), closes_after_reading, cuts_in_the_middle, answers("AA")) as (receiver, settings):
        seen = []
        for _ in range(5):
            seen += place.send(settings)
            place.now += 3600
    assert seen == ["waiting", "waiting", "acknowledged"]
    assert len(receiver.taken) == 3 and len(set(receiver.taken)) == 1
    assert [one.detail["again"] for one in place.told if one.event == "billing-send"] == ["no", "yes", "yes"]


def test_a_receiver_that_is_down_is_tried_until_it_is_given_up(place: Place) -> None:
    place.hand_over(SIGNED)
    with receiving(answers("AA")) as receiver:
        port = receiver.port
    seen = []
    for _ in range(6):
        seen += place.send(replace(MLLP, port=port, attempts=4))
        place.now += 3600
    assert seen == ["waiting", "waiting", "waiting", "failed"] and receiver.taken == []


def test_one_that_is_refused_does_not_stop_the_others(place: Place) -> None:
    place.hand_over(*(version(1, review=f"r{n}") for n in range(3)))
    with at(MLLP, answers("AA"), answers("AE"), answers("AA")) as (_, settings):
        assert place.send(settings) == ["acknowledged", "rejected", "acknowledged"]


def test_what_is_withheld_reaches_no_destination(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    place.hand_over(version(1, billing_withheld="Coverage/1 self-pay"))
    with at(MLLP, answers("AA")) as (receiver, settings):
        for one in (settings, *(BillingDestination(kind, folder=str(folder)) for kind in (Kind.CSV, Kind.DFT_FILE))):
            assert place.send(one) == []
    assert receiver.connections == 0 and list(folder.iterdir()) == [] and place.told == []


def test_what_cannot_be_written_down_does_not_leave(place: Place) -> None:
    place.hand_over(SIGNED)
    place.fails = True
    with at(MLLP, answers("AA")) as (receiver, settings):
        with pytest.raises(NotRecorded):
            place.send(settings)
        assert receiver.connections == 0
        place.fails, place.now = False, place.now + 60
        assert place.send(settings) == ["acknowledged"]


def test_the_audit_names_what_left_and_what_became_of_it(place: Place) -> None:
    place.hand_over(SIGNED)
    with at(MLLP, answers("AE")) as (_, settings):
        place.send(settings)
    assert [(one.event, one.success.name, one.patient, one.entities) for one in place.told] == [
        ("billing-send", "DONE", "Patient/p1", ("Encounter/e1",)),
        ("billing-outcome", "FAILED", "Patient/p1", ("Encounter/e1",)),
    ]
    assert place.told[1].detail["state"] == "rejected" and place.told[1].detail["answer"] == "AE"
    assert FAMILY not in repr(place.told) and "E11.22" not in repr(place.told)


@pytest.mark.parametrize(("kind", "suffix", "beginning"), [(Kind.CSV, ".csv", b"control_number,"), (Kind.DFT_FILE, ".hl7", b"MSH|")])
def test_files_stay_sent_until_somebody_acknowledges(place: Place, tmp_path: Path, kind: Kind, suffix: str, beginning: bytes) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    place.hand_over(SIGNED)
    assert place.send(BillingDestination(kind, folder=str(folder))) == ["sent"]
    assert place.send(BillingDestination(kind, folder=str(folder))) == []
    (made,) = folder.iterdir()
    assert made.name == SIGNED.control_number + suffix and made.read_bytes().startswith(beginning)


def test_a_receiver_at_an_address_that_may_not_be_called_is_not_called(place: Place) -> None:
    place.hand_over(SIGNED)
    with at(MLLP, answers("AA")) as (receiver, settings):
        assert place.send(settings, PUBLIC_ONLY) == ["waiting"]
    assert receiver.connections == 0


def test_a_receiver_without_tls_gets_nothing_where_tls_is_asked_for(place: Place) -> None:
    place.hand_over(SIGNED)
    with at(replace(MLLP, tls=TlsFiles()), answers("AA")) as (receiver, settings):
        assert place.send(settings) == ["waiting"]
    assert receiver.taken == []


@pytest.mark.parametrize(
    ("authority", "host", "state"),
    [("receiver", "localhost", "acknowledged"), ("other", "localhost", "waiting"), ("receiver", "127.0.0.1", "waiting")],
    ids=["its certificate", "another authority", "another name"],
)
def test_over_tls_only_the_receiver_itself_gets_anything(place: Place, tmp_path: Path, authority: str, host: str, state: str) -> None:
    files = {name: self_signed(tmp_path / f"{name}.pem", "localhost") for name in ("receiver", "other")}
    place.hand_over(SIGNED)
    with receiving(answers("AA"), certificate=files["receiver"]) as receiver:
        tls = TlsFiles(ca=str(files[authority]))
        assert place.send(replace(MLLP, host=host, port=receiver.port, tls=tls, timeout_s=5)) == [state]
    assert len(receiver.taken) == (state == "acknowledged")


@pytest.mark.parametrize(
    "settings",
    [BillingDestination(Kind.CSV, folder="/nowhere/at/all"), replace(MLLP, port=1, tls=TlsFiles(ca="/nowhere.pem"))],
    ids=["folder", "authority"],
)
def test_a_destination_that_cannot_be_used_is_told_before_anything_is_sent(settings: BillingDestination) -> None:
    with pytest.raises(ConfigurationError, match="billing"):
        open_destination(settings, Connector(PUBLIC_ONLY))


def test_what_cannot_be_made_is_told_and_the_rest_goes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(signed: SignedEncounter, *others: object) -> bytes:
        if signed.review == "broken":
            raise UnicodeError(FAMILY)
        return dft_message(signed, *others)  # type: ignore[arg-type]

    monkeypatch.setattr("fhir_coder.billing.destinations.dft_message", faulty)
    place.hand_over(version(1, review="broken"), version(1, review="whole"))
    with at(MLLP, answers("AA")) as (receiver, settings):
        assert place.send(settings) == ["failed", "acknowledged"]
    assert len(receiver.taken) == 1
    [told] = [one for one in place.told if one.event == "billing-outcome" and one.detail["state"] == "failed"]
    assert told.success is Success.FAILED and FAMILY not in str(told)
