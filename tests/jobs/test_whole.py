"""The whole server and answers that come later: by its own threads, and by ``fhir-coder worker`` beside it."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_coder.settings import Settings
from tests.jobs.stage import ASYNC, wait_until
from tests.jobs.test_broker import LONGEST_S, ROOT, Broker, free_port
from tests.one_engine import create_app
from tests.store.conftest import KEY
from tests.stores import store_in

CODE = "/fhir/Encounter/diabetes-ckd/$code-encounter"


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        "FHIR_CODER_DATA": str(Settings.from_environment().data),
        "FHIR_CODER_DATABASE_URL": store_in(folder),
        "FHIR_CODER_KEY": KEY,
        "FHIR_CODER_RATE_LIMIT": "",
        "FHIR_CODER_LOG_LEVEL": "WARNING",
        **more,
    }


def answer_of(client: FlaskClient, place: str) -> Any:
    wait_until(lambda: client.get(place).status_code != 202, LONGEST_S)
    return client.get(place)


def codes(parameters: dict[str, Any]) -> list[str]:
    (result,) = [one["resource"] for one in parameters["parameter"] if one["name"] == "result"]
    found = [one["resource"] for one in result["entry"]]
    return [one["code"]["coding"][0]["code"] for one in found if one["resourceType"] == "Condition"]


@pytest.fixture
def client(built: None, tmp_path: Path) -> Iterator[FlaskClient]:
    app = create_app(Settings.from_environment(environment(tmp_path), sandbox=True))
    yield app.test_client()
    app.extensions["fhir_coder"].before_exit()


def test_the_servers_own_threads_code_as_the_server_does(client: FlaskClient) -> None:
    at_once = client.post(CODE)
    place = client.post(CODE, headers=ASYNC).headers["Content-Location"]
    answer = answer_of(client, place)
    assert answer.status_code == 200
    later = answer.get_json(force=True)["entry"][0]["resource"]
    assert codes(later) == codes(at_once.get_json(force=True)) != []
    refused = answer_of(client, client.post("/fhir/Encounter/nowhere/$code-encounter", headers=ASYNC).headers["Content-Location"])
    assert refused.status_code == client.post("/fhir/Encounter/nowhere/$code-encounter").status_code >= 400
    told = client.get("/metrics").get_data(as_text=True)
    assert 'fhir_coder_jobs{state="waiting"} 0' in told and 'fhir_coder_job_tries_total{end="done"}' in told
    assert 'fhir_coder_oldest_job_seconds{state="running"} 0' in told


def test_who_asks_while_the_database_is_away_is_told_to_ask_again(client: FlaskClient, tmp_path: Path) -> None:
    """500 would be the end of the job to them (http://hl7.org/fhir/R4/async.html: an error that is none of the job is ``transient``)."""
    place = client.post(CODE, headers=ASYNC).headers["Content-Location"]
    assert answer_of(client, place).status_code == 200
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as connection:
        connection.execute("ALTER TABLE job RENAME TO job_away")
        away = client.get(place)
        connection.execute("ALTER TABLE job_away RENAME TO job")
    (issue,) = away.get_json(force=True)["issue"]
    assert (away.status_code, away.headers["Retry-After"], issue["code"]) == (503, "5", "transient")
    assert issue["details"]["coding"][0]["code"] == "FC302"
    assert client.get(place).status_code == 200


def test_without_a_key_there_are_no_threads(built: None, tmp_path: Path) -> None:
    app = create_app(Settings.from_environment(environment(tmp_path, FHIR_CODER_KEY=""), sandbox=True))
    assert app.test_client().post(CODE, headers=ASYNC).status_code == 200
    assert app.extensions["fhir_coder"]._threads._threads == []


def test_a_caller_does_not_wait_for_a_broker_that_does_not_answer(built: None, tmp_path: Path) -> None:
    given = environment(tmp_path, FHIR_CODER_BROKER_URL="redis://127.0.0.1:9/0")
    app = create_app(Settings.from_environment(given, sandbox=True))
    client = app.test_client()
    client.get("/version")
    began = time.monotonic()
    answer = client.post(CODE, headers=ASYNC)
    assert answer.status_code == 202 and time.monotonic() - began < 2
    assert client.get(answer.headers["Content-Location"]).headers["X-Progress"] == "waiting, next"
    app.extensions["fhir_coder"].before_exit()


@pytest.mark.soak
def test_a_worker_of_the_command_line_does_what_the_server_takes_on(built: None, tmp_path: Path) -> None:
    if not shutil.which("redis-server"):
        pytest.skip("no redis-server")
    port = free_port()
    broker = Broker(f"redis://127.0.0.1:{port}/0", port)
    broker.start()
    given = environment(tmp_path, FHIR_CODER_BROKER_URL=broker.url)
    command = [sys.executable, "-m", "fhir_coder", "worker", "--sandbox", "--processes", "2"]
    worker = subprocess.Popen(command, cwd=ROOT, env=os.environ | given, start_new_session=True)
    try:
        app = create_app(Settings.from_environment(given, sandbox=True))
        client = app.test_client()
        places = [client.post(CODE, headers=ASYNC).headers["Content-Location"] for _ in range(3)]
        answers = [answer_of(client, one) for one in places]
        assert [one.status_code for one in answers] == [200] * 3
        assert len({tuple(codes(one.get_json(force=True)["entry"][0]["resource"])) for one in answers}) == 1
        worker.terminate()
        assert worker.wait(LONGEST_S) == 0
    finally:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        broker.end()
