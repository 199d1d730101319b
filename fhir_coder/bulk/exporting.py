"""An export fetched from an EHR at once: kicked off, waited for, its files downloaded. A run that is stopped goes on where it was
(:mod:`fhir_coder.bulk.export_steps`)."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fhir_coder.bulk.export_steps import EXPORT, FIRST_WAIT_S, LONGEST_WAIT_S, STATE, ExportSteps, Server, State, read_state
from fhir_coder.bulk.folder import read_run
from fhir_coder.ehr.bulk_server import ExportAsked
from fhir_coder.errors import Conflict, EhrUnavailable

FAILURES_IN_A_ROW = 8
"""How often asking after an export may fail before the run stops; it can be resumed."""


@dataclass(frozen=True, slots=True)
class Exporting:
    """``out`` is the folder of the output, ``told`` hears sentences on how far the export is, ``sleep`` waits (seconds)."""

    server: Server
    out: Path
    told: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def fetch(self, ehr: str, asked: ExportAsked, is_again: bool = False) -> Path:
        """The folder with the files of the export. ``is_again``: leave an export that did not come to its end, and ask for another.

        Raises Conflict where another one was asked for with this folder, EhrRefused where the EHR knows the job no more, an EhrError when it fails.
        """
        if is_again:
            self._leave()
        state = read_state(self.out) or State(ehr, asked)
        if (state.ehr, state.asked) != (ehr, asked):
            raise Conflict(f"{self.out}: another export was asked for with this folder; name another one")
        if not state.is_here:
            self._finish(state)
        return self.out / EXPORT

    def _finish(self, state: State) -> None:
        steps = ExportSteps(self.server, self.out, self.told, self.now)
        if not state.job:
            steps.kick_off(state)
        if not state.has_manifest:
            self._wait(steps, state)
        steps.download(state)

    def _wait(self, steps: ExportSteps, state: State) -> None:
        """Ask after the job until there is a manifest."""
        wait, failures = FIRST_WAIT_S, 0
        while not (progress := steps.ask(state)).is_here:
            failures = failures + 1 if progress.is_failing else 0
            if failures >= FAILURES_IN_A_ROW:
                raise EhrUnavailable("the EHR fails whenever it is asked after the export; the run can be resumed")
            self.sleep(min(wait if progress.wait_s is None else max(progress.wait_s, 1.0), LONGEST_WAIT_S))
            wait = min(wait * 2, LONGEST_WAIT_S)

    def _leave(self) -> None:
        """Raises Conflict where encounters of the export are coded already: another one belongs into another folder."""
        if read_run(self.out) is not None:
            raise Conflict(f"{self.out}: encounters of this export are being coded; name another folder for another export")
        (self.out / STATE).unlink(missing_ok=True)
        shutil.rmtree(self.out / EXPORT, ignore_errors=True)
