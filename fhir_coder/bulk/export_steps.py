"""The steps of fetching an export from an EHR: to kick it off, to ask after it once, to download its files. Who takes them waits between them as it likes.

Every step is written down beside the output when it is done, so that whoever is stopped goes on with the next one, and with a file where it broke off.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from fhir_coder.bulk.folder import write_durably
from fhir_coder.bulk.manifest import ManifestFile, read_manifest
from fhir_coder.ehr.bulk_server import GONE, ExportAsked, refused, retry_after
from fhir_coder.ehr.retry import seconds_asked
from fhir_coder.errors import EhrError, EhrRefused, EhrUnavailable, InvalidContent
from fhir_coder.outbound.attempt import Answer

EXPORT = "export"
"""The folder of the files, within that of the output."""
STATE = "export.json"
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 600.0
AGAIN = "with --again another export is asked for"
_LONGEST_PROGRESS = 100
"""Characters (the specification lets X-Progress have no more)."""


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
    """How far an export is. ``job`` is where it is asked after; ``files`` come of the manifest; ``done`` are those that are here, with their size.

    Of who comes back to it now and then: ``begun_s`` is when it was first wanted and ``ask_at_s`` when to go on with it (epoch seconds), ``waits`` how often in
    a row it was not further, ``taken`` how many of the encounters that are to be read were."""

    ehr: str
    asked: ExportAsked
    job: str = ""
    has_manifest: bool = False
    needs_token: bool = True
    errors: int = 0
    time: str = ""
    files: list[ManifestFile] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    begun_s: int = 0
    ask_at_s: int = 0
    waits: int = 0
    taken: int = 0

    @property
    def is_here(self) -> bool:
        """Whether every file is."""
        return self.has_manifest and len(self.done) == len(self.files)


@dataclass(frozen=True, slots=True)
class Progress:
    """``is_here``: the manifest is; ``is_failing``: the EHR did not say how far it is; ``wait_s``: how long it asks us to wait, None where it does not say."""

    is_here: bool
    is_failing: bool = False
    wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class ExportSteps:
    """``out`` is the folder of the output, ``told`` hears sentences on how far the export is."""

    server: Server
    out: Path
    told: Callable[[str], None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def kick_off(self, state: State) -> None:
        """Ask for the export. Raises an EhrError."""
        state.job = self.server.kick_off(state.asked)
        self.save(state)

    def ask(self, state: State) -> Progress:
        """Ask once after the job; with a manifest, every file is looked at before the first is fetched. Raises EhrRefused where the EHR refuses, or knows the
        job no more."""
        answer = self._asked_after(state.job)
        if answer is not None and answer.status == 200:
            self._take_manifest(state, answer)
            return Progress(is_here=True)
        if answer is not None and answer.status == 202:
            self.told(f"the EHR is at it: {_plain(answer.headers.get('X-Progress', '')) or 'no progress told'}")
        asked = seconds_asked(retry_after(answer.headers), self.now) if answer is not None else None
        return Progress(is_here=False, is_failing=answer is None or answer.status not in {202, 429}, wait_s=asked)

    def download(self, state: State) -> None:
        """Fetch the files that are not here, and tell the EHR that they are no longer needed. Raises an EhrError."""
        (self.out / EXPORT).mkdir(mode=0o700, exist_ok=True)
        for number, file in enumerate(state.files):
            name = f"{number:04d}.{file.type}.ndjson"
            if name not in state.done:
                self.told(f"file {number + 1} of {len(state.files)}: {file.type}")
                state.done[name] = self._download(state, file, self.out / EXPORT / name)
                self.save(state)
        self.forget(state)

    def forget(self, state: State) -> None:
        """Tell the EHR that an export is not needed any more, as far as it listens."""
        try:
            self.server.forget(state.job)
        except EhrError as error:
            self.told(f"the EHR was not told that its files are no longer needed: {error.message}")

    def save(self, state: State) -> None:
        """Write down how far it is."""
        write_durably(self.out / STATE, json.dumps(asdict(state), indent=1))

    def _take_manifest(self, state: State, answer: Answer) -> None:
        manifest = read_manifest(answer.body)
        for file in manifest.files:
            self.server.resolve(file.url, manifest.needs_token)
        state.needs_token, state.errors, state.time = manifest.needs_token, manifest.errors, manifest.time
        state.files, state.has_manifest = list(manifest.files), True
        if manifest.errors:
            self.told(f"the EHR says that it could not export everything: {manifest.errors} files of errors")
        self.save(state)

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


def read_state(out: Path) -> State | None:
    """How far the export of a folder is, or None. Raises InvalidContent for what cannot be read."""
    try:
        content = json.loads((out / STATE).read_text(encoding="utf-8"))
        asked = content.pop("asked")
        files = [ManifestFile(**one) for one in content.pop("files")]
        return State(asked=ExportAsked(asked["group"], asked["since"], tuple(asked["types"])), files=files, **content)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InvalidContent(f"{out / STATE}: cannot be read ({type(error).__name__})") from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _count_lines(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(1 for line in stream if line.strip())


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:_LONGEST_PROGRESS]
