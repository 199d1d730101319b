"""How the documents of one set relate to each other by ``relatesTo`` (http://hl7.org/fhir/R4/documentreference-definitions.html).

Targets are found whatever way they are named: by address (relative, absolute, versioned), by master or other identifier, by a contained
stand-in that carries an identifier, by URN, or by a conditional reference. Positions count the documents of the set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

from fhir_coder.ehr.references import Token, address_of, literal, logical, tokens_of
from fhir_coder.exchange import Resource


class Relations:
    """The graph over ``documents``."""

    def __init__(self, documents: Sequence[Resource]) -> None:
        self._documents = documents
        self._addresses = {address_of(one): position for position, one in enumerate(documents) if address_of(one)}
        self._tokens: dict[Token, list[int]] = {}
        for position, one in enumerate(documents):
            for token in dict.fromkeys(tokens_of(one)):
                self._tokens.setdefault(token, []).append(position)

    def targets(self, position: int, code: str) -> tuple[int, ...]:
        """The documents of the set that this one replaces, appends or transforms (``code``); never itself."""
        found = (self._find(one, position) for one in self._links(position, code))
        return tuple(dict.fromkeys(one for one in found if one is not None and one != position))

    def has_unknown_target(self, position: int, code: str) -> bool:
        """Whether it relates so to a document that is not in the set."""
        return any(self._find(one, position) is None for one in self._links(position, code))

    def replaced(self, is_in_force: Callable[[int], bool], order: Sequence[Any]) -> frozenset[int]:
        """The documents that a later one replaces, at once or through others in between.

        A replacement counts when it is in force itself; one in between need not be. Documents that replace each other in a circle contradict
        themselves: the last by ``order`` stands.
        """
        return frozenset(
            old
            for new in range(len(self._documents))
            if is_in_force(new)
            for old in self._replaces[new]
            if old != new and (new not in self._replaces[old] or order[new] > order[old])
        )

    @cached_property
    def _replaces(self) -> tuple[frozenset[int], ...]:
        """For each document all that it replaces, at once or through others."""
        return tuple(frozenset(self._reach(position)) for position in range(len(self._documents)))

    def _reach(self, position: int) -> Iterable[int]:
        reached: set[int] = set()
        waiting = list(self.targets(position, "replaces"))
        while waiting:
            one = waiting.pop()
            if one not in reached:
                reached.add(one)
                waiting += self.targets(one, "replaces")
        return reached

    def _links(self, position: int, code: str) -> list[tuple[Resource, Any]]:
        document = self._documents[position]
        return [(document, one.get("target")) for one in document.get("relatesTo", ()) if one.get("code") == code]

    def _find(self, link: tuple[Resource, Any], position: int) -> int | None:
        document, target = link
        if address := literal(target, "DocumentReference"):
            return self._addresses.get(address)
        named = [token for token in (logical(target), *self._contained(document, target)) if token]
        found = {one for token in named for one in self._tokens.get(token, ()) if one != position}
        return found.pop() if len(found) == 1 else None

    def _contained(self, document: Resource, target: Any) -> list[Token]:
        """The identifiers of a contained document that stands in for the target."""
        text = target.get("reference", "") if isinstance(target, dict) else ""
        inner = (one for one in document.get("contained", ()) if text == f"#{one.get('id')}")
        return [token for one in inner for token in tokens_of(one)]
