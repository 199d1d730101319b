"""Coding an encounter in a process of its own, on artifacts that are laid out in folders.

The process is ``python -m fhir_coder.record.rerun``: a job as JSON on standard input, an answer as JSON on standard output. Words of notes
pass through these pipes only. A process of its own, because loaders remember the knowledge they read.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from fhir_coder.coding.policy import POLICIES
from fhir_coder.coding.ranker import read_ranker
from fhir_coder.confidence import Curve
from fhir_coder.disposition import Policy
from fhir_coder.edits.lists import LOADED_FILE, lists_at
from fhir_coder.errors import ConfigurationError
from fhir_coder.exchange import Artifacts, Configuration
from fhir_coder.facts import read_encounter
from fhir_coder.pipeline import Coder
from fhir_coder.record.answer import Answer, answer_of
from fhir_coder.record.artifacts import INDEX, KNOWLEDGE, RANKER, RANKER_FILE, RELEASE
from fhir_coder.record.workspace import Workspace
from index.manifest import ManifestMismatch, read_manifest
from index.open import open_index
from terminology.installation import open_release
from terminology.knowledge import REPLACED_BY, knowledge_of
from terminology.lexicon import Lexicon
from terminology.release import Catalogue

TIMEOUT_S = 600
_PROGRAM = ("-m", "fhir_coder.record.rerun")


@dataclass(frozen=True, slots=True)
class Job:
    """What the process is told: where the artifacts lie, the settings that decide, and the encounter with its texts as JSON."""

    release: str
    index: str
    ranker: str
    configuration: Configuration
    encounter: str


@dataclass(frozen=True, slots=True)
class Run:
    """What the process says: an answer, or why this software cannot code on these artifacts."""

    answer: Answer | None = None
    failure: str = ""


_JOB, _RUN = TypeAdapter(Job), TypeAdapter(Run)


def rerun(workspace: Workspace, configuration: Configuration, encounter: str, program: Sequence[str] = _PROGRAM) -> Run:
    """Code the encounter (JSON with its texts) in a new process on the artifacts of a workspace. ``program`` are Python's arguments.

    A process that does not end, dies or says anything but its answer is a failure of the run; none of its words are repeated.
    """
    job = job_of(workspace, configuration, encounter)
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, *program],
            input=_JOB.dump_json(job),
            capture_output=True,
            timeout=TIMEOUT_S,
            env={**os.environ, REPLACED_BY: str(workspace.of(KNOWLEDGE))},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Run(failure=f"the replaying process did not end within {TIMEOUT_S} seconds")
    if done.returncode != 0:
        # Its standard error may quote a note and is not repeated.
        return Run(failure=f"the replaying process ended with status {done.returncode}")
    return _read_run(done.stdout)


def _read_run(printed: bytes) -> Run:
    """What the process says. Its words are not repeated where they are no answer: they may be a note's."""
    try:
        run = _RUN.validate_json(printed)
    except ValidationError as error:
        return Run(failure=f"the replaying process gave no answer that can be read ({type(error).__name__})")
    return run if run.answer or run.failure else Run(failure="the replaying process gave no answer that can be read")


def job_of(workspace: Workspace, configuration: Configuration, encounter: str) -> Job:
    """What to do in a workspace."""
    ranker = workspace.of(RANKER) / RANKER_FILE
    return Job(str(workspace.of(RELEASE)), str(workspace.of(INDEX)), str(ranker), configuration, encounter)


def code_job(job: Job) -> Run:
    """The whole line on the laid out artifacts. That this software cannot read one of them is an answer too."""
    try:
        coder = _coder(job)
    except (ConfigurationError, ManifestMismatch, KeyError, OSError, TypeError, ValueError) as error:
        return Run(failure=f"this version of the software cannot use the kept artifacts: {error}")
    try:
        policy = POLICIES[job.configuration.policy](job.configuration.assign_probability)
        disposition, _ = coder.code_encounter(read_encounter(job.encounter), policy)
    except Exception as error:  # its text may quote a note
        return Run(failure=f"this version of the software cannot code the encounter ({type(error).__name__})")
    return Run(answer_of(disposition))


def _coder(job: Job) -> Coder:
    """A coder of one release. The index is believed to be of the lexicon that it names: its dictionary was compiled from that."""
    release, manifest = open_release(Path(job.release)), read_manifest(Path(job.index))
    index = open_index(Path(job.index), release, Lexicon((), manifest.lexicon_sha256))
    configuration = job.configuration
    return Coder(
        catalogue=Catalogue([release]),
        index_for=lambda _: index,
        rankers={configuration.policy: read_ranker(Path(job.ranker).read_bytes())},
        review=Policy(
            configuration.passing,
            configuration.pass_probability,
            Curve(configuration.level, configuration.slope),
            configuration.calibration,
        ),
        severities=configuration.severities,
        keep=lambda *_: Artifacts(),
        lists=lists_at(knowledge_of("fhir_coder.edits").joinpath(LOADED_FILE)),
    )


if __name__ == "__main__":
    # What a library prints must not stand in the answer.
    answer, sys.stdout = sys.stdout.buffer, sys.stderr
    answer.write(_RUN.dump_json(code_job(_JOB.validate_json(sys.stdin.buffer.read()))))
    answer.flush()
