"""``fhir-coder worker`` with an EHR of a tenant: notes are read there and codings written back, once, however often they are asked for."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from pathlib import Path

from fhir_coder.app import open_all_stores
from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.broker.messages import Publisher, make_celery
from fhir_coder.exchange import CodingRequest
from fhir_coder.jobs.asked import Asked, written
from fhir_coder.jobs.job import Caller, Job, State
from fhir_coder.settings import Settings
from fhir_coder.store.start import Stores
from tests.contracts.authorization.ehr_over_http import ehr_over_http
from tests.running.processes import free_port, private_redis, running, states, until
from tests.simulated_ehr import BASE, SimulatedEhr, full_statement
from tests.store.conftest import KEY
from tests.test_engine import with_records

WRITTEN = ("Condition", "Claim", "Task", "Provenance")


def add(stores: Stores, address: str) -> Job:
    """The encounter by its id alone: everything else is at the EHR."""
    asked = Asked(CodingRequest("default", "e1", ehr="main", write_back=True), Agent(AgentKind.CLIENT, "tester"))
    return stores.jobs.add("default", Caller("tester", address), written(asked), asked.encounter)


def test_a_job_whose_notes_lie_in_an_ehr_is_written_back_once(built: None, tmp_path: Path) -> None:
    """Asked for by two callers at once, with a message that comes twice, and by a third when all is there."""
    ehr, port = with_records(SimulatedEhr(full_statement())), free_port()
    known = f"http://127.0.0.1:{port}/fhir"
    with ehr_over_http(ehr, known, port), private_redis(tmp_path) as broker:
        tenant = {"id": "default", "ehrs": [{"id": "main", "base_url": known, "write_before_review": True}]}
        variables = {
            "FHIR_CODER_DATABASE_URL": f"sqlite:///{tmp_path / 'store.sqlite'}",
            "FHIR_CODER_KEY": KEY,
            "FHIR_CODER_BROKER_URL": broker,
            "FHIR_CODER_TENANTS": json.dumps([tenant]),
        }
        with closing(open_all_stores(Settings.from_environment(variables))) as stores:
            first = add(stores, "first")
            add(stores, "second")
            publish = Publisher(make_celery(broker, 60)).tell
            assert publish(first) and publish(first)
            with running("worker", tmp_path, ["worker", "--processes", "2"], variables) as worker:
                until(lambda: states(stores) == [State.DONE] * 2)
                add(stores, "third")
                until(lambda: states(stores) == [State.DONE] * 3)
                assert worker.end() == 0
            coded = stores.repository.recent("default", 99)
            receipts = Counter(one.status for one in stores.repository.written("default", "main", "Encounter/e1"))
            events = [json.loads(line.content)["subtype"][-1]["code"] for line in stores.audit.lines("default")]
    assert len(coded) == 3 and {one.encounter_reference for one in coded} == {"Encounter/e1"}
    assert Counter(one.partition(" ")[2] for one in ehr.writes if one.startswith("POST")) == dict.fromkeys(WRITTEN, 1)
    assert {kind: len(ehr.held(kind)) for kind in WRITTEN} == dict.fromkeys(WRITTEN, 1)
    assert ehr.held("Condition")[0]["encounter"]["reference"].removeprefix(f"{BASE}/") == "Encounter/e1"
    assert receipts["201 Created"] == len(WRITTEN)
    assert (events.count("code-encounter"), events.count("write-back")) == (3, 3)
