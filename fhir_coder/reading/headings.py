"""Recognising a heading: the words that open a section, and where in the text they may stand.

The words are data (``headings.tsv``, ``section_codes.tsv``). The forms are: alone on a line, followed by a colon on a line of text, marked up
(``## Plan``, ``**Plan:**``), numbered, and inside a line where a transcription system joined lines with commas (``well.,IMPRESSION:,1.``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from fhir_coder.model import SectionKind
from terminology.knowledge import knowledge_of

PART = "part"

_ASSESSING = frozenset({SectionKind.ASSESSMENT, SectionKind.PLAN, SectionKind.ASSESSMENT_AND_PLAN, SectionKind.DIAGNOSES})
_SAID_AT_A_STOP = _ASSESSING - {SectionKind.PLAN} | {SectionKind.PHYSICAL_EXAM}
_AFTER_ASSESSMENT = _ASSESSING | {SectionKind.ORDERS, SectionKind.INSTRUCTIONS, SectionKind.ADMINISTRATIVE}

_LINE = re.compile(r"[^\n]+")
_MARKER = re.compile(
    r"(?P<mark>[ \t]*(?:#{1,6}[ \t]*|[*_]{2,3}[ \t]*|=+[ \t]*|\[(?=[A-Za-z])|<(?=[A-Za-z]))?)(?P<number>(?:\d{1,2}|[IVX]{1,4})[.)][ \t]+)?"
)
_WORDS = re.compile(
    r"[A-Za-z][A-Za-z0-9 \t/&+,.'’\-]{0,70}?(?:[ \t]*\([^()\n]{0,40}\))?(?=[ \t]*(?:\*\*|__|[:\]>=#*]|--|[–—]|[ \t]-[ \t]|$))"
)
_CLOSING = re.compile(r"[ \t]*(?:[*_]{2,3}|[\]>])?[ \t]*(?P<colon>:|--|[–—]|-(?=[ \t]))?[ \t]*(?:[*_]{2,3}|[=#]+)?[ \t]*")
_INSIDE = re.compile(
    r"(?:(?<![^,\n])|(?<=[.;?!)] )|(?<=[.;?!)]  )|(?<=[.;]))(?P<words>[A-Z][A-Za-z0-9 /&+'’\-]{0,60}?)[ \t]*(?P<end>:[ \t]*,?|,(?=\d{1,2}\.|[A-Z]))"
)
# Abbreviations that are words, units or list marks when written small.
_WORDS_TOO = frozenset({"a", "p", "s", "o", "all", "pi", "ph", "pc", "px", "tx", "rx", "cc and hpi"})
# Hurried notes put nothing, or a mark, between the heading and what it opens: "Imp 1. gout", "A/P> 1. gout", "Dx strep pharyngitis", "Plan rest".
_TERSE = re.compile(r"[ \t]*(?P<words>A/P|A&P|A\+P|I/P|IMPR?|Impr?|Assess|Dx|DX|Plan)[)>./]?[ \t]+(?=[A-Za-z0-9#])")
_TERSE_INSIDE = re.compile(r"(?<=[.;?!)] )(?P<words>Dx)[ \t]+(?=[A-Za-z]{2})")
# "ASSESSMENT. Polycythemia vera", as dictated letters are typed; in other letters only where they open a line and say what was concluded or seen.
_STOPPED = re.compile(r"[ \t]*(?P<words>[A-Z][A-Za-z/&+ ]{2,40})\.[ \t]+(?=[^\s.])")
_STOPPED_INSIDE = re.compile(r"(?<=[.;?!)] )(?P<words>[A-Z][A-Z/&+ ]{3,40})\.[ \t]+(?=[^\s.])")
# "Dr. Benoit's assessment:", "MD impression:", "My diagnoses:".
_AUTHOR = re.compile(
    r"(?:(?:dr|prof)\.? [\w.-]+(?: [\w-]+)?(?:'s)?|(?:my|our|provider|physician|clinician|attending|doctor|md|np|pa|surgeon|specialist)(?:'s)?) (?=\w)",
    re.IGNORECASE,
)
_LETTER = re.compile(r"^[ \t]*(?P<words>[SOABP])(?P<mark>[)./])[ \t]*(?=\S)", re.MULTILINE)
_PARENTHESES = re.compile(r"\([^()]*\)")
_JOIN = re.compile(r"[ \t]*[&+/][ \t]*")


@dataclass(frozen=True, slots=True)
class HeadingRule:
    """One heading of ``headings.tsv``. ``kind`` is None for a body-system part."""

    kind: SectionKind | None
    is_superseded: bool = False
    needs_colon: bool = False
    within: frozenset[SectionKind] = frozenset()
    outside: frozenset[SectionKind] = frozenset()

    def is_allowed_in(self, current: SectionKind) -> bool:
        """Whether the rule may apply inside a section of this kind."""
        return (not self.within or current in self.within) and current not in self.outside


@dataclass(frozen=True, slots=True)
class Heading:
    """Words at ``start`` that look like a heading of the section whose text begins at ``body_start``.

    ``is_weak`` marks a form that is also how an item or a sub-item is written: capitalised words without colon, or numbered.
    ``is_inside`` marks one found inside a line, ``is_inline`` one followed by text on its line, ``is_terse`` one that nothing parts from it.
    """

    start: int
    body_start: int
    title: str
    rule: HeadingRule
    is_weak: bool = False
    is_inside: bool = False
    is_inline: bool = False
    is_terse: bool = False

    @property
    def may_be_of_a_report(self) -> bool:
        """Whether it is how imaging reports write as well: "Impression: no fracture." """
        return self.is_inline and not self.title.isupper() and self.rule.kind is SectionKind.ASSESSMENT

    def can_open(self, current: SectionKind, *, has_assessment: bool = True) -> bool:
        """Whether this heading ends a section of the given kind. ``has_assessment``: another heading of the note opens its assessment."""
        if not self.rule.is_allowed_in(current):
            return False
        if has_assessment and self.may_be_of_a_report and current is SectionKind.RESULTS:
            return False
        if self.is_terse:
            return (current in _ASSESSING) == (self.rule.kind is SectionKind.PLAN)
        if self.is_weak and current in _ASSESSING:
            return self.rule.kind in _AFTER_ASSESSMENT
        return True


def find_headings(text: str, start: int, end: int) -> Iterator[Heading]:
    """Every possible heading of ``text[start:end]`` in order, parts included."""
    marks = _letter_marks(text, start, end)
    for line in _LINE.finditer(text, start, end):
        opened = (
            _line_heading(text, line.start(), line.end())
            or _letter_heading(text, line.start(), line.end(), marks)
            or _terse_heading(text, line.start(), line.end())
            or _stopped_heading(text, line.start(), line.end())
        )
        inside_from = line.start()
        if opened is not None:
            yield opened
            inside_from = opened.body_start
        if inside_from < line.end():
            yield from _inside_headings(text, inside_from, line.end())


def _letter_marks(text: str, start: int, end: int) -> frozenset[str]:
    """The marks that stand behind the letters S, O, A and P as headings of the note ("A) gout", "P) rest"); where B follows A they are a list."""
    found = {(letter.group("words"), letter.group("mark")) for letter in _LETTER.finditer(text, start, end)}
    return frozenset(mark for letter, mark in found if letter == "A" and ("P", mark) in found and ("B", mark) not in found)


def _letter_heading(text: str, start: int, end: int, marks: frozenset[str]) -> Heading | None:
    letter = _LETTER.match(text, start, end) if marks else None
    rule = _rule(letter.group("words")) if letter and letter.group("mark") in marks else None
    if letter is None or rule is None:
        return None
    return Heading(start, letter.end(), letter.group("words"), rule, is_inline=True)


def _terse_heading(text: str, start: int, end: int) -> Heading | None:
    found = _TERSE.match(text, start, end)
    rule = _rule(found.group("words")) if found else None
    if found is None or rule is None:
        return None
    return Heading(start, found.end(), found.group("words"), rule, is_inline=True, is_terse=True)


def _stopped_heading(text: str, start: int, end: int) -> Heading | None:
    """ "SUBJECTIVE. He returns ..."; small letters only for what a sentence of one word would not be ("Impression. Gout.")."""
    found = _STOPPED.match(text, start, end)
    words = found.group("words") if found else ""
    rule = _rule(words) if words else None
    if found is None or rule is None or rule.kind is None or rule.needs_colon:
        return None
    if not (words.isupper() or rule.kind in _SAID_AT_A_STOP):
        return None
    return Heading(start, found.end(), words, rule, is_weak=not words.isupper(), is_inline=True)


def rule_for_title(title: str) -> HeadingRule | None:
    """The rule for a title that a note's format declares, or None."""
    words = title.strip(" \t:.*#")
    return _rule(words) or _abbreviations().get(_normal(words).upper())


