"""The words by which problems are told in an assessment (``problem_words.toml``)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache

from terminology.knowledge import knowledge_of

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9'/-]*")


@dataclass(frozen=True, slots=True)
class ProblemWords:
    """The word lists of ``problem_words.toml``."""

    labels: frozenset[str]
    leads: frozenset[str]
    verbs: frozenset[str]
    disorders: frozenset[str]
    endings: tuple[str, ...]
    courses: frozenset[str]
    opening: re.Pattern[str]
    qualifying: re.Pattern[str]
    narrative: re.Pattern[str]


@cache
def load_words() -> ProblemWords:
    """The word lists, read once."""
    lists = tomllib.loads(knowledge_of("fhir_coder.reading").joinpath("problem_words.toml").read_text(encoding="utf-8"))
    return ProblemWords(
        labels=frozenset(lists["labels"]),
        leads=frozenset(lists["leads"]),
        verbs=frozenset(lists["verbs"]),
        disorders=frozenset(lists["disorders"]),
        endings=tuple(lists["endings"]),
        courses=frozenset(lists["courses"]),
        opening=_beginning(lists["actions"] + lists["openers"]),
        qualifying=_beginning(lists["qualifiers"]),
        narrative=re.compile(
            r"\b(?:" + _alternatives(lists["narrative"]) + r")\b\s*(?:(?:an?|the|his|her|some|for|of|with)\b\s*)*", re.IGNORECASE
        ),
    )


def _beginning(words: list[str]) -> re.Pattern[str]:
    return re.compile(r"\s*(?:" + _alternatives(words) + r")(?![\w'-])", re.IGNORECASE)


def _alternatives(words: list[str]) -> str:
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in sorted(words, key=len, reverse=True))


def names_disorder(text: str, start: int, end: int) -> bool:
    """Whether a word of the span names a disorder whatever stands around it."""
    words = load_words()
    return any(word in words.disorders or word.endswith(words.endings) for word in map(str.lower, _WORD.findall(text, start, end)))
