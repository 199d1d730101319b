"""What stops the server before it serves: one clear line and exit status 2, nothing half open; and metrics of all workers in one folder."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from fhir_coder.app import create_app
from fhir_coder.cli import main
from fhir_coder.commands.serve import LONGEST_PAUSE_S, limit_pauses
from fhir_coder.errors import ConfigurationError
from fhir_coder.installed import open_releases
from fhir_coder.settings import Settings


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The line on standard error of a start that is refused."""
    assert main(["serve", *arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def test_a_port_in_use_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"--port {port}" in refusal(capsys, "--port", str(port))


def test_a_port_that_cannot_be_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--port 99999" in refusal(capsys, "--port", "99999")


@pytest.mark.parametrize("sandbox", [False, True])
def test_a_data_folder_that_cannot_be_written_is_a_configuration_error(tmp_path: Path, sandbox: bool) -> None:
    (tmp_path / "file").write_text("")
    settings = Settings.from_environment({"FHIR_CODER_DATA": str(tmp_path / "file" / "data")}, sandbox=sandbox)
    with pytest.raises(ConfigurationError, match="FHIR_CODER_DATA"):
        create_app(settings) if sandbox else open_releases(settings)


def test_the_command_line_leaves_the_metrics_folder_to_the_server(tmp_path: Path) -> None:
    """prometheus_client chooses how to count when it is first imported; before ``serve`` names the folder that would be for one process."""
    script = (
        "import os, fhir_coder.cli; fhir_coder.cli.parser(); from fhir_coder.api.metrics import Metrics;"
        f"os.environ['PROMETHEUS_MULTIPROC_DIR'] = {str(tmp_path)!r};"
        "metrics = Metrics(); metrics.count_disposition('review'); print(metrics.exposition().decode())"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True, env=environment)
    assert 'fhir_coder_dispositions_total{disposition="review"} 1.0' in done.stdout
    assert list(tmp_path.glob("counter_*.db"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands SO_RCVTIMEO on to accepted connections")
def test_a_connection_may_not_pause_for_ever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        limit_pauses(SimpleNamespace(LISTENERS=[SimpleNamespace(sock=listening)]))
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
            timeout = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.calcsize("ll"))
    assert struct.unpack("ll", timeout) == (LONGEST_PAUSE_S, 0)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "coder.example"])
def test_a_sandbox_binds_to_loopback_only(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    assert "loopback" in refusal(capsys, "--sandbox", "--host", host)
    monkeypatch.setenv("FHIR_CODER_METRICS_ADDRESS", f"[{host}]:9100" if ":" in host else f"{host}:9100")
    assert "loopback" in refusal(capsys, "--sandbox")


def test_metrics_have_a_port_of_their_own(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FHIR_CODER_METRICS_ADDRESS", "127.0.0.2:8080")
    assert "FHIR_CODER_METRICS_ADDRESS" in refusal(capsys, "--port", "8080")
