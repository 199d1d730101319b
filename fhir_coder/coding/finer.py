"""From an unspecified code to the one that the words around it single out (guideline I.B.2: the highest level of detail documented).

"Moderate persistent asthma" is J45.40; where the same problem speaks of an exacerbation, J45.41 says what J45.40 says and that as well. A code is
finer when its title holds what the title of the unspecified one says and the words it adds are all told, undenied, in the statement,
its sentence or the paragraph of the problem. Words that only rule something out ("without ...") need no telling. Of several finer codes the one
that adds most is taken; when two add as much, none is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from terminology.codebook import Codebook
from terminology.detail import is_unspecified
from terminology.knowledge import table_rows
from terminology.laterality import side

_RULED_OUT = re.compile(r"\b(?:uncomplicated|without\b[^,]*)")
_BRACKETS = re.compile(r"\[[^\]]*\]")
_WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DENIED = re.compile(
    r"\b(?:no|not|non|denies|denied|without|w/o|never|negative|prior|previous|history|hx|risk|prevent\w*|avoid\w*|if|rule out|r/o|possible|"
    r"possibly|probable|likely|suspected|resolved|watch(?:ing)? for|look(?:ing)? out for|monitor(?:ing)? for|warn\w*|educat\w+|"
    r"(?:signs|symptoms) of)\b[^.;:\n]{0,40}$",
    re.IGNORECASE,
)

# "Hypoglycemia precautions reviewed" tells of none.
_FEARED = re.compile(
    r"[\s-]+(?:precautions?|risks?|education|protocol|prevention|prophylaxis|awareness|screen\w*|denied|absent|ruled out)\b", re.IGNORECASE
)


def finer(codebook: Codebook, code: str, texts: Sequence[str], note: str, named: Callable[[str], str | None]) -> str:
    """The billable code of the same category that ``texts`` (nearest words first) single out, or ``code`` itself.

    The first text that singles one out decides. ``note`` is the whole note, in which the words that the data mark "anywhere" may stand, and
    ``named`` tells the side named for a condition with the title it is given.
    """
    title = codebook.title(code)
    if not (is_unspecified(title) or "uncomplicated" in title) or code[0] in "VWXY":
        return code
    rivals = _rivals(codebook, code)
    on_side: dict[str, bool] = {}  # asked of few titles, as to find the side that a note names for one takes long

    def is_on_side(rival: _Rival) -> bool:
        if rival.title not in on_side:
            on_side[rival.title] = _is_on_side(rival.title, title, named)
        return on_side[rival.title]

    for text in texts:
        found = _singled_out(rivals, text, note, is_on_side)
        if found:
            return found
    return code


def is_more_told(codebook: Codebook, code: str, text: str) -> bool:
    """Whether ``text`` has some undenied word by which another code of the category says more than this unspecified one."""
    words = {word for rival in _rivals(codebook, code) for word in rival.added}
    return any(_is_told(word, text, text) for word in words)


@dataclass(frozen=True, slots=True)
class _Rival:
    """A code that says what another says, and ``added``, the words it has beyond that."""

    code: str
    title: str
    added: tuple[str, ...]


@lru_cache(maxsize=4096)
def _rivals(codebook: Codebook, code: str) -> tuple[_Rival, ...]:
    """The codes of the category that say what ``code`` says and more."""
    own = frozenset(_details(codebook.title(code)))
    found = []
    for other in codebook.billable_under(codebook.category(code)):
        other_title = codebook.title(other)
        added = tuple(word for word in _details(other_title) if word not in own)
        # Of an injury the seventh character is decided elsewhere.
        is_same = other[-1:] == code[-1:] if codebook.stem(code) != code else codebook.stem(other) == other
        # A bare number or letter is not told by standing somewhere: stages and classes are read elsewhere.
        is_worded = added and all(len(word) > 2 or word in _rows() for word in added)
        if other != code and is_worded and is_same and own <= frozenset(_details(other_title)):
            found.append(_Rival(other, other_title, added))
    return tuple(found)


def _is_on_side(title: str, coarse: str, named: Callable[[str], str | None]) -> bool:
    """Whether the title is of the side that the unspecified code or else the note names, or leaves it open as the note does (I.B.13)."""
    theirs, ours = side(title), side(coarse)
    if ours not in (None, "unspecified"):
        return theirs == ours
    return theirs is None or theirs == (named(title) or "unspecified")


def _singled_out(rivals: Sequence[_Rival], text: str, note: str, is_on_side: Callable[[_Rival], bool]) -> str:
    heard: dict[str, bool] = {}  # the rivals share most of their words

    def is_told(word: str) -> bool:
        if word not in heard:
            heard[word] = _is_told(word, text, note)
        return heard[word]

    told = [rival for rival in rivals if all(is_told(word) for word in rival.added) and is_on_side(rival)]
    most = max((len(rival.added) for rival in told), default=0)
    best = [rival.code for rival in told if len(rival.added) == most]
    return best[0] if len(best) == 1 else ""


def _is_told(word: str, text: str, note: str) -> bool:
    """Whether the text has the word, once at least without a denial before it in its clause."""
    said = _rows().get(word)
    where = note if said is not None and said.where == "anywhere" else text
    return is_undenied(_pattern(word), where)


def is_undenied(pattern: re.Pattern[str], text: str) -> bool:
    """Whether the text has the pattern, once at least neither denied before it in its clause nor only feared."""
    return any(
        not _DENIED.search(text, max(0, found.start() - 60), found.start()) and not _FEARED.match(text, found.end())
        for found in pattern.finditer(text)
    )


@cache
def _pattern(word: str) -> re.Pattern[str]:
    """How notes write the word."""
    said = _rows().get(word)
    return re.compile(rf"\b(?:{said.words})\b" if said else rf"\b{re.escape(word)}(?:s|es)?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Said:
    """How notes say a word of titles; ``where``: ``anywhere`` in the note, ``idle`` for words that tell nothing apart, or near (empty)."""

    words: str
    where: str


@cache
def _rows() -> dict[str, _Said]:
    """The rows of ``detail_words.tsv``."""
    rows = table_rows("fhir_coder.coding", "detail_words.tsv")
    return {row["title"]: _Said(row["note"], row["where"]) for row in rows}


@lru_cache(maxsize=65536)
def _details(title: str) -> tuple[str, ...]:
    """The words and known phrases of a title that tell it from others, in order."""
    rest = _RULED_OUT.sub(" ", _BRACKETS.sub(" ", title.lower()))
    found = []
    for phrase in _phrases():
        if phrase in rest:
            found.append(phrase)
            rest = rest.replace(phrase, " ")
    words = (word for word in _WORD.findall(rest) if word not in _rows() or _rows()[word].where != "idle")
    return tuple(dict.fromkeys([*found, *words]))


@cache
def _phrases() -> tuple[str, ...]:
    """Known phrases of more than one word, longest first."""
    return tuple(sorted((phrase for phrase in _rows() if " " in phrase or "-" in phrase), key=len, reverse=True))
