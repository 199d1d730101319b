"""How the documents of one set relate to each other by ``relatesTo`` (http://hl7.org/fhir/R4/documentreference-definitions.html).

Targets are found whatever way they are named: by address (relative, absolute, versioned), by master or other identifier, by a contained
stand-in that carries an identifier, by URN, or by a conditional reference. A document that replaces its target is neither an addendum to it nor
a rendition of it, although IHE XDS lets it say both. Positions count the documents of the set; everything here is linear in the set and its
links.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from fhir_coder.ehr.components import strong_components
from fhir_coder.ehr.references import Token, address_of, literal, logical, tokens_of
from fhir_coder.exchange import Resource

REPLACES, APPENDS, TRANSFORMS = "replaces", "appends", "transforms"


class Relations:
    """The graph over ``documents``."""

    def __init__(self, documents: Sequence[Resource]) -> None:
        self._addresses = {address_of(one): position for position, one in enumerate(documents) if address_of(one)}
        self._tokens: dict[Token, list[int]] = {}
        for position, one in enumerate(documents):
            for token in dict.fromkeys(tokens_of(one)):
                self._tokens.setdefault(token, []).append(position)
        found = [self._links(document, position) for position, document in enumerate(documents)]
        self._targets = {code: [_known(links, code, position) for position, links in enumerate(found)] for code in (APPENDS, TRANSFORMS)}
        self._targets[REPLACES] = [_known(links, REPLACES, position) for position, links in enumerate(found)]
        self._unknown = [frozenset(code for code, target in links if target is None) for links in found]

    def targets(self, position: int, code: str) -> tuple[int, ...]:
        """The documents of the set that this one replaces, appends or transforms (``code``); never itself."""
        return self._targets[code][position]

    def has_unknown_target(self, position: int, code: str) -> bool:
        """Whether it relates so to a document that is not in the set."""
        return code in self._unknown[position]

    def below(self, positions: Iterable[int], *codes: str) -> frozenset[int]:
        """The documents that relate so to one of these, at once or through others."""
        sources = self._sources(*codes)
        reached: set[int] = set()
        waiting = [source for one in positions for source in sources[one]]
        while waiting:
            one = waiting.pop()
            if one not in reached:
                reached.add(one)
                waiting += sources[one]
        return frozenset(reached)

    def replaced(self, is_in_force: Callable[[int], bool], order: Sequence[Any]) -> frozenset[int]:
        """The documents that a later one replaces, at once or through others in between.

        A replacement counts when it is in force itself; one in between need not be. Documents that replace each other in a circle contradict
        themselves: the last of them by ``order`` that is in force stands, unless one outside replaces them all.
        """
        targets = self._targets[REPLACES]
        found: set[int] = set()
        is_reached: dict[int, bool] = {}
        for circle in strong_components(targets):  # those that replace come before what they replace
            outside = any(is_reached.get(one, False) for one in circle)
            standing = [one for one in circle if is_in_force(one)]
            latest = max(standing, key=order.__getitem__, default=None)
            if outside:
                found.update(circle)
            elif latest is not None:
                found.update(one for one in circle if one != latest and order[latest] > order[one])
            if outside or standing:
                is_reached |= dict.fromkeys((target for one in circle for target in targets[one]), True)
        return frozenset(found)

    def joined(self, code: str) -> Iterator[list[int]]:
        """Documents that relate so to each other, whatever the direction, at once or through others; two at least."""
        sources = self._sources(code)
        seen: set[int] = set()
        for first in range(len(sources)):
            group: list[int] = []
            waiting = [first]
            while waiting:
                one = waiting.pop()
                if one not in seen:
                    seen.add(one)
                    group.append(one)
                    waiting += [*sources[one], *self._targets[code][one]]
            if len(group) > 1:
                yield group

    def downward(self, code: str) -> Iterator[int]:
        """Every document after those that it relates to; documents in a circle are left out."""
        sources = self._sources(code)
        open_targets = [len(targets) for targets in self._targets[code]]
        waiting = [one for one, count in enumerate(open_targets) if not count]
        for one in waiting:  # grows as it is walked
            yield one
            for source in sources[one]:
                open_targets[source] -= 1
                if not open_targets[source]:
                    waiting.append(source)

    def _sources(self, *codes: str) -> list[list[int]]:
        """For each document those that relate so to it."""
        found: list[list[int]] = [[] for _ in self._unknown]
        for code in codes:
            for position, targets in enumerate(self._targets[code]):
                for target in targets:
                    found[target].append(position)
        return found

    def _links(self, document: Resource, position: int) -> list[tuple[str, int | None]]:
        """Each link of a document: its code and the position of its target, None when the target is not in the set."""
        return [(one.get("code", ""), self._find(document, one.get("target"), position)) for one in document.get("relatesTo", ())]

    def _find(self, document: Resource, target: Any, position: int) -> int | None:
        if address := literal(target, "DocumentReference"):
            return self._addresses.get(address)
        named = [token for token in (logical(target), *_contained(document, target)) if token]
        found = {one for token in named for one in self._tokens.get(token, ()) if one != position}
        return found.pop() if len(found) == 1 else None


def _known(links: Iterable[tuple[str, int | None]], code: str, position: int) -> tuple[int, ...]:
    links = list(links)
    replaced = {target for one, target in links if one == REPLACES} if code != REPLACES else set()
    named = (target for one, target in links if one == code and target not in {None, position} and target not in replaced)
    return tuple(dict.fromkeys(one for one in named if one is not None))


def _contained(document: Resource, target: Any) -> list[Token]:
    """The identifiers of a contained document that stands in for the target."""
    text = target.get("reference", "") if isinstance(target, dict) else ""
    inner = (one for one in document.get("contained", ()) if text == f"#{one.get('id')}")
    return [token for one in inner for token in tokens_of(one)]
