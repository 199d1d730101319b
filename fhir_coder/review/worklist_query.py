"""The worklist's query string: everything that a list is narrowed to and sorted by stands in its address, so that it can be kept and passed on.

What cannot be read is left out: an address that somebody else made, or an older one, still shows a list.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from fhir_coder.model import Severity
from fhir_coder.store.records import Within
from fhir_coder.store.worklist import Filters, Sort
from fhir_coder.worklist.decision import Someone
from fhir_coder.worklist.review import State

ME, NOBODY = "me", "nobody"
OPEN = "open"
STATES: Mapping[str, tuple[State, ...]] = {
    OPEN: (State.WAITING, State.HELD),
    "waiting": (State.WAITING,),
    "held": (State.HELD,),
    "signed": (State.SIGNED,),
    "passed": (State.PASSED,),
    "all": tuple(State),
}
LEAST = (Severity.BLOCKING, Severity.ADVISORY, Severity.INFORMATION)
LONGEST_QUERY = 1500
"""Characters of a query string that is kept or sent along."""
_LONGEST_VALUE = 600
_LAST_PAGE = 100_000


@dataclass(frozen=True, slots=True)
class ListQuery:
    """As typed and chosen; empty for what does not matter. ``assigned`` is :data:`ME`, :data:`NOBODY` or a person (:func:`person_key`)."""

    state: str = OPEN
    assigned: str = ""
    severity: str = ""
    reason: str = ""
    ehr: str = ""
    since: str = ""
    until: str = ""
    q: str = ""
    sort: str = Sort.OLDEST.value
    page: int = 1

    @classmethod
    def of(cls, given: MultiDict[str, str]) -> ListQuery:
        """What a query string asks for."""
        texts = {name: given.get(name, "").strip()[:_LONGEST_VALUE] for name in ("assigned", "reason", "ehr", "q")}
        page = given.get("page", "")
        return cls(
            state=_one_of(given.get("state", ""), STATES, OPEN),
            severity=_one_of(given.get("severity", ""), [one.value for one in LEAST], ""),
            since=_day(given.get("since", "")),
            until=_day(given.get("until", "")),
            sort=_one_of(given.get("sort", ""), [one.value for one in Sort], Sort.OLDEST.value),
            page=min(max(int(page), 1), _LAST_PAGE) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
            **texts,
        )

    def filters(self, me: Someone, within: Within) -> Filters:
        """What of the list is asked for by somebody who sees a part of the practice."""
        named = self.assigned if self.assigned not in {ME, NOBODY} else ""
        return Filters(
            states=STATES[self.state],
            assigned=me if self.assigned == ME else person_of(named) if named else None,
            is_unassigned=self.assigned == NOBODY,
            severity=Severity(self.severity) if self.severity else None,
            reason=self.reason,
            ehr=self.ehr,
            since=date.fromisoformat(self.since) if self.since else None,
            until=date.fromisoformat(self.until) if self.until else None,
            search=self.q,
            within=within,
        )

    def without_findings(self) -> ListQuery:
        """The same list without what would tell of the notes: for somebody who is not shown codes."""
        sort = Sort.OLDEST.value if self.sort in {Sort.SEVERITY.value, Sort.CODES.value, Sort.PATIENT.value} else self.sort
        return replace(self, severity="", reason="", sort=sort)

    @property
    def is_narrowed(self) -> bool:
        """Whether a filter beyond state and person is set."""
        return any((self.severity, self.reason, self.ehr, self.since, self.until, self.q))

    def text(self, **changes: str | int) -> str:
        """The query string, with changes; another page than the first only where it is asked for."""
        other = replace(self, **{"page": 1} | changes)  # type: ignore[arg-type]
        values = {name: getattr(other, name) for name in self.__dataclass_fields__}
        kept = {name: value for name, value in values.items() if name == "state" or value != getattr(_PLAIN, name)}
        return urlencode(kept)


_PLAIN = ListQuery()


def person_key(person: Someone) -> str:
    """A person in one text. An issuer has no bar, an id may have one."""
    return f"{person.id}|{person.issuer}"


def person_of(key: str) -> Someone:
    """The person of a text; without an issuer it is nobody whom we know."""
    found, _, issuer = key.rpartition("|")
    return Someone(found or issuer, issuer if found else "")


def _one_of(given: str, known: Container[str], otherwise: str) -> str:
    return given if given in known else otherwise


def _day(given: str) -> str:
    try:
        return date.fromisoformat(given).isoformat() if len(given) == 10 else ""
    except ValueError:
        return ""
