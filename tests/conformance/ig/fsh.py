"""What the FHIR Shorthand of the package defines, read without SUSHI: enough to compare it with the server."""

from __future__ import annotations

import re
from dataclasses import dataclass

from conformance.ig.build import HERE
from conformance.ig.vocabulary import rule_sets

_CONCEPT = re.compile(r'^\* #(\S+) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"$', re.MULTILINE)
_BLOCK = re.compile(r"^(CodeSystem|ValueSet|Extension|Profile|RuleSet|Instance): ([\w-]+)", re.MULTILINE)


@dataclass(frozen=True)
class Defined:
    """One definition: its kind, name and text."""

    kind: str
    name: str
    text: str

    @property
    def id(self) -> str:
        found = re.search(r"^Id: (\S+)$", self.text, re.MULTILINE)
        return found[1] if found else self.name


def definitions() -> list[Defined]:
    """Everything that is defined, the rules made of the server's tables included."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((HERE / "input" / "fsh").glob("*.fsh"))]
    return [one for text in [*texts, rule_sets()] for one in _blocks(text)]


def _blocks(text: str) -> list[Defined]:
    starts = list(_BLOCK.finditer(text))
    ends = [*(one.start() for one in starts[1:]), len(text)]
    return [Defined(one[1], one[2], text[one.start() : end]) for one, end in zip(starts, ends, strict=False)]


def code_systems() -> dict[str, dict[str, str]]:
    """Display by code of each code system, by its id."""
    inserted = {one.name: one.text for one in definitions() if one.kind == "RuleSet"}
    return {one.id: _concepts(one.text, inserted) for one in definitions() if one.kind == "CodeSystem"}


def _concepts(text: str, inserted: dict[str, str]) -> dict[str, str]:
    texts = [text, *(inserted[name] for name in re.findall(r"^\* insert (\w+)$", text, re.MULTILINE))]
    concepts = [(code, display) for one in texts for code, display, _ in _CONCEPT.findall(one)]
    assert len(dict(concepts)) == len(concepts), "a code stands twice"
    return dict(concepts)
