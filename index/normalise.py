"""Text as a stream of comparable words: the one place that says which spellings of a term are the same.

Dictionary phrases and note text pass through the same :func:`tokenise`, so a rule here acts on both sides alike. Case, accents, possessives
and plural endings vanish; whitespace, hyphens and slashes are all just the gap between two words. Commas and parentheses stay as words of
their own, because "anxiety, depression" is a list while "anxiety depression" may be one term; a dash between blanks is as good as a comma. Everything else that ends a phrase (a full
stop, a colon, a blank line, a list bullet) becomes :data:`BREAK`, which no dictionary phrase contains.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

BREAK = "|"

_TOKEN = re.compile(
    r"""
      (?P<break> \n[^\S\n]*\n\s* | \n[^\S\n]*[-–—*•·▪●](?=\s) )                       # blank line, bullet
    | (?P<dash> (?<=\s)[-–—]+(?=\s) | — )                                                 # "asthma - mild" is "asthma, mild"
    | (?P<initial> (?<=\b[A-Za-z])\.(?=\s?[a-z]) )                                           # "E. coli": the stop ends nothing
    | (?P<without> \bw/o\b )
    | (?P<with> \bw/ )
    | (?P<number> \d+(?:\.\d+)+ )
    | (?P<word> [^\W_]+ (?:['’][^\W_]+)* )
    | (?P<mark> [,()\[\]&%<>=#+] )
    | (?P<stop> [^\s\w/‐‑'’-] )                                                              # full stop, colon and all else
    """,
    re.VERBOSE | re.IGNORECASE,
)

_MARKS = {",": ",", "(": "(", "[": "(", ")": ")", "]": ")", "&": "and"}

#: Words without meaning for a term: "fracture of the left hip" is "fracture of left hip". Never "a": hepatitis A is not hepatitis.
_SKIPPED = frozenset({"the", "his", "her", "their"})

#: Roman numerals of grades and types. "I", "IV" and "V" are also a pronoun, a route and a letter, and stay as they are.
_NUMERALS = {"ii": "2", "iii": "3"}

#: Words that end in s and are no plural of the word without it, where that other word occurs in notes.
_SINGULAR = frozenset(
    {"aids", "lens", "always", "sometimes", "perhaps", "across", "besides", "ards", "pcos", "sars", "crps", "does", "pros"}
)


class Token(NamedTuple):
    """One word of a text: where it stands (code points, half open) and its comparable form."""

    start: int
    end: int
    form: str


def fold(word: str) -> str:
    """Lower case without accents: ``Ménière`` and ``meniere`` are one word."""
    lowered = word.lower()
    if lowered.isascii():
        return lowered
    return "".join(char for char in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(char))


def singular(word: str) -> str:
    """The folded word without its plural ending. It need not be an English word, only the same for singular and plural."""
    if len(word) < 4 or word[-1] != "s" or word in _SINGULAR or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if (word.endswith("oses") and len(word) > 6) or word == "metastases":
        return word[:-2] + "is"
    if word.endswith(("sses", "xes", "shes")) or (word.endswith("ches") and not word.endswith("aches")):
        return word[:-2]
    return word[:-1]


def word_form(word: str) -> str:
    """The comparable form of one word as written: folded, without possessive and plural. "PEs" is the plural of an abbreviation."""
    if word[-1] == "s" and len(word) > 2 and word[:-1].isupper():
        return fold(word[:-1])
    folded = fold(word).replace("’", "'")
    if "'" in folded:
        folded = folded.removesuffix("'s").replace("'", "")
    return _NUMERALS.get(folded) or singular(folded)


def tokenise(text: str) -> Iterator[Token]:
    """The words of a text in order, with :data:`BREAK` wherever a term must not run on."""
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "word":
            form = word_form(match.group())
            if form in _SKIPPED:
                continue
        elif kind == "initial":
            continue
        else:
            form = _form_of_mark(kind or "", match.group())
        yield Token(match.start(), match.end(), form)


def _form_of_mark(kind: str, written: str) -> str:
    """The form of anything that is not a plain word."""
    if kind in ("with", "without"):
        return kind
    if kind == "dash":
        return ","
    if kind == "number":
        return written
    return _MARKS.get(written, written) if kind == "mark" else BREAK


def forms(text: str) -> tuple[str, ...]:
    """The comparable forms of a text, with a final stop or comma left off."""
    found = [token.form for token in tokenise(text)]
    while found and found[-1] in (BREAK, ","):
        found.pop()
    return tuple(found)
