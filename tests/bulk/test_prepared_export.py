"""``make soak``: the whole prepared export through the command itself, killed on the way, every line FHIR."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from fhir_coder.fhir.reader import read_json
from fhir_coder.settings import Settings
from fhir_coder.store.start import open_stores
from tests.bulk.exports import lines_of

pytestmark = pytest.mark.soak
KILLS = 8
LONGEST_S = 1800


def test_the_whole_export_is_coded_once_whatever_is_killed(built: None, shared: Path, tmp_path: Path) -> None:
    export, out, url = tmp_path / "export", tmp_path / "out", f"sqlite:///{tmp_path / 'store.sqlite'}"
    subprocess.run([sys.executable, str(shared / "fhir" / "prepare.py"), str(export)], check=True, capture_output=True, timeout=120)
    command = [sys.executable, "-m", "fhir_coder", "bulk", str(export), "--out", str(out), "--processes", "2"]
    environment = os.environ | {"FHIR_CODER_DATABASE_URL": url, "FHIR_CODER_DATA": str(Settings.from_environment().data)}
    seed = int(os.environ.get("FHIR_CODER_TEST_SEED", random.randrange(10**6)))
    print(f"\nFHIR_CODER_TEST_SEED={seed}")
    chance = random.Random(seed)
    for _ in range(KILLS):
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as run:
            _after_lines(out, run, chance.randint(5, 100))
            time.sleep(chance.random())
            if chance.random() < 0.5:
                os.killpg(run.pid, signal.SIGKILL)
            else:
                run.kill()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONGEST_S)
    report = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    print(done.stdout)
    total = len((export / "Encounter.ndjson").read_text(encoding="utf-8").splitlines())
    assert (report["encounters"], report["left"], report["again"]) == (total, 0, 0)
    assert done.returncode == (1 if report["failed"] else 0)
    told = Counter(one["issue"][0]["diagnostics"].partition(":")[0] for one in lines_of(out, "OperationOutcome"))
    assert len(told) == total and set(told.values()) == {1}
    stores = open_stores(url, "")
    coded = Counter(one.encounter_reference for one in stores.repository.recent("default", 10 * total))
    stores.close()
    assert len(coded) == report["coded"] and set(coded.values()) == {1}
    resources = [one for kind in ("Condition", "Claim", "Task", "Provenance", "OperationOutcome") for one in lines_of(out, kind)]
    names = Counter(f"{one['resourceType']}/{one['id']}" for one in resources)
    assert set(names.values()) == {1}
    for one in resources:
        read_json(json.dumps(one).encode())


def _after_lines(out: Path, run: subprocess.Popen[bytes], more: int) -> None:
    """Wait until so many lines more are there, or the run ends."""
    wanted = _lines(out) + more
    deadline = time.monotonic() + LONGEST_S
    while run.poll() is None and _lines(out) < wanted and time.monotonic() < deadline:
        time.sleep(0.05)


def _lines(out: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in out.glob("OperationOutcome.[0-9]*.ndjson"))
