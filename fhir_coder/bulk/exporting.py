"""An export fetched from an EHR: kicked off, waited for, its files downloaded. Every step is written down beside the output when it is done, so that a run
that is stopped goes on with the next one, and with a file where it broke off."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from fhir_coder.bulk.folder import read_run, write_durably
from fhir_coder.bulk.manifest import ManifestFile, read_manifest
from fhir_coder.ehr.bulk_server import GONE, ExportAsked, refused, retry_after
from fhir_coder.ehr.retry import seconds_asked
from fhir_coder.errors import Conflict, EhrError, EhrRefused, EhrUnavailable, InvalidContent
from fhir_coder.outbound.attempt import Answer

EXPORT = "export"
"""The folder of the files, within that of the output."""
_STATE = "export.json"
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 600.0
FAILURES_IN_A_ROW = 8
"""How often asking after an export may fail before the run stops; it can be resumed."""
_LONGEST_PROGRESS = 100
"""Characters (the specification lets X-Progress have no more)."""
AGAIN = "with --again another export is asked for"


class Server(Protocol):
    """What this needs of :class:`fhir_coder.ehr.bulk_server.BulkServer`."""

    def kick_off(self, asked: ExportAsked) -> str:
        """Where the job is asked after."""

    def ask_after(self, url: str) -> Answer:
        """How far it is."""

    def forget(self, url: str) -> None:
        """Its files are no longer needed."""

    def resolve(self, url: str, needs_token: bool) -> str:
        """Where a file lies."""

    def fetch(self, url: str, needs_token: bool, target: Path) -> Answer:
        """A file, or what is missing of it."""


@dataclass
class State:
    """How far an export is. ``job`` is where it is asked after; ``files`` come of the manifest; ``done`` are those that are here, with their size."""

    ehr: str
    asked: ExportAsked
    job: str = ""
    has_manifest: bool = False
    needs_token: bool = True
    errors: int = 0
    time: str = ""
    files: list[ManifestFile] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)

    @property
    def is_here(self) -> bool:
        """Whether every file is."""
        return self.has_manifest and len(self.done) == len(self.files)


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
        if not state.job:
            state.job = self.server.kick_off(state.asked)
            self._save(state)
        if not state.has_manifest:
            self._wait(state)
        (self.out / EXPORT).mkdir(mode=0o700, exist_ok=True)
        for number, file in enumerate(state.files):
            name = f"{number:04d}.{file.type}.ndjson"
            if name not in state.done:
                self.told(f"file {number + 1} of {len(state.files)}: {file.type}")
                state.done[name] = self._download(state, file, self.out / EXPORT / name)
                self._save(state)
        try:
            self.server.forget(state.job)
        except EhrError as error:
            self.told(f"the EHR was not told that its files are no longer needed: {error.message}")

    def _wait(self, state: State) -> None:
        """Ask after the job until there is a manifest. Every file is looked at before the first is fetched."""
        wait, failures = FIRST_WAIT_S, 0
        while True:
            answer = self._asked_after(state.job)
            if answer is not None and answer.status == 200:
                break
            is_waiting = answer is not None and answer.status in {202, 429}
            failures = 0 if is_waiting else failures + 1
            if failures >= FAILURES_IN_A_ROW:
                raise EhrUnavailable("the EHR fails whenever it is asked after the export; the run can be resumed")
            if answer is not None and answer.status == 202:
                self.told(f"the EHR is at it: {_plain(answer.headers.get('X-Progress', '')) or 'no progress told'}")
            asked = seconds_asked(retry_after(answer.headers), self.now) if answer is not None else None
            self.sleep(min(wait if asked is None else max(asked, 1.0), LONGEST_WAIT_S))
            wait = min(wait * 2, LONGEST_WAIT_S)
        manifest = read_manifest(answer.body)
        for file in manifest.files:
            self.server.resolve(file.url, manifest.needs_token)
        state.needs_token, state.errors, state.time = manifest.needs_token, manifest.errors, manifest.time
        state.files, state.has_manifest = list(manifest.files), True
        if manifest.errors:
            self.told(f"the EHR says that it could not export everything: {manifest.errors} files of errors")
        self._save(state)

    def _asked_after(self, job: str) -> Answer | None:
        """The answer, None where the EHR failed. Raises EhrRefused where it refuses, or knows the job no more."""
        try:
            answer = self.server.ask_after(job)
        except EhrRefused:
            raise
        except EhrError as error:
            self.told(error.message)
            return None
        if answer.status in GONE:
            raise EhrRefused(f"the EHR knows the export no more (HTTP {answer.status}): {AGAIN}", ehr_status=answer.status)
        if answer.status >= 500:
            self.told(f"the EHR answered {answer.status}")
            return None
        if answer.status not in {200, 202, 429}:
            raise refused(answer, "say how far a bulk export is")
        return answer

    def _download(self, state: State, file: ManifestFile, target: Path) -> int:
        """The size of a file that is here as a whole. As long as more of it comes, it is gone on with."""
        partial = target.with_name(target.name + ".partial")
        url = self.server.resolve(file.url, state.needs_token)
        for _ in range(2):
            self._fetch(url, state.needs_token, partial)
            if file.count is None or _count_lines(partial) == file.count:
                size = partial.stat().st_size
                partial.replace(target)
                return size
            self.told("a file does not hold as many resources as announced; it is fetched from its beginning")
            partial.unlink()
        raise EhrUnavailable("a file of the export does not hold as many resources as the manifest says")

    def _fetch(self, url: str, needs_token: bool, partial: Path) -> None:
        while True:
            before = _size(partial)
            try:
                answer = self.server.fetch(url, needs_token, partial)
            except EhrRefused:
                raise
            except EhrError:
                if _size(partial) <= before:
                    raise
                continue
            if answer.status == 200:
                return
            if answer.status in GONE:
                raise EhrRefused(f"a file of the export is gone (HTTP {answer.status}): {AGAIN}", ehr_status=answer.status)
            raise refused(answer, "download a file of a bulk export")

    def _leave(self) -> None:
        """Raises Conflict where encounters of the export are coded already: another one belongs into another folder."""
        if read_run(self.out) is not None:
            raise Conflict(f"{self.out}: encounters of this export are being coded; name another folder for another export")
        (self.out / _STATE).unlink(missing_ok=True)
        shutil.rmtree(self.out / EXPORT, ignore_errors=True)

    def _save(self, state: State) -> None:
        write_durably(self.out / _STATE, json.dumps(asdict(state), indent=1))


def read_state(out: Path) -> State | None:
    """How far the export of a folder is, or None. Raises InvalidContent for what cannot be read."""
    try:
        content = json.loads((out / _STATE).read_text(encoding="utf-8"))
        asked = content.pop("asked")
        files = [ManifestFile(**one) for one in content.pop("files")]
        return State(asked=ExportAsked(asked["group"], asked["since"], tuple(asked["types"])), files=files, **content)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InvalidContent(f"{out / _STATE}: cannot be read ({type(error).__name__})") from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _count_lines(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(1 for line in stream if line.strip())


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:_LONGEST_PROGRESS]
