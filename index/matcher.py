"""Dictionary terms in a note: the longest phrases that name codes, with their offsets."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from index.normalise import BREAK, Token, tokenise
from index.terms import Term, Terms, is_written

#: How far (code points, either side) the context words of a term are looked for.
CONTEXT = 200

#: Words that may follow a phrase whose describing words stand last; before any other word they may describe that one: "asthma, severe headache".
_FOLLOWERS = frozenset(
    {
        BREAK,
        ",",
        "(",
        ")",
        "with",
        "without",
        "w",
        "due",
        "secondary",
        "in",
        "on",
        "of",
        "from",
        "to",
        "for",
        "since",
        "but",
        "currently",
        "today",
        "status",
        "post",
        "not",
        "which",
        "that",
        "who",
        "is",
        "has",
        "was",
    }
)

#: Words that deny what follows them, and how many words they deny: a context word among those is not told ("no perforation").
_DENYING = frozenset({"no", "not", "without", "denies", "denied", "never"})
_DENIED_WORDS = 4
_DENIAL_ENDS = frozenset({BREAK, ",", ".", ";", "but"})

#: How far (code points) the next word is looked for.
_LOOKED_AHEAD = 40

#: Inside a term a side says where, not what: "sprain R ankle" is "sprain ankle". The coding stage reads the side from the words of the span.
SIDES = frozenset({"right", "left", "bilateral", "rt", "lt", "r", "l"})


@dataclass(frozen=True, slots=True)
class TermMatch:
    """A phrase found at ``text[start:end]`` (code points, half open) that names ``codes`` together.

    ``source`` says which entry (``lexicon:htn``, ``title:I10``, ``term:I10``) and ``kind`` what it is (disorder, symptom, finding, history,
    status, encounter, cause). ``section_only``, ``sex`` and ``age`` (``age>=12 age<18``) are conditions the reader of the encounter
    still has to check; empty means none.
    """

    start: int
    end: int
    codes: tuple[str, ...]
    source: str
    kind: str
    section_only: str = ""
    sex: str = ""
    age: str = ""


@dataclass(frozen=True, slots=True)
class _Span:
    """A run of tokens that is a key: code point offsets and what it means."""

    start: int
    end: int
    terms: tuple[Term, ...]

    @property
    def is_inverted(self) -> bool:
        """Whether the words that describe stand last."""
        return all(term.is_inverted for term in self.terms)


class TermMatcher:
    """Finds the terms of one dictionary in text. Holds no state but the dictionary, so it may be shared by threads and children."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._longest = _longest_by_first_words(terms)

    def find_terms(self, text: str) -> tuple[TermMatch, ...]:
        """The longest matches, none contained in another, in order of start; equal spans appear once for each entry that claims them."""
        tokens = tuple(tokenise(text))
        spans = [span for span in self._spans(text, tokens) if span.terms]
        return tuple(match for span in _outermost(_standing(spans, text)) for match in _matches(span))

    def words(self) -> Iterator[str]:
        """The words of every key, each as often as it stands in one."""
        return (word for key in self._terms for word in key.split(" "))

    def _spans(self, text: str, tokens: Sequence[Token]) -> Iterator[_Span]:
        """Every run of tokens that is a key, with those of its terms whose conditions on the text hold."""
        words = [token.form for token in tokens]
        starts = [token.start for token in tokens]
        for first, beyond, terms in self._places(words):
            start, end = tokens[first].start, tokens[beyond - 1].end
            around = _Surroundings(words, starts, first, beyond, start, end)
            yield _Span(start, end, tuple(term for term in terms if _holds(term, text[start:end], around)))

    def _places(self, words: Sequence[str]) -> Iterator[tuple[int, int, tuple[Term, ...]]]:
        """First place, place beyond, and terms of every run that is a key as it stands, or once the sides inside it are looked over."""
        for first, count, terms in self._runs(words):
            yield first, first + count, terms
        kept = [place for place, word in enumerate(words) if word not in SIDES]
        if len(kept) == len(words):
            return
        for first, count, terms in self._runs([words[place] for place in kept]):
            start, last = kept[first], kept[first + count - 1]
            if last - start >= count:
                yield start, last + 1, terms

    def _runs(self, words: Sequence[str]) -> Iterator[tuple[int, int, tuple[Term, ...]]]:
        """Place, length and terms of every run of words that is a key."""
        for first, word in enumerate(words):
            if terms := self._terms.get(word):
                yield first, 1, terms
            longest = self._longest.get(" ".join(words[first : first + 2]), 1)
            for count in range(2, min(longest, len(words) - first) + 1):
                if terms := self._terms.get(" ".join(words[first : first + count])):
                    yield first, count, terms