def kind_for_loinc(code: str) -> SectionKind | None:
    """The section kind of a LOINC section code, or None."""
    return _section_codes().get(code)


def _line_heading(text: str, start: int, end: int) -> Heading | None:
    marker = _MARKER.match(text, start, end)
    words_start = marker.end() if marker else start
    words = _WORDS.match(text, words_start, end)
    if words is None:
        return None
    rule = _rule(words.group()) or _telegraphic_rule(words.group())
    closing = _CLOSING.match(text, words.end(), end)
    if rule is None or closing is None:
        return None
    has_colon, is_alone = closing.group("colon") is not None, closing.end() == end
    is_marked = bool(marker and marker.group("mark").strip())
    if not _is_form(words.group(), rule, has_colon=has_colon, is_alone=is_alone, is_marked=is_marked):
        return None
    is_dash = has_colon and not closing.group("colon").startswith(":")
    is_bare = is_alone and not (has_colon or is_marked or words.group().isupper())
    is_weak = bool(marker and marker.group("number")) or is_bare or is_dash
    return Heading(start, _skip_blank(text, closing.end()), words.group().strip(), rule, is_weak=is_weak, is_inline=not is_alone)


def _is_form(words: str, rule: HeadingRule, *, has_colon: bool, is_alone: bool, is_marked: bool) -> bool:
    if rule.needs_colon and not has_colon:
        return False
    if words.endswith(".") and not words.isupper() and not (is_alone and rule.kind in _ASSESSING):
        return False  # "Follow-up." is a sentence
    if has_colon or is_marked:
        return True
    return is_alone and (words[:1].isupper() or _telegraphic_rule(words) is not None)


