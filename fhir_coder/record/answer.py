"""What a coding came to, as plain values that two codings can be compared by: no words, no proposal, no time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fhir_coder.model import CodeAssignment, Disposition, Evidence, Finding, Outcome, ProviderQuery, Reason, Rejection
from fhir_coder.store.records import StoredEncounter

Row = tuple[str, ...]
Part = dict[str, Row]
"""Lines of one part by what names them: a code, an edit with its codes, a reason."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The parts of one answer, each a mapping of what names a line to its values as text."""

    codes: Part
    rejected: Part
    uncoded: Part
    findings: Part
    reasons: Part
    disposition: Part


@dataclass(frozen=True, slots=True)
class Difference:
    """One line that is not the same in two answers; an empty side lacks it."""

    part: str
    name: str
    before: Row
    after: Row

    @property
    def sentence(self) -> str:
        """The difference as a line for people."""
        if not self.before or not self.after:
            return f"{self.part} {self.name}: {'only after' if self.after else 'only before'} ({', '.join(filter(None, self.after or self.before))})"
        changed = [f"{old} -> {new}" for old, new in zip(self.before, self.after, strict=False) if old != new]
        return f"{self.part} {self.name}: {', '.join(changed)}"


PARTS = ("codes", "rejected", "uncoded", "findings", "reasons", "disposition")


def answer_of(disposition: Disposition) -> Answer:
    """The answer of a run."""
    coded = disposition.report.coded
    return _answer(
        zip(coded.assignments, disposition.by_code, strict=True),
        coded.rejected,
        coded.uncoded,
        disposition.report.findings,
        disposition.reasons,
        (disposition.outcome, disposition.is_confident),
    )


def answer_kept(coding: StoredEncounter) -> Answer:
    """The answer that the record holds."""
    return _answer(
        zip(coding.assignments, coding.by_code, strict=True),
        coding.rejected,
        coding.uncoded,
        coding.findings,
        coding.reasons,
        (coding.disposition, coding.is_confident),
    )


def differences(before: Answer, after: Answer) -> tuple[Difference, ...]:
    """Every line that is not the same, in the order of the parts, then of the first answer."""
    return tuple(_differences(before, after))


def _differences(before: Answer, after: Answer) -> Iterator[Difference]:
    for part in PARTS:
        old, new = getattr(before, part), getattr(after, part)
        for name in dict.fromkeys((*old, *new)):
            if old.get(name) != new.get(name):
                yield Difference(part, name, old.get(name, ()), new.get(name, ()))


def _answer(
    assigned: Iterable[tuple[CodeAssignment, Outcome]],
    rejected: Sequence[Rejection],
    uncoded: Sequence[Evidence],
    findings: Sequence[Finding],
    reasons: Sequence[Reason],
    disposition: tuple[Outcome, bool],
) -> Answer:
    outcome, is_confident = disposition
    return Answer(
        codes={one.code: (f"rank {one.rank}", f"p {one.probability:.4f}", own.value, _places(one.evidence)) for one, own in assigned},
        rejected={f"{one.code} {one.reason.value}": (f"p {one.probability:.4f}", one.instead, _places(one.evidence)) for one in rejected},
        uncoded={_places((one,)): ("no code",) for one in uncoded},
        findings=_numbered(
            (f"{one.edit} {' '.join(one.codes)}".strip(), (one.severity.value, one.detail, *_asked(one.query))) for one in findings
        ),
        reasons=_numbered((one.code, (" ".join(one.codes), one.text)) for one in reasons),
        disposition={"encounter": (outcome.value, "confident" if is_confident else "not confident")},
    )


def _asked(query: ProviderQuery | None) -> Row:
    """What is asked of the provider: question, answers with what they lead to, and where the quotations stand."""
    if query is None:
        return "", "", ""
    options = "; ".join(f"{one.text} {' '.join(one.leads_to)}".rstrip() for one in query.options)
    return query.question, options, _places(query.indicators)


def _numbered(lines: Iterable[tuple[str, Row]]) -> Part:
    """Lines by name; a name that stands again is numbered."""
    part: Part = {}
    for name, row in lines:
        number, unique = 1, name
        while unique in part:
            number += 1
            unique = f"{name} ({number})"
        part[unique] = row
    return part


def _places(evidence: Iterable[Evidence]) -> str:
    """The spans: note and offsets."""
    return " ".join(f"{one.note_id}[{one.start}..{one.end}]" for one in evidence)
