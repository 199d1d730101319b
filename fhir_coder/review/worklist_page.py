"""What the worklist shows: its rows in words, its columns, and how it can be narrowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fhir_coder.billing.outgoing import State as BillingState
from fhir_coder.review.worklist_query import ME, NOBODY, OPEN, ListQuery
from fhir_coder.review.worklist_words import BILLING, age_words, hold_words, reasons_in_words
from fhir_coder.store.worklist import Sort, WorklistLine
from fhir_coder.uploaded_provider import called
from fhir_coder.worklist.decision import Someone
from fhir_coder.worklist.review import State

CODES_SHOWN, REASONS_SHOWN = 4, 3
BUILT_IN = (
    ("All open", ListQuery(OPEN)),
    ("Mine", ListQuery(OPEN, assigned=ME)),
    ("Nobody’s", ListQuery("waiting", assigned=NOBODY)),
    ("Held", ListQuery("held")),
    ("Signed", ListQuery("signed", sort=Sort.NEWEST.value)),
)
"""The views that everybody has."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much of the worklist waits: what is open, what of that is the person's, and what is nobody's; and whether the person may take of it."""

    open: int
    mine: int
    unclaimed: int
    may_take: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What became of a change to a row: a sentence, and whether it was done."""

    sentence: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list in words. ``value`` names review and version in forms; ``name``, ``patient`` and ``provider``
    (of an upload: what a person called them) are ids without the type of resource, which the columns say; ``lock`` is empty where nobody works on it."""

    line: WorklistLine
    value: str
    name: str
    patient: str
    provider: str
    codes: tuple[str, ...]
    more_codes: tuple[str, ...]
    reasons: tuple[str, ...]
    more_reasons: tuple[str, ...]
    age: str
    hold: str
    assigned: str
    is_mine: bool
    lock: str
    is_locked_by_others: bool
    is_open: bool
    billing: str
    billing_look: str
    said: Said | None


@dataclass(frozen=True, slots=True)
class View:
    """A view to choose, with how much is in it. ``id`` is empty for one that everybody has."""

    name: str
    query: str
    count: int
    is_current: bool
    id: str = ""
    is_shared: bool = False
    is_changeable: bool = False
    is_first: bool = False


def rows_of(
    lines: Sequence[WorklistLine],
    me: Someone,
    now: datetime,
    billing: Mapping[str, BillingState],
    said: Mapping[str, Said],
    shows_codes: bool,
) -> tuple[Row, ...]:
    """The rows of a page. ``said`` is by the id of a coding; without ``shows_codes`` nothing is told of what the notes led to."""
    return tuple(_row(one, me, now, billing.get(one.coding_id), said.get(one.coding_id), shows_codes) for one in lines)


def _row(line: WorklistLine, me: Someone, now: datetime, billing: BillingState | None, said: Said | None, shows_codes: bool) -> Row:
    codes = line.codes if shows_codes else ()
    reasons = reasons_in_words(line.reasons) if shows_codes else ()
    words, look = BILLING[billing] if billing else ("", "")
    holder = line.lock.holder if line.lock else None
    is_mine = me.is_same(line.assigned)
    return Row(
        line=line,
        value=f"{line.coding_id}:{line.version}",
        name=bare(line.encounter_reference) or "without an id",
        patient=bare(line.patient_reference) if shows_codes else "",
        provider=_provider(line),
        codes=codes[:CODES_SHOWN],
        more_codes=codes[CODES_SHOWN:],
        reasons=reasons[:REASONS_SHOWN],
        more_reasons=reasons[REASONS_SHOWN:],
        age=age_words(line.created_at, now),
        hold=hold_words(line.hold_reason) if line.state is State.HELD else "",
        assigned="you" if is_mine else display(line.assigned),
        is_mine=is_mine,
        lock=f"{'you' if me.is_same(holder) else display(holder)} until {line.lock.until:%H:%M} UTC" if line.lock else "",
        is_locked_by_others=holder is not None and not me.is_same(holder),
        is_open=line.state in {State.WAITING, State.HELD},
        billing=words,
        billing_look=look,
        said=said,
    )


def bare(reference: str) -> str:
    """The id of a relative reference; anything else as it is."""
    kind, _, name = reference.partition("/")
    return name if kind.isalpha() and name and "/" not in name else reference


def _provider(line: WorklistLine) -> str:
    words = called(line.provider, line.provider_name) if line.is_uploaded else line.provider
    return bare(words) if words == line.provider else words


def display(person: Someone | None) -> str:
    """The name of a person, or the id where no name is kept; empty for nobody."""
    return (person.name or person.id) if person else ""
