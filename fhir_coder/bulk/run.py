"""A run from its folder of files to its report."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from fhir_coder.audit.entry import Action, Agent, AuditEntry, Success
from fhir_coder.bulk.collecting import Collector, RunJobs
from fhir_coder.bulk.ended import Counts, End, Ended
from fhir_coder.bulk.export import Export
from fhir_coder.bulk.export_files import export_files, mark_of
from fhir_coder.bulk.folder import Run, begin_or_resume, write_durably
from fhir_coder.bulk.gathering import gather_encounter
from fhir_coder.bulk.index import ExportIndex, Told
from fhir_coder.bulk.lines import line_of_problem
from fhir_coder.bulk.parts import PROBLEMS, Part, cut, missing, next_part, output_files
from fhir_coder.bulk.processes import Did, Do, Processes
from fhir_coder.bulk.summary import Effort, summary
from fhir_coder.bulk.work import Codes, Named, Work
from fhir_coder.bulk.work import Ends as Keeps
from fhir_coder.errors import Conflict, InvalidContent, WorkerLost
from fhir_coder.long_lived import keep_for_good

SUMMARY = "summary.json"


class Ends(Keeps, Protocol):
    """What a run needs of :class:`fhir_coder.store.bulk_ends.BulkEnds`."""

    def ended(self, tenant: str, run: str) -> Iterator[str]:
        """Encounters that are done."""

    def is_known(self, tenant: str, run: str) -> bool:
        """Whether any is."""

    def lengths(self, tenant: str, run: str) -> dict[tuple[int, str], int]:
        """How long the files of the output are."""

    def counts(self, tenant: str, run: str) -> Counts:
        """What came of the run."""


@dataclass(frozen=True, slots=True)
class Asked:
    """``folder`` holds the export, ``out`` takes the output; ``since`` is the first day (YYYY-MM-DD) of encounters that are coded, or empty. ``processes``
    code here, none where workers elsewhere do. ``may_be_empty``: an EHR was asked for what is new, and there may be nothing."""

    folder: Path
    out: Path
    tenant: str
    ehr: str
    since: str
    processes: int
    agent: Agent
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Workers:
    """Those elsewhere: ``hand_out`` has them told of jobs, ``window`` is how many encounters are with them at most, ``told`` takes a sentence for the person
    who waits for them."""

    hand_out: Callable[[], None]
    window: int
    told: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """Collaborators. ``open_engine`` loads what codes, over an export; ``append`` adds to the audit within a transaction; ``after_fork`` forgets connections
    that are the parent's; ``reading`` hears of the first pass, ``progress`` draws the second: it is given how many there are and how many are done, and
    gives what is called for each one more. ``jobs`` are the run's at workers; ``workers`` is None where this process and those forked from it do all."""

    open_engine: Callable[[Export], Callable[[], Codes]]
    ends: Ends
    append: Callable[..., object]
    after_fork: Callable[[], None]
    reading: AbstractContextManager[Told]
    progress: Callable[[int, int], AbstractContextManager[Callable[[], None]]]
    jobs: RunJobs
    workers: Workers | None = None


def run_bulk(asked: Asked, parts: Parts) -> dict[str, Any]:
    """Code every encounter that is not done yet; returns the report, which is written down too.

    The caller holds the output folder. Raises InvalidContent for what is no export, Conflict where the folder is of another run, WorkerLost when processes are
    lost one after the other.
    """
    if asked.folder.resolve() == asked.out.resolve():
        raise InvalidContent(f"{asked.out}: is the folder of the export; name another for the output")
    files = export_files(asked.folder, asked.may_be_empty)
    run = begin_or_resume(asked.out, asked.tenant, asked.ehr, asked.since, mark_of(files))
    index = ExportIndex(asked.out)
    with parts.reading as told:
        index.build(files, told)
    _begin(asked, run, parts)
    known = parts.ends.lengths(run.tenant, run.id)
    _require_output(asked.out, known)
    _write_problems(asked, index)
    export, numbers = Export(asked.folder, files, index), _Numbers(next_part(asked.out, (part for part, _ in known)))
    collector = _collector(asked, run, export, parts, numbers)
    if not parts.workers:
        deque(collector.end(), maxlen=0)
    index.leave_out(parts.ends.ended(run.tenant, run.id))
    effort = _code(
        asked, run, index, parts, lambda left: collector if parts.workers else _processes(asked, run, export, parts, numbers, left)
    )
    lengths = parts.ends.lengths(run.tenant, run.id)
    cut(asked.out, lengths)
    report = summary(
        run.id,
        index.count(run.since),
        parts.ends.counts(run.tenant, run.id),
        index.problem_counts(),
        output_files(asked.out),
        effort,
    )
    write_durably(asked.out / SUMMARY, json.dumps(report, indent=1) + "\n")
    if not report["left"]:
        shutil.rmtree(asked.out / "unpacked", ignore_errors=True)
    return report


