"""Which phrases of the official index may be looked for in running text.

The index is made to be looked up by somebody who knows what the diagnosis is; its words stand in notes with other meanings too. Rules here
keep out what no code may rest on; they follow from what kind of phrase it is, and ``everyday.txt`` lists the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from index.normalise import forms
from terminology.knowledge import knowledge_of

#: Chapter 20: a cause told in a note is seldom what the index calls it, so only the lexicon, which can set conditions, offers one.
EXTERNAL_CAUSES = frozenset("VWXY")

#: Longer phrases do not recur word for word; of a path's wordings that are longer than the second number only the first two may.
_MOST_WORDS = 6
_LONG = 4
_LONG_WORDINGS = 2

#: A single word stands for a diagnosis only when its form is that of a disease ("hypernephroma"); "fall" and "condition" are main terms too.
_DISEASE_ENDINGS = (
    "algia",
    "cele",
    "dynia",
    "ectasia",
    "ectasis",
    "emia",
    "iasis",
    "itis",
    "megaly",
    "oma",
    "opia",
    "opsia",
    "osis",
    "pathy",
    "penia",
    "phagia",
    "phasia",
    "plegia",
    "ptysis",
    "rrhea",
    "somnia",
    "uria",
)

#: A phrase does not end, or begin, in the middle of a sentence.
_JOINING = frozenset({",", "and", "at", "by", "due", "during", "following", "for", "from", "in", "of", "on", "or", "to", "with", "without"})

#: A status must be said as one: "kidney transplant" is as often the operation (I.C.21.c.3).
_STATUS_WORDS = frozenset(
    {"absence", "acquired", "carrier", "dependence", "history", "lack", "presence", "problem", "resistance", "status"}
)

#: Codes that say next to nothing: injury of an unspecified region, other general symptoms, unspecified illness (I.B.18 asks for more).
_EMPTY = ("R68.89", "R69", "T07", "T14")


def may_be_read(key: str, codes: Sequence[str], kind: str, place: int = 0) -> bool:
    """Whether a note that holds the words of ``key`` says what ``codes`` stand for. ``kind`` is that of the first code, ``place`` that of
    the wording among those of its path, the most natural one being 0.
    """
    words = key.split(" ")
    if len(words) > _MOST_WORDS or (len(words) > _LONG and place >= _LONG_WORDINGS):
        return False
    if words[0] in _JOINING or words[-1] in _JOINING or key in _everyday():
        return False
    if codes[0][0] in EXTERNAL_CAUSES or codes[0].startswith(_EMPTY) or kind == "encounter":
        return False
    if kind == "status" and _STATUS_WORDS.isdisjoint(words):
        return False
    return len(words) > 1 or (len(key) > 6 and key.endswith(_DISEASE_ENDINGS))


@cache
def _everyday() -> frozenset[str]:
    """Keys of the phrases that notes use in another sense."""
    lines = knowledge_of("index").joinpath("everyday.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(" ".join(forms(line)) for line in lines if line.strip() and not line.startswith("#"))
