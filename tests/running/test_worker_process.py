"""``fhir-coder worker`` from start to TERM: it does jobs, every line that it writes is JSON, and its metrics are those of all its processes."""

from __future__ import annotations

import json
import os
import signal
from contextlib import closing
from pathlib import Path

from fhir_coder.app import open_all_stores
from fhir_coder.jobs.job import State
from fhir_coder.settings import Settings
from tests.running.processes import MARKER, add_job, call, children, free_port, private_redis, running, states, until
from tests.store.conftest import KEY


def test_a_worker_does_jobs_and_writes_lines_of_json_alone(built: None, tmp_path: Path) -> None:
    port = free_port()
    variables = {
        "FHIR_CODER_DATABASE_URL": f"sqlite:///{tmp_path / 'store.sqlite'}",
        "FHIR_CODER_KEY": KEY,
        "FHIR_CODER_METRICS_ADDRESS": f"127.0.0.1:{port}",
        "FHIR_CODER_LOG_LEVEL": "DEBUG",
    }
    with private_redis(tmp_path) as broker, closing(open_all_stores(Settings.from_environment(variables))) as stores:
        jobs = [add_job(stores, number) for number in range(3)]
        with running("worker", tmp_path, ["worker", "--processes", "2"], variables | {"FHIR_CODER_BROKER_URL": broker}) as worker:
            until(lambda: states(stores) == [State.DONE] * 3)
            exposed = until(lambda: _counted(port, 3), 20)
            killed = min(children(worker.popen.pid))
            os.kill(killed, signal.SIGKILL)
            until(lambda: any(f"pid:{killed} exited" in line for line in worker.lines()), 20)
            assert worker.end() == 0
        assert 'fhir_coder_dispositions_total{disposition="review"} 3.0' in exposed
        lines = [json.loads(line) for line in worker.lines()]
    done = [line for line in lines if line["message"] == "job"]
    assert {line["job"] for line in done} == {job.id for job in jobs} and {line["end"] for line in done} == {"done"}
    assert any(line["logger"].startswith("celery.") for line in lines)
    assert not [line for line in lines if MARKER in json.dumps(line) or "asked" in line]


def _counted(port: int, jobs: int) -> str:
    """The metrics, once as many jobs are in them: a job stands as done in the store a moment before it is counted."""
    status, _, body = call(port, "GET", "/metrics")
    assert status == 200
    wanted = (f'fhir_coder_job_tries_total{{end="done"}} {jobs}.0', f'fhir_coder_stage_seconds_count{{stage="keeping"}} {jobs}.0')
    return body.decode() if all(one in body.decode() for one in wanted) else ""
