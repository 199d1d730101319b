"""The words by which notes tell the age of a pregnancy (``gestation_words.toml``), as patterns around numbers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from fhir_coder.alternatives import Alternatives, alternatives
from terminology.knowledge import knowledge_of

_WEEKS = r"(?:weeks?|wks?|w)"
_UNIT = r"(?:weeks?|wks?|days?|months?|mos?|d|w)"
_NUMBER = r"\d{1,2}"

_Lists = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class GestationWords:
    """``exact`` matches weeks in a form of their own, the weeks as the only group that is filled; ``after_birth`` what the opening of a note
    after the birth has; ``another_time`` and ``of_another`` end before weeks that are not meant, ``another_thing`` begins behind them."""

    pregnant: re.Pattern[str]
    perhaps_pregnant: Alternatives
    after_birth: re.Pattern[str]
    of_another: re.Pattern[str]
    another_time: re.Pattern[str]
    another_thing: re.Pattern[str]
    exact: re.Pattern[str]


@cache
def load_words() -> GestationWords:
    """The patterns, made once."""
    lists: _Lists = tomllib.loads(knowledge_of("fhir_coder").joinpath("gestation_words.toml").read_text(encoding="utf-8"))
    return GestationWords(
        pregnant=_compiled(_any(lists["pregnant"])),
        perhaps_pregnant=alternatives((*lists["pregnant"], *lists["perhaps_pregnant"])),
        after_birth=_compiled(rf"\b{_UNIT} ?{_any(lists['after_birth'])}\b|{_any(lists['birth_is_over'])}"),
        of_another=_compiled(rf"\b{_any(lists['others'])}\b[^.;\n]{{0,40}}$"),
        another_time=_compiled(_another_time(lists)),
        another_thing=_compiled(rf"\s*{_any(lists['another_thing'])}"),
        exact=_compiled("|".join(_exact(lists))),
    )


def _another_time(lists: _Lists) -> str:
    """What ends right before weeks of another time: a word of it, a bound, or the first number of a range, product or fraction."""
    bound = rf"\b{_any(lists['bounds'])}[\s-]+{_any(lists['about'])}?"
    return rf"(?:\b{_any(lists['another_time'])}\b[^.;:\n,]{{0,14}}|{bound}|(?<=\d)-|[×<>/] ?)$"


def _exact(lists: _Lists) -> tuple[str, ...]:
    """Weeks with days ("28w2d", "28+3", "28 2/7 weeks"), or with a word of pregnancy after or before them."""
    return (
        rf"\b({_NUMBER}) ?w(?:ks?|eeks?)?,? ?(?:and |& |\+ ?)?[0-6] ?d(?:ays?)?\b",
        rf"\b({_NUMBER}) ?\+ ?[0-6]\b(?! ?{_any(lists['no_days'])})",
        rf"\b({_NUMBER})[ -](?:and )?[0-6]/7(?: ?{_WEEKS})?\b",
        rf"\b({_NUMBER})[ -]?{_WEEKS}\.? ?(?:\(?(?:of )?{_any(lists['told_after'])})\b",
        rf"\b{_any(lists['told_before'])}\b[\s:,]*(?:{_any(lists['between'])}\s*)*({_NUMBER}) ?{_WEEKS}\b",
        rf"\b{_any(lists['age_names'])}\b[\s:=]*({_NUMBER})\b",
    )


def _any(words: Sequence[str]) -> str:
    return f"(?:{'|'.join(words)})"


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