def _inside_headings(text: str, start: int, end: int) -> Iterator[Heading]:
    for found in _INSIDE.finditer(text, start, end):
        words = found.group("words")
        rule = _rule(words)
        if rule is None or not _is_inside_form(text, found, words, rule):
            continue
        yield Heading(found.start(), _skip_blank(text, found.end()), words.strip(), rule, is_inside=True, is_inline=True)
    yield from _terse_inside(text, start, end)
    for stopped in _STOPPED_INSIDE.finditer(text, start, end):
        rule = _rule(stopped.group("words"))
        if rule is not None and rule.kind is not None:
            yield Heading(stopped.start(), stopped.end(), stopped.group("words"), rule, is_inside=True, is_inline=True)


def _terse_inside(text: str, start: int, end: int) -> Iterator[Heading]:
    """ "Dx" after a sentence, before the diagnosis."""
    for found in _TERSE_INSIDE.finditer(text, start, end):
        rule = _rule(found.group("words"))
        if rule is not None:
            yield Heading(found.start(), found.end(), found.group("words"), rule, is_inside=True, is_inline=True, is_terse=True)


def _is_inside_form(text: str, found: re.Match[str], words: str, rule: HeadingRule) -> bool:
    """Inside a line only capitals are believed, or any case right after a joining comma, or the assessment and plan after a sentence."""
    before = text[found.start() - 1 : found.start()]
    if not found.group("end").startswith(":"):
        return before in ("", ",", "\n") and words.isupper() and len(words) > 3
    if before in ("", ",", "\n"):
        return True
    if words.isupper():
        return len(words) > 2
    return before == " " and rule.kind in _ASSESSING


def _skip_blank(text: str, offset: int) -> int:
    while offset < len(text) and text[offset].isspace():
        offset += 1
    return offset


def _rule(words: str) -> HeadingRule | None:
    normal = _normal(words)
    rule = _headings().get(normal.lower()) or _abbreviations().get(normal)
    author = None if rule else _AUTHOR.match(normal)
    if author is None:
        return rule
    rule = _headings().get(normal[author.end() :].lower()) or _abbreviations().get(normal[author.end() :].upper())
    return rule if rule is not None and rule.kind in _ASSESSING else None


def _telegraphic_rule(words: str) -> HeadingRule | None:
    """The rule for an abbreviation in small letters ("hpi - ", "pe"), as hurried notes write it at the start of a line."""
    if not words.islower() or words.strip() in _WORDS_TOO:
        return None
    return _small_abbreviations().get(_normal(words))


def _normal(words: str) -> str:
    words = _PARENTHESES.sub(" ", words).replace("’", "'").strip(" \t.,-")
    return " ".join(_JOIN.sub(" and ", words).split())


@cache
def _headings() -> Mapping[str, HeadingRule]:
    return MappingProxyType({_normal(words).lower(): rule for words, rule, is_exact in _rows() if not is_exact})


@cache
def _abbreviations() -> Mapping[str, HeadingRule]:
    return MappingProxyType({_normal(words): rule for words, rule, is_exact in _rows() if is_exact})


@cache
def _small_abbreviations() -> Mapping[str, HeadingRule]:
    return MappingProxyType({words.lower(): rule for words, rule in _abbreviations().items()})


def _rows() -> Iterator[tuple[str, HeadingRule, bool]]:
    for kind, options, headings in _table("headings.tsv"):
        rule = _parse_rule(kind, options)
        for words in headings.split("|"):
            yield words, rule, "case" in options.split()


def _parse_rule(kind: str, options: str) -> HeadingRule:
    flags = dict(option.partition("=")[::2] for option in options.split())
    return HeadingRule(
        kind=None if kind == PART else SectionKind(kind),
        is_superseded="superseded" in flags,
        needs_colon="colon" in flags,
        within=_kinds(flags.get("within", "")),
        outside=_kinds(flags.get("outside", "")),
    )


def _kinds(names: str) -> frozenset[SectionKind]:
    return frozenset(SectionKind(name) for name in names.split(",") if name)


@cache
def _section_codes() -> Mapping[str, SectionKind]:
    return MappingProxyType({code: SectionKind(kind) for code, kind, _ in _table("section_codes.tsv")})


def _table(name: str) -> Iterator[list[str]]:
    """The rows of a table beside this module, without comments and its header line."""
    lines = knowledge_of("fhir_coder.reading").joinpath(name).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    yield from rows[1:]
