"""Reading the vocabulary files: strictly, so that a slip in a data file is an error with its file and line, never a silent loss."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from importlib.resources.abc import Traversable
from pathlib import Path

from terminology.lexicon.digest import lexicon_sha256, source_files
from terminology.lexicon.entry import LexiconEntry
from terminology.lexicon.options import OptionError, Options, parse_options
from terminology.lexicon.phrases import PatternError, expand, same_phrase_key, slug

HEADER = "phrase\tcode\toptions"

_CODE = re.compile(r"[A-Z][0-9A-Z]{2}(?:\.[0-9A-Z]{1,4})?")
# Notes are matched word by word: a phrase may hold letters, digits and the marks that join words or stand in numbers.
_PHRASE = re.compile(r"[\w .,'’/&%+\-<>=#]+")


class LexiconError(ValueError):
    """The vocabulary cannot be used; the message begins with file and line."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All entries, ordered by file and line, and the sha256 (hex) of the files they came from."""

    entries: tuple[LexiconEntry, ...]
    sha256: str

    def __len__(self) -> int:
        return len(self.entries)


def load_lexicon(folder: Traversable | Path | None = None) -> Lexicon:
    """The vocabulary in ``folder`` (default: the one shipped); raises :class:`LexiconError`.

    An entry that adds nothing to an earlier one of the same phrase and codes is dropped: two specialties may both list it.
    """
    sources = source_files(folder)
    if not sources:
        raise LexiconError(f"{folder}: no vocabulary files")
    entries = [entry for source in sources for entry in _read_file(source.name, source.read_bytes())]
    return Lexicon(_identified(_without_conflicts(entries)), lexicon_sha256(folder))


def _read_file(name: str, content: bytes) -> Iterator[LexiconEntry]:
    """The entries of one file, in order, with provisional ids."""
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise LexiconError(f"{name}: not UTF-8 at byte {error.start}") from None
    rows = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not rows or rows[0][1].rstrip() != HEADER:
        raise LexiconError(f"{name}: the first line that is no comment must be the columns phrase, code, options")
    for number, line in rows[1:]:
        try:
            yield from _read_line(name, number, line)
        except (PatternError, OptionError, LexiconError) as error:
            raise LexiconError(f"{name}:{number}: {error}") from None


def _read_line(name: str, number: int, line: str) -> Iterator[LexiconEntry]:
    """The entries of one line: one for each phrase of its pattern."""
    columns = line.rstrip("\r\n").split("\t")
    if not 2 <= len(columns) <= 3:
        raise LexiconError(f"two or three columns expected, {len(columns)} found")
    codes = _codes(columns[1])
    options = parse_options(columns[2] if len(columns) == 3 else "")
    given = {option.name: getattr(options, option.name) for option in fields(options)}
    specialty = name.removesuffix(".tsv")
    for phrase in expand(columns[0]):
        _require_writable(phrase, options)
        yield LexiconEntry(f"{specialty}:{slug(phrase)}", phrase, codes, source=name, line=number, **given)


def _codes(column: str) -> tuple[str, ...]:
    """The codes of the second column, joined there by ``+``."""
    codes = tuple(column.strip().split("+"))
    for code in codes:
        if not _CODE.fullmatch(code):
            raise LexiconError(f"{code!r} has not the shape of a dotted ICD-10-CM code")
    if len(set(codes)) != len(codes):
        raise LexiconError("a code stands twice")
    return codes


def _require_writable(phrase: str, options: Options) -> None:
    """Refuses phrases that could never match, or match too much."""
    if not _PHRASE.fullmatch(phrase):
        raise LexiconError(f"{phrase!r} holds a character that notes are not matched by")
    if not options.is_case_sensitive and phrase != phrase.lower():
        raise LexiconError(f"{phrase!r} must be lower case, or have the option case")
    if options.is_case_sensitive and phrase == phrase.lower():
        raise LexiconError(f"{phrase!r} has the option case but no capitals")
    if len(phrase) < 2:
        raise LexiconError(f"{phrase!r} is too short to be told from other text")


def _without_conflicts(entries: Iterable[LexiconEntry]) -> tuple[LexiconEntry, ...]:
    """The entries without idle repeats; raises when one phrase has two meanings that no context tells apart."""
    places: dict[str, list[int]] = defaultdict(list)
    kept: list[LexiconEntry] = []
    for entry in entries:
        rivals = places[same_phrase_key(entry.phrase)]
        idle = next((place for place in rivals if _is_idle(entry, kept[place])), None)
        if idle is not None:
            if _commas(entry) > _commas(kept[idle]):  # it is found with its commas and without
                kept[idle] = replace(kept[idle], phrase=entry.phrase)
            continue
        for rival in map(kept.__getitem__, rivals):
            if entry.codes != rival.codes and not entry.excludes(rival):
                raise LexiconError(
                    f"{entry.where}: {entry.phrase!r} means {'+'.join(entry.codes)} here and {'+'.join(rival.codes)} at {rival.where}, "
                    "and no option tells them apart"
                )
        rivals.append(len(kept))
        kept.append(entry)
    return tuple(kept)


def _is_idle(entry: LexiconEntry, rival: LexiconEntry) -> bool:
    """Whether ``rival`` gives the same codes in the same contexts or in every context, so that ``entry`` adds nothing. A phrase that must
    be written as it is adds its commas."""
    if entry.codes != rival.codes or (entry.is_case_sensitive and _commas(entry) != _commas(rival)):
        return False
    is_unlimited = not rival.is_contextual and not rival.is_case_sensitive
    return is_unlimited or entry == replace(rival, id=entry.id, phrase=entry.phrase, source=entry.source, line=entry.line)


def _commas(entry: LexiconEntry) -> int:
    return entry.phrase.count(",")


def _identified(entries: tuple[LexiconEntry, ...]) -> tuple[LexiconEntry, ...]:
    """The entries with unique ids: codes, and only if need be a number, tell apart those of one phrase."""
    count = Counter(entry.id for entry in entries)
    named = [entry.id if count[entry.id] == 1 else f"{entry.id}@{'+'.join(entry.codes)}" for entry in entries]
    seen: Counter[str] = Counter()
    identified = []
    for entry, name in zip(entries, named, strict=True):
        seen[name] += 1
        unique = name if seen[name] == 1 else f"{name}#{seen[name]}"
        identified.append(entry if unique == entry.id else replace(entry, id=unique))
    return tuple(identified)
