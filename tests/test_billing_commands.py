"""``fhir-coder billing`` as an operator uses it, from what is signed to a file, with every step in the audit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.cli import main
from fhir_coder.store.start import Stores, open_stores
from tests.billing.receivers import answers, receiving
from tests.billing.signing import FAMILY, SIGNED, version
from tests.store.conftest import KEY, coding_result
from tests.stores import store_in


class Desk:
    """A store of its own, a folder for billing, and the command line on both."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._environment, self._capsys = folder / "drop", monkeypatch, capsys
        self.folder.mkdir()
        self.url = store_in(folder)
        monkeypatch.setenv("FHIR_CODER_DATABASE_URL", self.url)
        monkeypatch.setenv("FHIR_CODER_KEY", KEY)
        self.configure({"kind": "dft-file", "folder": str(self.folder)})

    def configure(self, billing: dict[str, Any]) -> None:
        self._environment.setenv("FHIR_CODER_TENANTS", json.dumps([{"id": "north", "billing": billing}, {"id": "south"}]))

    def open(self) -> Stores:
        return open_stores(self.url, KEY)

    def sign(self, *signed: Any) -> None:
        stores = self.open()
        for one in signed:
            stores.outbox.hand_over(one, "billing")
        stores.close()

    def run(self, *arguments: str, tenant: str = "north") -> tuple[int, str, str]:
        status = main(["billing", *arguments, "--tenant", tenant])
        told = self._capsys.readouterr()
        return status, told.out, told.err

    def events(self) -> list[str]:
        stores = self.open()
        lines = [json.loads(one.content) for one in stores.audit.lines("north", 0, stores.audit.head("north").sequence)]
        stores.close()
        return [one["subtype"][-1]["code"] for one in lines]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


def test_from_signature_to_acknowledgement(desk: Desk) -> None:
    desk.sign(SIGNED, version(1, review="r2", billing_withheld="Coverage/1 self-pay"))
    status, told, _ = desk.run("send")
    assert status == 0 and told.startswith(f"{SIGNED.control_number}  sent") and told.count("\n") == 1
    assert [one.name for one in desk.folder.iterdir()] == [f"{SIGNED.control_number}.hl7"]
    assert desk.run("send")[:2] == (0, "")
    assert desk.run("acknowledge", SIGNED.control_number, "--reason", "in the clearing report")[0] == 0
    listed = [json.loads(line) for line in desk.run("list", "--json")[1].splitlines()]
    assert [(one["state"], one["acknowledgement"]) for one in listed] == [("acknowledged", "AA"), ("held", "")]
    assert FAMILY not in json.dumps(listed)
    assert len(desk.run("list", "--state", "held")[1].splitlines()) == 1
    assert desk.events() == ["billing-send", "billing-outcome", "billing-acknowledge", "billing-list", "billing-list"]


def test_what_was_refused_is_told_and_sent_again(desk: Desk) -> None:
    desk.sign(SIGNED)
    with receiving(answers("AE"), answers("AA")) as receiver:
        desk.configure({"kind": "dft-mllp", "host": "127.0.0.1", "port": receiver.port, "tls": False, "timeout_s": 2})
        status, told, _ = desk.run("send")
        assert status == 1 and "rejected" in told and "AE" in told
        assert desk.run("resend", SIGNED.control_number, "--reason", "their dictionary was corrected")[0] == 0
        status, told, _ = desk.run("send")
    assert status == 0 and "acknowledged" in told and len(receiver.taken) == 2


def test_a_tenant_without_a_destination_is_told(desk: Desk) -> None:
    status, _, told = desk.run("send", tenant="south")
    assert status == 2 and "FC300" in told and "nowhere" in told


@pytest.mark.parametrize("action", ["resend", "acknowledge"])
def test_what_is_not_there_or_not_to_be_changed_is_told(desk: Desk, action: str) -> None:
    desk.sign(version(1, billing_withheld="Coverage/1 self-pay"))
    assert desk.run(action, SIGNED.control_number, "--reason", "x")[0::2] == (2, desk_error(SIGNED.control_number, action))
    status, _, told = desk.run(action, "FC0", "--reason", "x")
    assert status == 2 and "FC105" in told
    assert desk.events() == []


def desk_error(control: str, action: str) -> str:
    said = "cannot be sent again" if action == "resend" else "only what is sent and not acknowledged awaits a word"
    return f"fhir-coder: FC109: {control} is held{' and ' if action == 'resend' else ': '}{said}\n"


def test_what_is_deleted_is_not_delivered(desk: Desk) -> None:
    stores = desk.open()
    coding = stores.repository.save("north", "main", coding_result())
    stores.outbox.hand_over(version(1, coding=coding), "billing")
    stores.outbox.hand_over(version(1, review="r2"), "billing")
    assert main(["retention", "delete", "--encounter", "e1", "--reason", "case 7", "--tenant", "north"]) == 0
    assert [one.review for one in stores.outbox.entries("north")] == ["r2"]
    stores.close()
