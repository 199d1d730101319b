"""Processes: the serving process loads no torch, and an engine loaded before a fork codes in its children."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from fhir_coder.coding.policy import outpatient
from fhir_coder.model import Encounter, Note
from fhir_coder.pipeline import Coder

ROOT = Path(__file__).resolve().parents[1]
NOTE = Encounter(
    id="e", notes=(Note(id="n", text="Assessment: essential hypertension; painful swelling of the elbow joint after gardening.\n"),)
)
TIMEOUT_S = 60
TRAINING_ONLY = {"torch", "sentence_transformers", "transformers", "onnx", "sklearn", "scipy", "lightgbm", "pandas"}


def test_the_serving_process_imports_nothing_that_only_training_and_building_need(built: None) -> None:
    """They cost seconds and hundreds of MiB. The process codes a note too, with a problem that only retrieval finds."""
    script = (
        "import sys; from fhir_coder.app import build_coder, create_app; from fhir_coder.settings import Settings;"
        "from fhir_coder.batch import encounter_from; from fhir_coder.coding.policy import outpatient;"
        "create_app(Settings.from_environment(sandbox=False));"
        f"build_coder(Settings.from_environment()).code_encounter(encounter_from({{'text': {NOTE.notes[0].text!r}}}, 1), outpatient());"
        f"print(sorted({TRAINING_ONLY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=TIMEOUT_S, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_child_ends_by_itself(built: None) -> None:
    """Threads that a library started in the parent do not exist in the child; waiting for them at exit would hang it for ever."""
    script = (
        "import os, sys; from fhir_coder.app import build_coder; from fhir_coder.settings import Settings;"
        "build_coder(Settings.from_environment()); child = os.fork();"
        "sys.exit(0 if child == 0 else os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=TIMEOUT_S, cwd=ROOT, check=True)


def test_two_children_code_after_a_warm_up_in_the_parent(coder: Coder) -> None:
    expected = coder.code_encounter(NOTE, outpatient())[0]
    children = [_fork(coder, expected) for _ in range(2)]
    assert [_wait(child) for child in children] == [0, 0]


def _fork(coder: Coder, expected: object) -> int:
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if coder.code_encounter(NOTE, outpatient())[0] == expected else 1)
        except BaseException:
            os._exit(2)
    return child


def _wait(child: int) -> int | None:
    """Exit status of a child, None when it hangs."""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        finished, status = os.waitpid(child, os.WNOHANG)
        if finished:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, 9)
    return None


def test_a_demo_that_is_killed_leaves_no_server_on_its_port(built: None) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "fhir_coder", "demo", "--stay", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT) as demo:
        assert demo.stdout is not None
        assert any("server stays up" in line for line in demo.stdout)
        demo.terminate()
        assert demo.wait(TIMEOUT_S) != 0
    with socket.socket() as again:
        assert again.connect_ex(("127.0.0.1", port)) != 0
