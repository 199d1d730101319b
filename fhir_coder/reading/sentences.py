"""Sentences and list items, with offsets.

A line break ends a sentence unless the line is wrapped prose; inside a line, sentences end at a full stop, question or exclamation mark
that no abbreviation, initial or decimal explains, and at the number of the next item of a numbered list ("1. HTN 2. DM").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from terminology.knowledge import knowledge_of

#: A line at least this long without closing punctuation goes on in the next: text editors and dictation systems wrap near 70 columns.
WRAPPED_LINE = 55

#: A shorter line is an entry of a list, even when the next begins in lower case.
OPEN_LINE = 40

MARKER = re.compile(
    r"[ \t]*(?:(?P<bullet>[•●▪◦‣·*○➢►–—-])(?=[ \t]|[A-Za-z])|(?P<arrow>>)(?=[ \t]*[A-Za-z])|(?P<number>\(?\d{1,2}[.)](?!\d)|\d{1,2}[ \t]?[-–](?=[ \t]+[A-Za-z]))|(?P<hash>#\d{0,2}[.):]?)(?=[ \t]*[A-Za-z])|"
    r"(?P<letter>[a-z][.)](?=[ \t])|[ABDEFG][.)](?=[ \t]+[A-Z]))|(?P<bare>[1-9](?=[ \t]+[A-Z][a-z])))[ \t]*"
)
"""The marker of a list item at the start of a line: a bullet, a number (hurried notes leave out its point), ``#`` or a letter."""

_OPEN_END = re.compile(r"(?:,|\b(?:and|or|of|the|a|an|with|for|to|in|on|by|from|no|without|is|was|has|had))\s*$", re.IGNORECASE)
_LINE = re.compile(r"[^\n]+")
_CLOSED = re.compile(r"[.!?:;][\"'”’)]*\s*$")
_STOP = re.compile(r"(?P<stop>[.!?]+[\"'”’)\]]*)(?:(?P<blank>\s+)|(?P<comma>,(?=\S|\s)))(?=[\"'“‘(\[•*\-–—]?\s?[A-Z0-9•☐☑☒□(\[])")
# In notes typed in small letters throughout, the stop alone tells.
_SMALL_STOP = re.compile(
    r"(?P<stop>(?<=[a-z0-9%)\]\"][a-z0-9%)\]\"])[.!?]+[\"'”’)\]]*)(?:(?P<blank>\s+)|(?P<comma>,(?=\S|\s)))(?=[\"'“‘(\[•*\-–—]?\s?[A-Za-z0-9•☐☑☒□(\[])"
)
# The stop comes first: a text is looked through for it far faster than for what may stand before it.
_SMALL_OPENING = re.compile(r"\.(?<=[a-z0-9)%]{2}\.)\s+[a-z]")
_CAPITAL_OPENING = re.compile(r"\.(?<=[a-z0-9)%]{2}\.)\s+[A-Z]")
_HURRIED_FROM = 4
"""So many sentences that begin with a small letter, and at least a third of all, make a note one that is typed in small letters."""

WRAPPED_AT = 110
"""A text with longer lines than this is not wrapped by an editor: its line breaks are the writer's."""

