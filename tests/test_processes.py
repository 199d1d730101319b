"""Processes: the serving process loads no torch, and an engine loaded before a fork codes in its children."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_coder.coding.policy import outpatient
from fhir_coder.model import Encounter, Note
from fhir_coder.pipeline import Coder

ROOT = Path(__file__).resolve().parents[1]
NOTE = Encounter(
    id="e", notes=(Note(id="n", text="Assessment: essential hypertension; painful swelling of the elbow joint after gardening.\n"),)
)
TIMEOUT_S = 60
TRAINING_ONLY = {"torch", "sentence_transformers", "transformers", "onnx", "sklearn", "scipy", "lightgbm", "pandas"}


SCRIPT = f"""
import os, sys
from fhir_coder import app
from fhir_coder.batch import encounter_from
from fhir_coder.coding.policy import outpatient
from fhir_coder.settings import Settings

engines, build = [], app.build_coder
app.build_coder = lambda *given, **named: engines.append(build(*given, **named)) or engines[0]
app.create_app(Settings.from_environment(sandbox=False))
engines[0].code_encounter(encounter_from({{'text': {NOTE.notes[0].text!r}}}, 1), outpatient())
print('imported', sorted({TRAINING_ONLY!r} & set(sys.modules)), flush=True)
child = os.fork()
if child == 0:
    sys.exit(0)
print('child', os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
"""A serving process: the whole server, a note with a problem that only retrieval finds, and a child that has nothing to do."""


@pytest.fixture(scope="module")
def served(built: None) -> Iterator[list[str]]:
    """What that process prints until it ends or is stuck: a line for what it imported, and one for how its child ended."""
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT, start_new_session=True
    ) as process:
        try:
            printed, _ = process.communicate(timeout=2 * TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # the child as well
            printed, _ = process.communicate()
        yield printed.splitlines()


def test_the_serving_process_imports_nothing_that_only_training_and_building_need(served: list[str]) -> None:
    """They cost seconds and hundreds of MiB."""
    assert "imported []" in served


def test_a_child_ends_by_itself(served: list[str]) -> None:
    """Threads that a library started in the parent do not exist in the child; waiting for them at exit would hang it for ever."""
    assert "child 0" in served


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
