"""The child of a header that a measured value decides: the body mass index, whose codes are bands of numbers.

Up to FY2026 one code stands for every index below 20 (Z68.1); from 2026-10-01 it is a header, and its children part at 18.5. The bands are read
from the titles of the release, so that a release with other bands needs no change here.
"""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, Decimal

from terminology.codebook import Codebook

_CATEGORY = "Z68"
_STEP = Decimal("0.1")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_BAND = re.compile(r"\b(?P<low>\d+(?:\.\d+)?)\s*(?:-|to)\s*(?P<high>\d+(?:\.\d+)?)\b")
_UP_TO = re.compile(r"\b(?P<high>\d+(?:\.\d+)?) or less\b")
_FROM = re.compile(r"\b(?P<low>\d+(?:\.\d+)?) or (?:greater|more)\b")


def is_measured(codebook: Codebook, code: str) -> bool:
    """Whether ``code`` is a header of the body mass index whose children are bands of numbers."""
    return code.startswith(_CATEGORY) and any(_band(codebook.title(child)) for child in codebook.children(code))


def measured_child(codebook: Codebook, code: str, words: str) -> str | None:
    """The child of the header ``code`` whose band holds the last number of ``words`` (which end with the measure), or None."""
    numbers = _NUMBER.findall(words)
    found = [child for child in codebook.children(code) if numbers and _holds(codebook.title(child), Decimal(numbers[-1]))]
    return found[0] if len(found) == 1 else None


def _band(title: str) -> re.Match[str] | None:
    return _BAND.search(title) or _UP_TO.search(title) or _FROM.search(title)


def _holds(title: str, value: Decimal) -> bool:
    """Whether the band of the title holds the value, cut to one decimal as the titles print it: 18.45 is below 18.5, 19.95 below 20."""
    band = _band(title)
    cut = value.quantize(_STEP, rounding=ROUND_DOWN)
    limits = {name: Decimal(number) for name, number in band.groupdict().items()} if band else {}
    return band is not None and limits.get("low", cut) <= cut <= limits.get("high", cut)
