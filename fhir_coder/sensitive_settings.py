"""What a tenant does with sensitive documents: the member ``sensitive`` of ``FHIR_CODER_TENANTS``.

Each kind of mark has a rule; the defaults are argued in docs/sensitive.md. Psychotherapy notes have none: they need the patient's
authorization for each use (45 CFR 164.508(a)(2)), which no setting can give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What a mark says of a document. ``SITE``: the tenant's own lists exclude it. ``SELF_PAY`` bears on billing, never on reading."""

    PSYCHOTHERAPY = "psychotherapy"
    PART2 = "part2"
    SUBSTANCE_USE = "substance_use"
    VERY_RESTRICTED = "very_restricted"
    RESTRICTED = "restricted"
    TOPIC = "topics"
    REFRAIN = "refrain"
    REDISCLOSURE = "redisclosure"
    SITE = "site"
    SELF_PAY = "self_pay"


class Rule(StrEnum):
    """What becomes of what is marked. ``CONSENT``: read with a consent of the patient that is known, else excluded. ``REVIEW``: read, and a
    person looks whatever the site lets pass."""

    EXCLUDE = "exclude"
    CONSENT = "consent"
    REVIEW = "review"
    CODE = "code"


DEFAULT_RULES: Mapping[Kind, Rule] = MappingProxyType(
    {
        Kind.PSYCHOTHERAPY: Rule.EXCLUDE,
        Kind.PART2: Rule.CONSENT,
        Kind.SUBSTANCE_USE: Rule.CONSENT,
        Kind.VERY_RESTRICTED: Rule.EXCLUDE,
        Kind.RESTRICTED: Rule.REVIEW,
        Kind.TOPIC: Rule.REVIEW,
        Kind.REFRAIN: Rule.EXCLUDE,
        Kind.REDISCLOSURE: Rule.REVIEW,
        Kind.SITE: Rule.EXCLUDE,
        Kind.SELF_PAY: Rule.CODE,
    }
)
_UNSETTABLE = frozenset({Kind.PSYCHOTHERAPY, Kind.SITE, Kind.SELF_PAY})
_TAKES_CONSENT = frozenset({Kind.PART2, Kind.SUBSTANCE_USE})

Token = tuple[str, str]
"""System and code; an empty system stands for any."""

_ALIASES = {"LOINC": "http://loinc.org", "SNOMED": "http://snomed.info/sct", "NUCC": "http://nucc.org/provider-taxonomy"}


@dataclass(frozen=True, slots=True)
class SensitiveRules:
    """The rules of one tenant. ``programs``: addresses (``Organization/1``, ``Location/2``) whose encounters are of a 42 CFR Part 2 program;
    ``program_types``: codes of encounter types, service types and document settings that say so. ``recipients``: organizations that a consent may
    name for us, beside the one that the encounter was with."""

    rules: Mapping[Kind, Rule] = field(default_factory=dict)
    exclude_types: frozenset[Token] = frozenset()
    exclude_labels: frozenset[Token] = frozenset()
    programs: frozenset[str] = frozenset()
    program_types: frozenset[Token] = frozenset()
    recipients: frozenset[str] = frozenset()

    def rule(self, kind: Kind) -> Rule:
        """What becomes of documents with a mark of this kind."""
        return self.rules.get(kind, DEFAULT_RULES[kind])


def read_sensitive(
    exclude_types: Sequence[str] = (),
    exclude_labels: Sequence[str] = (),
    programs: Sequence[str] = (),
    program_types: Sequence[str] = (),
    recipients: Sequence[str] = (),
    **rules: str,
) -> SensitiveRules:
    """The member ``sensitive``. Raises ValueError or TypeError for what cannot be used: a rule that is misspelt would open what it should shut."""
    return SensitiveRules(
        dict(_rule(name, value) for name, value in rules.items()),
        frozenset(map(_token, _listed(exclude_types))),
        frozenset(map(_token, _listed(exclude_labels))),
        frozenset(map(_address, _listed(programs))),
        frozenset(map(_token, _listed(program_types))),
        frozenset(map(_address, _listed(recipients))),
    )


def _rule(name: str, value: str) -> tuple[Kind, Rule]:
    allowed = {kind.value: kind for kind in Kind if kind not in _UNSETTABLE}
    if name not in allowed:
        raise ValueError(f"expected in sensitive only the rules {', '.join(allowed)} and the lists of docs/sensitive.md")
    kind = allowed[name]
    rules = [rule.value for rule in Rule if rule is not Rule.CONSENT or kind in _TAKES_CONSENT]
    if value not in rules:
        raise ValueError(f"expected sensitive.{name} to be one of {', '.join(rules)}")
    return kind, Rule(value)


def _listed(values: Sequence[str]) -> Sequence[str]:
    if isinstance(values, str) or not all(isinstance(one, str) for one in values):
        raise ValueError("expected the lists in sensitive to be arrays of text")
    return values


def _token(text: str) -> Token:
    """``system|code`` with a URL or one of our short names, or a bare code that counts in any system."""
    system, _, code = text.strip().rpartition("|")
    if not code:
        raise ValueError("expected codes in sensitive as system|code")
    return _ALIASES.get(system, system), code


def _address(text: str) -> str:
    kind, _, name = text.partition("/")
    if not kind or not name or "/" in name:
        raise ValueError("expected addresses in sensitive as Type/id")
    return text