class Doing(Protocol):
    """Who codes what is left: processes of this machine, or workers elsewhere."""

    def each(self, encounters: Iterator[str]) -> Generator[Did]:
        """What becomes of each encounter, as it is told."""


def _code(asked: Asked, run: Run, index: ExportIndex, parts: Parts, begin: Callable[[int], Doing]) -> Effort:
    """Code what is left; nothing is loaded where nothing is. ``begin`` is told how many encounters that is."""
    total, done = index.count(run.since), index.count_left_out(run.since)
    if done == total:
        return Effort(0, 0.0, asked.processes)
    doing = begin(total - done)
    started, ended = time.monotonic(), 0
    with parts.progress(total, done) as one_more, closing(doing.each(index.encounters(run.since))) as done_now:
        for _, end, _ in done_now:
            ended += end is not None
            one_more()
    return Effort(ended, time.monotonic() - started, asked.processes)


def _collector(asked: Asked, run: Run, export: Export, parts: Parts, numbers: _Numbers) -> Collector:
    """What has encounters coded elsewhere; without workers it takes what they did before."""
    named = Named(run.tenant, run.id, run.ehr, asked.agent)
    collector = Collector(named, export, parts.jobs, parts.ends, lambda: Part(asked.out, numbers.next()))
    workers = parts.workers
    return replace(collector, hand_out=workers.hand_out, window=workers.window, told=workers.told) if workers else collector


def _processes(asked: Asked, run: Run, export: Export, parts: Parts, numbers: _Numbers, left: int) -> Processes:
    """Processes that have everything loaded."""
    engine_of = parts.open_engine(export)
    keep_for_good()
    named = Named(run.tenant, run.id, run.ehr, asked.agent)

    def work(engine: Codes, part: Part) -> Work:
        return Work(named, engine, partial(gather_encounter, export, run.tenant, run.ehr), parts.ends, parts.append, part)

    def begin() -> Do:
        parts.after_fork()
        return work(engine_of(), Part(asked.out, numbers.last)).do_all

    def lose(encounter: str, error: WorkerLost) -> None:
        work(engine_of(), Part(asked.out, numbers.next())).lose(encounter, error)

    return Processes(min(asked.processes, left), begin, lose, numbers.next)


def _begin(asked: Asked, run: Run, parts: Parts) -> None:
    """Let the store know the run before anything is written. Raises Conflict for output of a run that the store does not know: it would be cut off."""
    if not parts.ends.is_known(run.tenant, run.id) and any(name != PROBLEMS for name in output_files(asked.out)):
        raise Conflict(f"{asked.out}: the store does not know this run; is FHIR_CODER_DATABASE_URL the one it was begun with?")
    entry = AuditEntry(run.tenant, "bulk", Action.EXECUTE, Success.DONE, asked.agent, detail={"run": run.id, "ehr": run.ehr})
    with parts.ends.writing() as connection:
        if not parts.ends.is_known(run.tenant, run.id):
            parts.ends.record(connection, run.tenant, run.id, Ended("", "", End.BEGUN))
        parts.append(connection, entry)


class _Numbers:
    """Numbers of output parts, each given once."""

    def __init__(self, first: int) -> None:
        self.last = first - 1

    def next(self) -> int:
        """The next one."""
        self.last += 1
        return self.last


def _require_output(out: Path, lengths: dict[tuple[int, str], int]) -> None:
    """Raises Conflict where lines that were kept are gone: to go on would hide that."""
    if gone := missing(out, lengths):
        raise Conflict(
            f"{out}: {gone[0]} is gone or shorter than it was; the output of this run was changed, so begin anew in another folder"
        )


def _write_problems(asked: Asked, index: ExportIndex) -> None:
    """The lines on the export itself, the same every time."""
    path = asked.out / PROBLEMS
    partial_path = path.with_name(path.name + ".partial")
    with os.fdopen(os.open(partial_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        for problem in index.problems():
            stream.write(line_of_problem(asked.tenant, problem))
    if partial_path.stat().st_size:
        partial_path.replace(path)
    else:
        partial_path.unlink()
