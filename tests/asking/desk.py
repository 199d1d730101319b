"""A question, an EHR in memory, and what is kept of what is sent: a process may die between any two steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from fhir_coder.arrival import BEGUN, UNANSWERED
from fhir_coder.asking.post import Post, Whom
from fhir_coder.asking.question import Question, question_key
from fhir_coder.writeback.terms import Earlier, read_earlier
from tests.simulated_ehr import ALL, TYPES, Resource, SimulatedEhr, full_statement

TEXT = "Please clarify the type of heart failure.\n[ ] systolic\n[ ] unable to determine"
QUESTION = Question(
    question_key("north", "Encounter/e1", "c" * 32, 4),
    "Patient/p1",
    "Encounter/e1",
    "Practitioner/d1",
    "Practitioner/coder",
    datetime(2026, 5, 4, 12, 0, tzinfo=UTC),
    TEXT,
)
NOW = datetime(2026, 5, 5, 9, 30, tzinfo=UTC)


class Died(Exception):
    """The process is gone."""


@dataclass
class Desk:
    """``dies`` names the step after which nothing more happens: ``begin`` or ``answer``. A :class:`fhir_coder.asking.post.Kept`."""

    ehr: SimulatedEhr
    dies: str = ""
    lines: list[list[Any]] = field(default_factory=list)

    def earlier(self) -> Earlier:
        return read_earlier(SimpleNamespace(resource=a, status=b, location=c) for a, b, c in self.lines)

    def begin(self, bundle: Resource, begun: Resource) -> int:
        self.lines.append([bundle["entry"][0]["resource"], *_of(begun)])
        if self.dies == "begin":
            raise Died
        return len(self.lines)

    def keep(self, bundle: Resource, receipt: Resource, number: int) -> None:
        if self.dies == "answer":
            raise Died
        self.lines[number - 1][1:] = _of(receipt)

    def post(self, withheld: Iterable[tuple[str, str]] = ()) -> Post:
        return Post(self.ehr.client(), Whom("Patient/p1", "Encounter/e1"), self, frozenset(withheld))

    def say(self, status: str) -> None:
        """What a person found, of everything that is in doubt."""
        for line in self.lines:
            if line[1].startswith((BEGUN, UNANSWERED)) and not line[2]:
                line[1] = status


def _of(receipt: Resource) -> tuple[str, str]:
    [entry] = receipt["entry"]
    return entry["response"]["status"], entry["response"].get("location", "")


def statement(*types: str, conditional: bool = False, without: dict[str, tuple[str, ...]] | None = None) -> Resource:
    return full_statement(types=(*TYPES[:1], *types), conditional=conditional, without=without)


def blind(*kept: str, conditional: bool = False) -> Resource:
    """An EHR that takes both and lets nothing be searched; of the interactions those ``kept``, beside create."""
    closed = tuple(one for one in ALL if one not in {"create", *kept})
    return statement("Communication", "Task", conditional=conditional, without={"Communication": closed, "Task": closed})


BOTH = statement("Communication", "Task")
