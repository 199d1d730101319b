"""SUSHI (npm fsh-sushi, by HL7 and MITRE), which makes FHIR resources of FHIR Shorthand: run without a network, on a cache that is there."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

SUSHI = "fsh-sushi@3.21.0"
RUN_TIMEOUT_S = 300
_NOWHERE = "http://127.0.0.1:9"
"""An address where nobody listens: whatever SUSHI might ask of a registry fails at once instead of waiting for a network."""
_COUNTS = re.compile(r"(\d+) Errors?\s+(\d+) Warnings?")
_TOLD = re.compile(r"^(error|warn) ")


class NotBuilt(Exception):
    """SUSHI found errors or warnings, or did not come to its end; the message has its words."""


@dataclass(frozen=True, slots=True)
class Sushi:
    """``node_modules`` is where SUSHI is installed, ``cache`` the folder that holds ``.fhir/packages``."""

    node_modules: Path
    cache: Path

    def run(self, project: Path) -> Path:
        """Build the project, snapshots included; returns the folder of the resources. Raises NotBuilt for any error or warning."""
        program = self.node_modules / "fsh-sushi" / "dist" / "app.js"
        command = ["node", str(program), "build", "--snapshot", str(project)]
        try:
            done = subprocess.run(  # noqa: S603 - the program that we installed
                command, env=self._environment(), capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise NotBuilt(f"SUSHI took longer than {RUN_TIMEOUT_S} s") from error
        counts = _COUNTS.search(done.stdout)
        if counts is None or counts.groups() != ("0", "0"):
            raise NotBuilt(_complaints(done.stdout) or (done.stdout + done.stderr)[-2000:])
        return project / "fsh-generated" / "resources"

    def _environment(self) -> dict[str, str]:
        offline = {"FPL_REGISTRY": _NOWHERE, "HTTPS_PROXY": _NOWHERE, "npm_config_registry": _NOWHERE, "npm_config_fetch_retries": "0"}
        return {"PATH": os.environ["PATH"], "HOME": str(self.cache.resolve()), **offline}


def _complaints(output: str) -> str:
    """What SUSHI says of errors and warnings: the line that begins each with the lines that go on."""
    kept: list[str] = []
    is_kept = False
    for line in output.splitlines():
        if not line.startswith(" "):
            is_kept = bool(_TOLD.match(line))
        if is_kept:
            kept.append(line.strip())
    return "\n".join(kept)
