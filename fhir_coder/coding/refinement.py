"""What retrieval may add to what the dictionary says.

Where the dictionary knows words of a statement, retrieval may only make its unspecified code more specific ("asthma, moderate persistent");
another disease needs a nearly literal match. Nothing that a statement denies ("without nail damage") may be in the title of a code.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from fhir_coder.model import Assertion, Candidate, Mention
from terminology.codebook import Codebook
from terminology.detail import is_unspecified

NEARLY_LITERAL = 0.8
"""Score from which a retrieved code may name something else than the dictionary words of the statement."""

# What must have been done to a patient before something can be its complication: a title that speaks of it is like many a plain disease.
_TREATMENTS = (
    "transplant",
    "prosthe",
    "implant",
    r"graft",
    "catheter",
    "anesthe",
    "infusion|transfusion|injection",
    "dialysis",
    "pregnan|gravid|obstetric|partum",
)

_DENIED = re.compile(r"\b(?:no|not|without|w/o|non)\b((?:[\s-]+(?!and\b|or\b|but\b|with\b)[a-z]+){1,3})", re.IGNORECASE)
_SEVERITY = re.compile(r"\b(mild|moderate|severe)\b")
_UNCOMPLICATED = re.compile(r"\b(?:uncomplicated|without (?:any )?complications?)\b", re.IGNORECASE)
_WITH = re.compile(r"\bwith ([^,]+)", re.IGNORECASE)
# "Anemia, iron studies" asks what kind of anemia it is and does not say.
_TEST = re.compile(r"\b[a-z]+[\s-]+(?:studies|study|panel|levels?|labs?|tests?|testing|titers?|screen\w*)\b", re.IGNORECASE)
_STEM = 6
# Sides say where, and the rest stand in too many titles to tell anything; the last are the names of dictionary files.
_IDLE = frozenset(
    {
        "right",
        "left",
        "bilateral",
        "unspecified",
        "other",
        "with",
        "without",
        "retrieval",
        "lexicon",
        "title",
        "term",
        "disease",
        "disorder",
    }
)
_WORD = re.compile(r"[a-z]{4,}", re.IGNORECASE)


def admissible(offered: list[Candidate], assertion: Assertion, inside: Collection[Mention], codebook: Codebook) -> list[Candidate]:
    """The candidates without those retrieved ones that contradict the statement or change its subject."""
    return [one for one in offered if not one.source.startswith("retrieval:") or _may_add(one, assertion.mention.text, inside, codebook)]


def _may_add(candidate: Candidate, text: str, inside: Collection[Mention], codebook: Codebook) -> bool:
    code = codebook.normalize(candidate.code)
    if code is None or _contradicts(text, f"{codebook.title(code)} {candidate.source}"):
        return False
    if code[0] == "Z" and not _words(codebook.title(code)) & _words(text):
        return False
    if any(not re.search(told, text, re.IGNORECASE) for told in _TREATMENTS if re.search(told, codebook.title(code), re.IGNORECASE)):
        return False
    if not inside or candidate.score >= NEARLY_LITERAL:
        return True
    known = [(mention, one) for mention in inside for one in mention.codes]
    return any(
        (_refines(codebook, code, one) or _has_subject(codebook, code, mention)) and _is_told(candidate, code, one, text, codebook)
        for mention, one in known
    )


def _has_subject(codebook: Codebook, code: str, mention: Mention) -> bool:
    """Whether the title of a condition holds all words of what the dictionary knows ("primary osteoarthritis")."""
    words = _words(mention.text)
    return code[0] != "Z" and bool(words) and words <= _words(codebook.title(code))


def _is_told(candidate: Candidate, code: str, known: str, text: str, codebook: Codebook) -> bool:
    """Whether the text has a word of what the code says beyond the known one: its title's, or its dictionary entry's."""
    coarse = codebook.normalize(known)
    beyond = (_words(codebook.title(code)) | _words(candidate.source)) - _words(codebook.title(coarse) if coarse else "") - _IDLE
    return bool({word[:_STEM] for word in beyond} & {word[:_STEM] for word in _words(_TEST.sub(" ", text))})


def _words(text: str) -> set[str]:
    return {word.lower().removesuffix("s") for word in _WORD.findall(text)}


def _refines(codebook: Codebook, code: str, known: str) -> bool:
    """Whether the code lies in the category of a known code that is a header or unspecified."""
    coarse = codebook.normalize(known)
    return coarse is not None and coarse[:3] == code[:3] and (is_unspecified(codebook.title(coarse)) or bool(codebook.children(coarse)))


def _contradicts(text: str, title: str) -> bool:
    """Whether a word that the text denies stands undenied in the title, or the title tells another severity or a complication that the text
    rules out."""
    severities = set(_SEVERITY.findall(text.lower()))
    if severities and (other := set(_SEVERITY.findall(title.lower()))) and not severities & other:
        return True
    if _UNCOMPLICATED.search(text) and not _words(" ".join(_WITH.findall(title))) <= _words(text):
        return True
    denied = {word.lower() for found in _DENIED.findall(text) for word in _WORD.findall(found)}
    affirmed = {word.lower() for word in _WORD.findall(_DENIED.sub(" ", title))}
    return bool(denied & affirmed)