def _longest_by_first_words(terms: Terms) -> dict[str, int]:
    """For the first two words of every longer key, the most words of any key that begins with them."""
    longest: dict[str, int] = {}
    for key in terms:
        words = key.split(" ")
        if len(words) > 1:
            start = f"{words[0]} {words[1]}"
            longest[start] = max(longest.get(start, 0), len(words))
    return longest


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """Where a run of tokens stands among all: places ``first`` to ``beyond`` of the words, offsets ``start`` to ``end`` of the text."""

    words: Sequence[str]
    starts: Sequence[int]
    first: int
    beyond: int
    start: int
    end: int

    def text(self, with_denied: bool = False) -> str:
        """The comparable words within reach of the run but outside it that nothing denies (or all), each between blanks."""
        lowest = bisect_left(self.starts, self.start - CONTEXT)
        highest = bisect_left(self.starts, self.end + CONTEXT)
        before, after = self.words[lowest : self.first], self.words[self.beyond : highest]
        if not with_denied:
            before, after = tuple(_undenied(before)), tuple(_undenied(after))
        text = f" {' '.join(before)} {BREAK} {' '.join(after)} "
        return text.replace(" non ", " non-")  # "non-pressure" says the opposite of "pressure"


def _undenied(words: Sequence[str]) -> Iterator[str]:
    """The words without those that a word of denial before them denies; that word itself stays."""
    left = 0
    for word in words:
        left = 0 if word in _DENIAL_ENDS else left
        if not left:
            yield word
        left = _DENIED_WORDS if word in _DENYING else max(0, left - 1)


def _holds(term: Term, surface: str, around: _Surroundings) -> bool:
    """Whether the term's own conditions on spelling and on the words around it hold here."""
    if term.written and not is_written(surface, term.written):
        return False
    if not term.near and not term.absent:
        return True
    nearby = around.text(with_denied=bool(term.written))  # what an abbreviation stands for, a denied word tells as well
    if term.near and not any(f" {key} " in nearby for key in term.near):
        return False
    return not any(f" {key} " in nearby for key in term.absent)


def _standing(spans: Sequence[_Span], text: str) -> Iterator[_Span]:
    """The spans without the inverted ones whose last words describe what follows: "Afib, chronic kidney disease"."""
    for span in spans:
        is_claimed = span.is_inverted and any(span.start < other.start < span.end < other.end for other in spans)
        if not span.is_inverted or (not is_claimed and _may_end(text, span.end)):
            yield span


def _may_end(text: str, end: int) -> bool:
    """Whether the words behind ``end`` leave a description that stands there to the noun before it."""
    if text[end - 1] in ")]":
        return True
    line = text[end : end + _LOOKED_AHEAD].partition("\n")[0]
    token = next(tokenise(line), None)
    return token is None or token.form in _FOLLOWERS or token.form.isdigit()


def _outermost(spans: Iterable[_Span]) -> Iterator[_Span]:
    """The spans that lie within no other, in order of start."""
    reach = -1
    for span in sorted(spans, key=lambda each: (each.start, -each.end)):
        if span.end > reach:
            reach = span.end
            yield span


def _matches(span: _Span) -> Iterator[TermMatch]:
    """One match for every entry that claims the span; none for a name, which has no codes."""
    for term in (term for term in span.terms if term.codes):
        yield TermMatch(span.start, span.end, term.codes, term.source, term.kind, term.section_only, term.sex, term.age)
