"""The options column: ``case``, ``near=``, ``not=``, ``in=``, ``kind=``, ``sex=`` and ``age`` limits, read strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from terminology.lexicon.entry import KINDS, SECTIONS, SEXES, AgeRange

_AGE = re.compile(r"age(<|>=)(\d{1,3})")
_WORDS = re.compile(r"[^\W_]+(?:['.][^\W_]+)*(?:\|[^\W_]+(?:['.][^\W_]+)*)*")
_VALUES = {"kind": KINDS, "in": SECTIONS, "sex": SEXES}


class OptionError(ValueError):
    """An option that is unknown, repeated or malformed; the message names it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the options column of one line says; see :class:`~terminology.lexicon.entry.LexiconEntry` for the meaning."""

    kind: str = "disorder"
    is_case_sensitive: bool = False
    near: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    section_only: str = ""
    sex: str = ""
    age: AgeRange | None = None


def parse_options(column: str) -> Options:
    """The options of one line; raises :class:`OptionError`."""
    options = Options()
    seen: set[str] = set()
    for item in column.split():
        name = item[: item.index("=")] if "=" in item and not item.startswith("age") else item
        if name in seen:
            raise OptionError(f"option {name!r} stands twice")
        seen.add(name)
        options = _with(options, item)
    return options


def _with(options: Options, item: str) -> Options:
    """The options with one more item read."""
    if item == "case":
        return replace(options, is_case_sensitive=True)
    if item.startswith("age"):
        return replace(options, age=_age_limit(options.age or AgeRange(), item))
    name, _, value = item.partition("=")
    if name in _VALUES and value not in _VALUES[name]:
        raise OptionError(f"{name} is one of {', '.join(sorted(_VALUES[name]))}, not {value!r}")
    match name:
        case "kind":
            return replace(options, kind=value)
        case "in":
            return replace(options, section_only=value)
        case "sex":
            return replace(options, sex=value)
        case "near":
            return replace(options, near=_words(item, value))
        case "not":
            return replace(options, unless=_words(item, value))
    raise OptionError(f"unknown option {item!r}")


def _words(item: str, value: str) -> tuple[str, ...]:
    """The context words of ``near=`` or ``not=``."""
    if not _WORDS.fullmatch(value):
        raise OptionError(f"context words are single words separated by |, not {item!r}")
    return tuple(value.lower().split("|"))


def _age_limit(age: AgeRange, item: str) -> AgeRange:
    """The age range narrowed by ``age<N`` or ``age>=N``."""
    match = _AGE.fullmatch(item)
    if match is None:
        raise OptionError(f"age limits are written age<18 or age>=65, not {item!r}")
    years = int(match[2])
    narrowed = replace(age, below=years) if match[1] == "<" else replace(age, minimum=years)
    if narrowed.below is not None and narrowed.below <= narrowed.minimum:
        raise OptionError(f"no age satisfies {item!r} with the limit before it")
    return narrowed
