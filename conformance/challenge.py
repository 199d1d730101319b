"""The challenge of RFC 6750 section 3 in WWW-Authenticate, which names a scheme and parameters in the words of RFC 9110 section 11.6.1."""

from __future__ import annotations

import re
from dataclasses import dataclass

from conformance.exchange import Answer
from conformance.verdict import Unsatisfied

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - a grammar
_PARAMETER = re.compile(rf'({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))')
_PART = re.compile(rf"\s*(?:{_PARAMETER.pattern}|({_TOKEN})(?=[\s,]|$))[\s,]*")
_QUOTED = re.compile(r"\\(.)")


@dataclass(frozen=True)
class Challenge:
    """A scheme in lower case with its parameters in their order, names in lower case."""

    scheme: str
    parameters: tuple[tuple[str, str], ...]

    def __getitem__(self, name: str) -> str:
        """A parameter, empty where it is absent."""
        return dict(self.parameters).get(name, "")


def challenges_of(header: str) -> tuple[Challenge, ...]:
    """All challenges of a header, until what cannot be read."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    at = 0
    while at < len(header) and (part := _PART.match(header, at)):
        name, quoted, plain, scheme = part.groups()
        if scheme:
            found.append((scheme.lower(), []))
        elif found:
            found[-1][1].append((name.lower(), plain if quoted is None else _QUOTED.sub(r"\1", quoted)))
        at = part.end()
    return tuple(Challenge(scheme, tuple(parameters)) for scheme, parameters in found)


def bearer_challenge(answer: Answer) -> Challenge:
    """The challenge of scheme Bearer; Unsatisfied where there is none."""
    header = answer.headers.get("www-authenticate", "")
    for one in challenges_of(header):
        if one.scheme == "bearer":
            return one
    raise Unsatisfied(
        "WWW-Authenticate with a challenge of scheme Bearer", f"HTTP {answer.status}, WWW-Authenticate {header[:200] or 'absent'}"
    )
