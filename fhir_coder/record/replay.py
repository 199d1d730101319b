"""Doing a past coding again, and telling why it came out otherwise.

First on the artifacts and settings it was made with: what differs then comes from the software. Then, when asked for, on those of today: each
that changed is put in alone, and a difference that it makes alone is attributed to it; what only several together make stays unattributed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from fhir_coder import __version__
from fhir_coder.exchange import Artifacts, Configuration, Intake
from fhir_coder.facts import write_encounter
from fhir_coder.record.again import NotReplayable, encounter_again
from fhir_coder.record.answer import Answer, Difference, answer_kept, differences
from fhir_coder.record.archive import Archive, ArtifactMissing
from fhir_coder.record.artifacts import INDEX, KNOWLEDGE, RANKER, RELEASE, index_release
from fhir_coder.record.rereading import NoteReader
from fhir_coder.record.rerun import Run, rerun
from fhir_coder.record.workspace import laid_out, missing
from fhir_coder.software import code_digest
from fhir_coder.store.records import StoredEncounter

SETTINGS = "settings"
TOGETHER = "release and index"
"""An index is of one release: when that changed, neither can be put in alone."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What an encounter is coded with."""

    artifacts: Artifacts
    configuration: Configuration


@dataclass(frozen=True, slots=True)
class Cause:
    """What changed since, and the differences that it makes alone; ``failure`` says why that could not be tried."""

    name: str
    differences: tuple[Difference, ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Today:
    """The same encounter on the artifacts and settings of today, against the replay on those of then."""

    differences: tuple[Difference, ...]
    causes: tuple[Cause, ...]

    @property
    def unattributed(self) -> tuple[Difference, ...]:
        """Differences that no cause makes alone."""
        explained = {one for cause in self.causes for one in cause.differences}
        return tuple(one for one in self.differences if one not in explained)


@dataclass(frozen=True, slots=True)
class Replay:
    """The outcome. ``differences`` are between the record and the replay on the same artifacts and settings; ``sources`` say where the text
    of each note came from."""

    coding: StoredEncounter
    differences: tuple[Difference, ...]
    sources: dict[str, str]
    caveats: tuple[str, ...] = ()
    today: Today | None = None

    @property
    def is_equal(self) -> bool:
        """Whether everything came out as recorded, and as today where that was tried."""
        return not self.differences and not (self.today and self.today.differences)

    @property
    def is_same_software(self) -> bool:
        """Whether the very code that coded replays."""
        return self.coding.engine_version == __version__ and code_digest().startswith(self.coding.versions.get("code", "-"))


@dataclass(frozen=True, slots=True)
class Replayer:
    """Collaborators: kept artifacts, how notes and facts are had again, and what would be used today for an encounter."""

    archive: Archive
    reader: NoteReader
    gather_again: Callable[[StoredEncounter], Intake]
    basis_today: Callable[[StoredEncounter], Basis]
    run: Callable[..., Run] = field(default=rerun)

    def replay(self, coding: StoredEncounter, with_today: bool = False) -> Replay:
        """Code again and compare. Raises NotReplayable with what is missing."""
        if not coding.artifacts.release:
            raise NotReplayable(f"it was coded by version {coding.engine_version}, before artifacts were kept")
        if gone := missing(self.archive, coding.artifacts):
            raise NotReplayable(*gone)
        again = encounter_again(coding, self.reader, self.gather_again)
        job = _Job(self, write_encounter(again.encounter))
        then = Basis(coding.artifacts, coding.configuration)
        answer, borrowed = job.answer(then)
        try:
            today = job.today(answer, then, self.basis_today(coding)) if with_today else None
        except ArtifactMissing as error:
            raise NotReplayable(str(error)) from error
        caveats = (*again.caveats, *(f"{path} did not exist then: today's was used" for path in borrowed))
        return Replay(coding, differences(answer_kept(coding), answer), again.sources, caveats, today)


@dataclass(frozen=True, slots=True)
class _Job:
    """One encounter, coded on one basis after another."""

    replayer: Replayer
    encounter: str

    def answer(self, basis: Basis) -> tuple[Answer, tuple[str, ...]]:
        """The answer on a basis, and the files of knowledge that it lacks. Raises NotReplayable."""
        try:
            with laid_out(self.replayer.archive, basis.artifacts) as workspace:
                run = self.replayer.run(workspace, basis.configuration, self.encounter)
                if run.answer is None:
                    raise NotReplayable(run.failure)
                return run.answer, workspace.borrowed
        except ArtifactMissing as error:
            raise NotReplayable(str(error)) from error

    def today(self, answer: Answer, then: Basis, now: Basis) -> Today:
        """The answer of today and its causes. With one cause all is its work."""
        changed = self._changes(then, now)
        if not changed:
            return Today((), ())
        total = differences(answer, self.answer(now)[0])
        if len(changed) == 1:
            return Today(total, (Cause(changed[0][0], total),))
        return Today(total, tuple(self._cause(name, answer, basis) for name, basis in changed))

    def _cause(self, name: str, answer: Answer, basis: Basis) -> Cause:
        try:
            return Cause(name, differences(answer, self.answer(basis)[0]))
        except NotReplayable as error:
            return Cause(name, failure=str(error))

    def _changes(self, then: Basis, now: Basis) -> list[tuple[str, Basis]]:
        """Each thing that changed, with the basis of then in which it alone is today's."""
        archive = self.replayer.archive
        is_same_source = index_release(archive, then.artifacts.index) == index_release(archive, now.artifacts.index)
        swaps: list[tuple[str, tuple[str, ...]]] = (
            [(RELEASE, (RELEASE,)), (INDEX, (INDEX,))] if is_same_source else [(TOGETHER, (RELEASE, INDEX))]
        )
        swaps += [(RANKER, (RANKER,)), (KNOWLEDGE, (KNOWLEDGE,))]
        swapped = [(name, replace(then.artifacts, **{kind: getattr(now.artifacts, kind) for kind in kinds})) for name, kinds in swaps]
        changes = [(name, replace(then, artifacts=artifacts)) for name, artifacts in swapped if artifacts != then.artifacts]
        settings = [(SETTINGS, replace(then, configuration=now.configuration))] if then.configuration != now.configuration else []
        return changes + settings
