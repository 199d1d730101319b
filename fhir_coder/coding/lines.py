"""Where in its line a code's words stand, as features of the ranker: clinicians list problems line by line, whatever heading is above them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fhir_coder.coding.support import Pillar
from fhir_coder.coding.wording import CARE, DOSE

NAMES = ("opens_line", "stands_alone_in_line", "cared_for_in_line")

# What may stand before the name of a problem: a bullet, a number, a side, how long or how bad it is.
_LEAD = re.compile(
    r"[\s\-–—*•·>#+\[\]()./:\d]*(?:[ivx]{1,4}[.)]\s*)?"
    r"(?:(?:dx|imp|impression|a/?p?|assessment|problems?|the|her|his|their|known|new|chronic|acute|stable|mild|moderate|severe|recurrent|"
    r"right|left|bilateral|r|l|b/l|history of|h/o|hx of)\b[\s.:/,-]*)*",
    re.IGNORECASE,
)
_ALONE = re.compile(r"\s*(?:[.:;,(\n]|\s[-–—>]|->|$)")
_NEXT_LINES = 2


class Lines:
    """Reads the lines of mentions in the notes of one encounter."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def features(self, pillars: Sequence[Pillar]) -> dict[str, float]:
        """The values of ``NAMES``; one mention is enough."""
        opening = [pillar for pillar in pillars if self._opens(pillar)]
        return {
            "opens_line": float(bool(opening)),
            "stands_alone_in_line": float(any(self._is_alone(pillar) for pillar in opening)),
            "cared_for_in_line": float(any(self._is_cared_for(pillar) for pillar in opening)),
        }

    def _opens(self, pillar: Pillar) -> bool:
        mention = pillar.assertion.mention
        text = self._texts[mention.note_id]
        begin = text.rfind("\n", 0, mention.start) + 1
        lead = _LEAD.match(text, begin, mention.start)
        return lead is not None and lead.end() >= mention.start

    def _is_alone(self, pillar: Pillar) -> bool:
        mention = pillar.assertion.mention
        return _ALONE.match(self._texts[mention.note_id], mention.end) is not None

    def _is_cared_for(self, pillar: Pillar) -> bool:
        """Whether the rest of its line tells care. A line of words alone may be followed by lines that tell it."""
        mention = pillar.assertion.mention
        lines = self._texts[mention.note_id][mention.end :].split("\n")
        told = lines[0] if len(lines[0].strip(" .:-–—")) > 3 else "\n".join(lines[:_NEXT_LINES])
        return bool(CARE.search(told) or DOSE.search(told))
