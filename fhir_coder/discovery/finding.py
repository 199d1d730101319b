"""The ways that search at the EHR: what they find is watched, and how far they have come stands beside it.

A search that fails half way leaves its mark where it was, so that it is made again from there; what is found twice is watched once. One person of a list for whom
the EHR refuses or fails is passed over and told of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from fhir_coder.discovery.people_file import read_people
from fhir_coder.discovery.watched import Found, Mark
from fhir_coder.discovery_settings import LISTED, SEARCHING, Discovery, Way, WayName
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.encounter_search import (
    KIND,
    Parameters,
    by_day,
    by_update,
    first_day,
    is_dated,
    is_of,
    is_of_now,
    last_day,
    missing,
    offered,
    updated_at,
)
from fhir_coder.ehr.encounter_version import hash_of
from fhir_coder.ehr.retry import RETRIED
from fhir_coder.errors import ConfigurationError, EhrError, EhrRefused
from fhir_coder.exchange import Resource
from fhir_coder.fhir_id import is_addressable

SLICE = timedelta(days=1)
"""Most of the past that is searched by update in one search: after an outage the pages of one must come to an end."""
CLOCKS_DIFFER_BY = timedelta(hours=1)
"""A search is bounded above only where its bound is past at an EHR whose clock is so much behind ours."""
MOST_REFUSED = 10
"""People in a row for whom the EHR refuses: then it is taken for refusing all, and the list is gone on with another time."""
OF_THE_EHR = frozenset({0, *RETRIED})
"""Failures that are not of the person who was asked for."""


class Watches(Protocol):
    """What this needs of :class:`fhir_coder.store.discovery.DiscoveryStore`."""

    def mark(self, tenant: str, ehr: str, way: str) -> Mark:
        """How far a way has come."""

    def note(self, tenant: str, ehr: str, found: list[Found], way: str = "", mark: Mark | None = None) -> int:
        """Watch what was found."""


@dataclass(slots=True)
class Refused:
    """What the EHR said of people who could not be searched, ``in_a_row`` how often up to now."""

    errors: list[EhrError] = field(default_factory=list)
    in_a_row: int = 0

    def add(self, error: EhrError) -> None:
        """One more."""
        self.errors.append(error)
        self.in_a_row += 1


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds encounters of one EHR. ``only_finished``: others are of no use to the site; ``now`` tells the time (aware)."""

    tenant: str
    ehr: str
    discovery: Discovery
    store: Watches
    only_finished: bool
    now: Callable[[], datetime]

    def find(
        self,
        way: Way,
        client: EhrClient,
        is_over: Callable[[], bool] = lambda: False,
        tell: Callable[[str], object] = lambda sentence: None,
    ) -> int:
        """Search by a way, until ``is_over`` or to its end; how many encounters are new or changed. ``tell`` hears of people that were passed over. Raises
        ConfigurationError where the EHR's metadata does not offer it or its list cannot be read, and an EhrError."""
        self.require_offered(way, client)
        if way.name is WayName.UPDATED:
            return self._by_update(way, client, is_over)
        return self._by_day(way, client, is_over, tell) if way.name in SEARCHING else 0

    def require_offered(self, way: Way, client: EhrClient) -> None:
        """Raises ConfigurationError where the EHR's metadata does not list what a way needs."""
        capabilities = client.capabilities()
        if lacking := missing(capabilities, way):
            listed = ", ".join(sorted(capabilities.searched(KIND))) or "none, and no search"
            others = ", ".join(offered(capabilities)) or "none that searches"
            raise ConfigurationError(
                f"it needs to search {KIND} by {' and '.join(lacking)}, which the EHR's CapabilityStatement does not list (it lists {listed}); "
                f"ways that it offers: {others}; export, drop and hl7 need no search"
            )

    def _by_update(self, way: Way, client: EhrClient, is_over: Callable[[], bool]) -> int:
        count, began = 0, self.now()
        overlap = timedelta(minutes=way.overlap_minutes)
        since = self._since(way, began)
        while True:
            until = since + SLICE
            is_last = until > began - CLOCKS_DIFFER_BY
            reaches = since - overlap
            parameters = by_update(client.capabilities(), reaches, None if is_last else until)
            encounters = [one for one in self._search(client, parameters) if (updated_at(one) or began) >= reaches.replace(microsecond=0)]
            moments = [updated_at(one) or began for one in encounters]
            reached = min(max([since, *moments]), began) if is_last else until
            count += self._note(encounters, way, Mark(reached.astimezone(UTC).isoformat()))
            if is_last or is_over():
                return count
            since = until

    def _since(self, way: Way, now: datetime) -> datetime:
        """Up to when the way has come. A mark to come was set by a clock that was ahead: far ahead, it does not tell of what was searched."""
        first, mark = now - timedelta(days=way.back_days), _moment(self.store.mark(self.tenant, self.ehr, way.name).mark)
        return min(mark, now) if mark and mark <= now + CLOCKS_DIFFER_BY else first

    def _by_day(self, way: Way, client: EhrClient, is_over: Callable[[], bool], tell: Callable[[str], object]) -> int:
        mark, today = self.store.mark(self.tenant, self.ehr, way.name), self.now().date()
        last_sweep = min(_day(mark.mark) or today, today)
        people = (way.ids or read_people(way.file, LISTED[way.name])) if way.name in LISTED else ("",)
        spans = list(_spans(last_sweep - timedelta(days=way.back_days), today + timedelta(days=1), way.back_days + 2))
        spans = spans if is_dated(client.capabilities()) else spans[:1]
        refused = Refused()
        count, rest = 0, _rest(people, mark.place)
        for person in rest:
            if is_over():
                return count
            try:
                found = self._of_days(way, client, person, spans)
            except EhrError as error:
                if not person or not _is_of_the_person(error):
                    raise
                found = []
                refused.add(error)
            else:
                refused.in_a_row = 0
            count += self._note(found, way, Mark(mark.mark, person))
            if refused.in_a_row >= MOST_REFUSED and person != rest[-1]:
                raise refused.errors[-1]
        if refused.errors:
            tell(f"{len(refused.errors)} of {len(rest)} could not be searched: {refused.errors[-1].message}")
        is_searched = len(refused.errors) < len(rest) or not rest
        self.store.note(self.tenant, self.ehr, [], way.name, Mark(today.isoformat() if is_searched else mark.mark))
        return count

    def _of_days(self, way: Way, client: EhrClient, person: str, spans: list[tuple[date, date]]) -> list[Resource]:
        """Encounters of these days, of the person where one is named. Raises an EhrError."""
        found: list[Resource] = []
        for first, last in spans:
            parameters = by_day(client.capabilities(), first, last, way.name, person, self.only_finished)
            found += [one for one in self._search(client, parameters) if not person or is_of(one, way.name, person)]
        return found

    def _search(self, client: EhrClient, parameters: Parameters) -> Iterator[Resource]:
        return client.search(KIND, parameters, on_warning=_pass_over)

    def _note(self, encounters: list[Resource], way: Way, mark: Mark) -> int:
        today = self.now().date()
        found = [Found(one["id"], hash_of(one)) for one in encounters if is_addressable(one.get("id", "")) and self._is_of_now(one, today)]
        return self.store.note(self.tenant, self.ehr, found, way.name, mark)

    def _is_of_now(self, encounter: Resource, today: date) -> bool:
        return is_of_now(first_day(encounter), last_day(encounter), today, self.discovery.wait_days)


def _is_of_the_person(error: EhrError) -> bool:
    """Whether the EHR may answer for others: it refused, or failed and is neither away nor busy."""
    return isinstance(error, EhrRefused) or error.ehr_status not in OF_THE_EHR


def _pass_over(warning: str) -> None:
    """What a search warns of (parts that are not valid FHIR, parameters that are ignored) is of encounters that are found another time, or checked."""


def _rest(people: tuple[str, ...], place: str) -> tuple[str, ...]:
    """Those that the last sweep did not come to; all where it came to its end, or to somebody who is not listed any more."""
    return people[people.index(place) + 1 :] if place and place in people else people


def _spans(first: date, last: date, days: int) -> Iterator[tuple[date, date]]:
    """The days from the first to the last, so many at a time."""
    while first <= last:
        end = min(first + timedelta(days=days), last)
        yield first, end
        first = end + timedelta(days=1)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