_LAST_WORD = re.compile(r"[A-Za-z][A-Za-z.]*$")
_LAST_NUMBER = re.compile(r"(?<![\d./])\d{1,2}$")
_ITEM_NUMBER = re.compile(r"(?:(?<=[\s,:;.])|^)(?P<number>\d{1,2})[.)][ \t]+(?=[A-Za-z])")
_INNER_BULLET = re.compile(r"(?<=[.;:?!])[ \t]+(?=[•●▪◦‣○➢►][ \t]*\S)|(?<=[.?!])[ \t]+(?=[-–][ \t]+[A-Z])|[ \t]+(?=[•●▪◦‣○➢►][ \t]*\S)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence or list item: ``text[start:end]`` without blanks around it. ``is_item`` says that it begins with a list marker."""

    start: int
    end: int
    is_item: bool = False


def find_sentences(text: str, start: int, end: int) -> tuple[Sentence, ...]:
    """The sentences and list items of ``text[start:end]``, in order, without overlap; only white space (or a joining comma) lies between."""
    found: list[Sentence] = []
    is_hurried = _is_hurried(text)
    for block_start, block_end in _blocks(text, start, end, is_hurried=is_hurried):
        cuts = sorted({block_start, *_cuts(text, block_start, block_end, is_hurried=is_hurried), block_end})
        for left, right in pairwise(cuts):
            sentence = _trim(text, left, right)
            if sentence is not None:
                found.append(sentence)
    return tuple(found)


def _is_hurried(text: str) -> bool:
    """Whether the note is typed in small letters, so that a sentence may begin with one."""
    small = _count(_SMALL_OPENING, text)
    return small >= _HURRIED_FROM and 2 * small >= _count(_CAPITAL_OPENING, text)


def _count(opening: re.Pattern[str], text: str) -> int:
    """How often a sentence opens so; one whose two characters before the stop belong to the opening before it does not count."""
    count = last = 0
    for found in opening.finditer(text):
        if found.start() - 2 >= last:
            count, last = count + 1, found.end()
    return count


def _blocks(text: str, start: int, end: int, *, is_hurried: bool) -> Iterator[tuple[int, int]]:
    """Runs of lines that belong together: one item, or one paragraph of wrapped prose."""
    block: tuple[int, int] | None = None
    is_never_wrapped = is_hurried and max(map(len, text.splitlines()), default=0) > WRAPPED_AT
    for line in _LINE.finditer(text, start, end):
        if not line.group().strip():
            continue
        if block is not None and not is_never_wrapped and _is_continued(text, block, line, is_hurried=is_hurried):
            block = (block[0], line.end())
            continue
        if block is not None:
            yield block
        block = (line.start(), line.end())
    if block is not None:
        yield block


def _is_continued(text: str, block: tuple[int, int], line: re.Match[str], *, is_hurried: bool) -> bool:
    """Whether the line goes on with what the block's last line left open."""
    between = text[block[1] : line.start()]
    if between.count("\n") > 1 or MARKER.match(text, line.start(), line.end()):
        return False
    last_line = (
        text[text.rfind("\n", block[0], block[1]) + 1 : block[1]] if "\n" in text[block[0] : block[1]] else text[block[0] : block[1]]
    )
    next_line = line.group().lstrip()
    if _CLOSED.search(last_line):
        return (
            not is_hurried
            and last_line.rstrip().endswith((".", "!", "?", ";"))
            and next_line[0].islower()
            and not last_line.rstrip().endswith(("?", "!"))
        )
    if _is_label(next_line):
        return False
    is_indented = line.group()[0] in " \t"
    is_open = len(last_line) >= OPEN_LINE or is_indented or _OPEN_END.search(last_line) is not None
    if next_line[0].islower():
        return is_open
    return len(last_line) >= WRAPPED_LINE or last_line.rstrip().endswith(",")


def _is_label(line: str) -> bool:
    """A line that begins with a short label and a colon starts something of its own."""
    label, colon, _ = line.partition(":")
    return bool(colon) and len(label) <= 30 and len(label.split()) <= 4


def _cuts(text: str, start: int, end: int, *, is_hurried: bool) -> Iterator[int]:
    items = frozenset(_item_cuts(text, start, end))
    yield from items
    for stop in (_SMALL_STOP if is_hurried else _STOP).finditer(text, start, end):
        if not _is_explained(text, start, stop, items):
            yield stop.end()
    for bullet in _INNER_BULLET.finditer(text, start, end):
        yield bullet.end()


def _is_explained(text: str, start: int, stop: re.Match[str], items: frozenset[int]) -> bool:
    """Whether the full stop belongs to an abbreviation, an initial or the number of a list item."""
    if not stop.group("stop").startswith("."):
        return False
    before = text[max(start, stop.start() - 20) : stop.start()]
    number = _LAST_NUMBER.search(before)
    if number is not None:
        place = stop.start() - len(number.group())
        return place in items or not text[start:place].strip(" \t(")
    word = _LAST_WORD.search(before)
    if word is None:
        return False
    letters = word.group()
    return is_abbreviation(letters) or (len(letters) == 1 and letters.isupper() and letters not in "AI")


def _item_cuts(text: str, start: int, end: int) -> Iterator[int]:
    """Where the items of a numbered list inside one line begin: 1 after a break, then each number in turn."""
    expected = 1
    for item in _ITEM_NUMBER.finditer(text, start, end):
        number = int(item.group("number"))
        if number == 1 and _is_after_break(text, start, item.start()):
            expected = 2
        elif number != expected or expected == 1:
            if item.start() == start:
                expected = number + 1
            continue
        else:
            expected += 1
        yield item.start()


def _is_after_break(text: str, start: int, offset: int) -> bool:
    before = text[start:offset].rstrip(" \t")
    return not before or before[-1] in ",:;.\n"


def _trim(text: str, start: int, end: int) -> Sentence | None:
    while start < end and (text[start].isspace() or text[start] == ","):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] == ","):
        end -= 1
    if start == end:
        return None
    return Sentence(start, end, MARKER.match(text, start, end) is not None)


def is_abbreviation(word: str) -> bool:
    """Whether a full stop after the word belongs to it."""
    return word.lower() in _abbreviations()


@cache
def _abbreviations() -> frozenset[str]:
    lines = knowledge_of("fhir_coder.reading").joinpath("abbreviations.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
