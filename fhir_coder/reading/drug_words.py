"""How notes tell of the effects of medicines: the patterns of ``drug_effects.toml`` and the effects of ``known_effects.tsv``, compiled once."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from functools import cache

from terminology.knowledge import knowledge_of, table_rows

_PACKAGE = "fhir_coder.reading"
_WHOLE = r"(?<![\w-])(?:{})(?![\w-])"


@cache
def effect_words() -> dict[str, re.Pattern[str]]:
    """Every list of the file as one pattern of whole words; ``between`` and ``loose`` match what stands between two words, end to end."""
    lists = tomllib.loads(knowledge_of(_PACKAGE).joinpath("drug_effects.toml").read_text(encoding="utf-8"))
    found = {name: re.compile(_WHOLE.format("|".join(patterns)), re.IGNORECASE) for name, patterns in lists.items()}
    between = rf"\s*(?:(?:{'|'.join(lists['between'])})\s+)*"
    found["between"] = re.compile(between, re.IGNORECASE)
    found["loose"] = re.compile(rf"[\s,(]*(?:{'|'.join(lists['loose'])})\s+{between}", re.IGNORECASE)
    found["also"] = re.compile(rf"\s*(?:(?:{'|'.join((*lists['also'], *lists['between']))})\s*)+", re.IGNORECASE)
    for name in ("induced", "brings", "ended_for", "for"):
        found[name] = re.compile(rf"(?:{'|'.join(lists[name])})", re.IGNORECASE)
    return found


@cache
def known_effects(kind: str) -> re.Pattern[str] | None:
    """What medicines of a class are known to bring on, as whole words; None for a class without any."""
    effects = _effects().get(kind)
    return re.compile(_WHOLE.format("|".join(effects)), re.IGNORECASE) if effects else None


@cache
def _effects() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for row in table_rows(_PACKAGE, "known_effects.tsv"):
        for kind in row["classes"].split(" | "):
            found[kind] += row["effects"].split(" | ")
    return dict(found)
