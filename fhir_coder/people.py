"""People: who somebody is, the roles they have, and the rights that come with a role (``roles.tsv``).

A subject of a sign-in server is one person: there are no shared accounts. Who has no role sees nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import Any


class Right(Enum):
    """One thing that a person may do on the pages, with what it means."""

    REVIEW = "review"
    CODE = "code"
    SIGN_OFF = "sign-off"
    OVERRIDE_BLOCKING = "override-blocking"
    SEE_OTHERS = "see-others"
    CHANGE_THRESHOLDS = "change-thresholds"
    SECOND_REVIEW = "second-review"
    EXPORT = "export"
    READ_AUDIT = "read-audit"
    BREAK_GLASS = "break-glass"

    @property
    def meaning(self) -> str:
        """What it allows, for pages and documents."""
        return _MEANINGS[self]


_MEANINGS = {
    Right.REVIEW: "open the coded encounters of the practice",
    Right.CODE: "have an encounter coded",
    Right.SIGN_OFF: "sign codes off",
    Right.OVERRIDE_BLOCKING: "override a blocking finding",
    Right.SEE_OTHERS: "see what others decided",
    Right.CHANGE_THRESHOLDS: "change thresholds and rules",
    Right.SECOND_REVIEW: "code what passed a second time, without seeing the first result",
    Right.EXPORT: "export",
    Right.READ_AUDIT: "read the audit trail",
    Right.BREAK_GLASS: "open an encounter out of sight, with a reason",
}


@dataclass(frozen=True, slots=True)
class Role:
    """A row of the table of roles."""

    id: str
    title: str
    rights: frozenset[Right]


@cache
def roles() -> Mapping[str, Role]:
    """Every role by its id, in the order of the table."""
    lines = files("fhir_coder").joinpath("roles.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if line and not line.startswith("#")), delimiter="\t")
    return {row["role"]: Role(row["role"], row["title"], frozenset(map(Right, row["rights"].split()))) for row in rows}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed in. ``id`` is ``fhirUser`` (``Practitioner/7``) where the EHR tells it, else the subject; ``issuer`` says who vouches
    for it and ``subject`` is its own name for them; ``roles`` are ids of :func:`roles`."""

    id: str
    issuer: str
    subject: str
    name: str = ""
    roles: tuple[str, ...] = ()

    def may(self, right: Right) -> bool:
        """Whether one of the roles has the right."""
        return right in self.rights

    @property
    def rights(self) -> frozenset[Right]:
        """The rights of all roles together. A role that the table no longer has gives none."""
        return frozenset().union(*(roles()[one].rights for one in self.roles if one in roles()))

    @property
    def titles(self) -> tuple[str, ...]:
        """The roles by title, in the order of the table."""
        return tuple(role.title for role in roles().values() if role.id in self.roles)


@dataclass(frozen=True, slots=True)
class RoleRules:
    """Where the roles of those come from who sign in by one server.

    ``people`` maps a person's id to roles and replaces everything else for them. Otherwise the values of the claim ``claim`` are looked up in
    ``by_value``, and who gets nothing there has the roles ``default``.
    """

    default: tuple[str, ...] = ()
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    claim: str = ""
    by_value: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def roles_of(self, person_id: str, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """The roles of one person, in the order of the table; nothing for somebody the rules do not name."""
        if person_id in self.people:
            found: set[str] = set(self.people[person_id])
        else:
            found = {role for value in _values(claims.get(self.claim)) for role in self.by_value.get(value, ())} or set(self.default)
        return tuple(role for role in roles() if role in found)


NO_ROLES = RoleRules()


def split_launch(members: Mapping[str, Any]) -> tuple[RoleRules, dict[str, Any]]:
    """``role`` and ``people`` of ``ehrs[].launch``, and what of it is the registration. Raises ValueError for what cannot be used."""
    rest = dict(members)
    role, people = rest.pop("role", None), rest.pop("people", None)
    return RoleRules(default=() if role is None else _roles(role), people=_table(people)), rest


def split_sign_in(members: Mapping[str, Any]) -> tuple[RoleRules, dict[str, Any]]:
    """``role_claim``, ``roles`` and ``people`` of ``sign_in``, and what of it is the registration. Raises ValueError for what cannot be used."""
    rest = dict(members)
    claim, by_value, people = rest.pop("role_claim", ""), _table(rest.pop("roles", None)), _table(rest.pop("people", None))
    if not isinstance(claim, str) or bool(claim) != bool(by_value):
        raise ValueError("expected role_claim and roles of sign_in together: the name of a claim, and its values with their roles")
    return RoleRules(people=people, claim=claim, by_value=by_value), rest


def _table(given: object) -> dict[str, tuple[str, ...]]:
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(name, str) and name for name in given):
        raise ValueError("expected people and roles to be objects with roles as values")
    return {name: _roles(value) for name, value in given.items()}


def _roles(given: object) -> tuple[str, ...]:
    """One role or a list of them."""
    named: Sequence[Any] = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    if not named or not all(isinstance(one, str) and one in roles() for one in named):
        raise ValueError(f"expected roles to be of {', '.join(roles())}")
    return tuple(named)


def _values(claim: object) -> Iterable[str]:
    """The values of a claim: a text, a list of texts, or nothing."""
    if isinstance(claim, str):
        return (claim,)
    return tuple(one for one in claim if isinstance(one, str)) if isinstance(claim, list) else ()
