"""Which of the scopes we asked for an authorization server did not grant.

Syntax: SMART App Launch 2.2, scopes-and-launch-context.html. Version 1 says ``read``, ``write`` and ``*`` for what version 2 spells in letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SCOPE = re.compile(r"(?P<level>patient|user|system)/(?P<type>\*|[A-Za-z]+)\.(?P<may>read|write|\*|c?r?u?d?s?)", re.ASCII)
_OLD = {"read": "rs", "write": "cud", "*": "cruds"}

_Grant = tuple[str, str, str]
"""Level, resource type or ``*``, one letter of ``cruds``."""


def missing_scopes(asked: str, granted: str) -> tuple[str, ...]:
    """The scopes of ``asked`` that ``granted`` does not cover whole, as they were asked for. Both are separated by blanks."""
    names = set(granted.split())
    grants = {grant for name in names for grant in _grants(name)}
    return tuple(one for one in asked.split() if one not in names and not _is_covered(_grants(one), grants))


def _grants(scope: str) -> frozenset[_Grant]:
    """What a scope allows, letter by letter; none for one that is no resource scope, or that a query narrows: those count by name alone."""
    found = _SCOPE.fullmatch(scope)
    letters: Iterable[str] = _OLD.get(found["may"], found["may"]) if found else ()
    return frozenset((found["level"], found["type"], letter) for letter in letters) if found else frozenset()


def _is_covered(wanted: frozenset[_Grant], grants: set[_Grant]) -> bool:
    return bool(wanted) and all((level, kind, may) in grants or (level, "*", may) in grants for level, kind, may in wanted)
