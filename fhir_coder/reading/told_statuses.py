"""Statuses and histories told in running words: "spleen removed after a crash in 1988", "urothelial carcinoma resected 2021, BCG finished".

A status (what was removed, put in or lost), a disease that is over, a relative's disease and a circumstance of life have more wordings than a list
of phrases holds. So sentences are read for words of classes near each other; classes and rules are data (``told_statuses.toml``), the diseases with
the codes of their personal and family history are a table (``told_histories.tsv``), and so are joints that are replaced (``told_joints.tsv``).
What the sentence denies or only expects, later stages see.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fhir_coder.beginnings import folded
from fhir_coder.reading.body_mass import MeasuredTerm
from fhir_coder.reading.first_words import FirstWords, first_words
from terminology.knowledge import knowledge_of, table_rows

SOURCE = "lexicon:told-"
"""How the source of every such term begins: a rule is an entry of the clinical lexicon that holds many phrases."""

_SENTENCE = re.compile(r"[^.;\n•]+(?:\.(?=\w)[^.;\n•]*)*")
_CLASS = re.compile(r"\{(\w+)\}")
_WIDE, _NARROW = 6, 2


@dataclass(frozen=True, slots=True)
class _Rule:
    id: str
    code: str
    told: str
    not_beside: str
    sex: str
    age: str

    @property
    def words(self) -> re.Pattern[str]:
        """The sequences that tell it. Most rules meet no note of a process, so that none is compiled before its anchor stands in one."""
        return _compiled(self.told)

    @property
    def unless(self) -> re.Pattern[str] | None:
        """What must not stand in the sentence."""
        return _compiled(self.not_beside) if self.not_beside else None


def find_told_statuses(text: str) -> Iterator[MeasuredTerm]:
    """Every status and history that the text tells, each at its first place in a sentence."""
    groups, plain = _rules(), folded(text)
    for sentence in _SENTENCE.finditer(text):
        start, end = sentence.span()
        for anchor, rules in (groups[number] for number in _first_words().possible(plain, start, end)):
            if not anchor.search(text, start, end):
                continue
            for rule in rules:
                found = rule.words.search(text, start, end)
                if found and not (rule.unless and rule.unless.search(text, start, end)):
                    yield MeasuredTerm(found.start(), found.end(), (rule.code,), SOURCE + rule.id, sex=rule.sex, age=rule.age)


@cache
def _rules() -> tuple[tuple[re.Pattern[str], tuple[_Rule, ...]], ...]:
    """The rules, those of one disease or thing together behind the words without which none of them is told."""
    data = tomllib.loads(knowledge_of("fhir_coder.reading").joinpath("told_statuses.toml").read_text(encoding="utf-8"))
    classes: Mapping[str, str] = {name: "|".join(words) for name, words in data["words"].items()}
    groups: list[tuple[str, tuple[_Rule, ...]]] = [
        (row["anchor"], (_rule(row, row["code"], row["told"], classes),)) for row in data["status"]
    ]
    groups += [(row["words"], tuple(_histories(row, data, classes))) for row in table_rows("fhir_coder.reading", "told_histories.tsv")]
    groups += _joints(data["joint"], classes)
    return tuple((_compiled(_filled(anchor, classes)), rules) for anchor, rules in groups)


@cache
def _first_words() -> FirstWords:
    """How the anchors of the rules begin: most sentences can have few of them."""
    return first_words([anchor.pattern] for anchor, _ in _rules())


def _histories(row: Mapping[str, str], data: Mapping[str, Any], classes: Mapping[str, str]) -> Iterator[_Rule]:
    """The ways to tell that a disease of the table is over, or a relative's."""
    own = {**classes, "disease": row["words"]}
    for way in data["way"]:
        code = row[way["of"]]
        if code and way["id"] not in row["unlike"].split():
            told = [*way["told"], *(() if "ended" in row["unlike"].split() else way.get("ended", ()))]
            yield _rule({**way, "id": f"{way['id']}-{row['id']}", "sex": row["sex"] if way["of"] == "personal" else ""}, code, told, own)


def _joints(ways: Mapping[str, Any], classes: Mapping[str, str]) -> Iterator[tuple[str, tuple[_Rule, ...]]]:
    """For each joint of the table its words and the one rule that tells it to be replaced."""
    for row in table_rows("fhir_coder.reading", "told_joints.tsv"):
        own = {**classes, **{name: row[name] for name in ("joint", "operation", "short")}}
        unless = [*ways["unless"], *filter(None, [row["unless"]])]
        yield f"{row['joint']}|{row['short']}", (_rule({"id": f"{row['id']}-joint", "unless": unless}, row["code"], ways["told"], own),)


def _rule(row: Mapping[str, Any], code: str, told: list[str], classes: Mapping[str, str]) -> _Rule:
    unless = _filled("|".join(row.get("unless", [])), classes)
    return _Rule(
        row["id"], code, _filled("|".join(_sequence(one) for one in told), classes), unless, row.get("sex", ""), row.get("age", "")
    )


def _sequence(told: str) -> str:
    """A sequence as a pattern: ``..`` stands for up to six words of the sentence, ``.`` for up to two, a blank for none."""
    gaps = {"..": _WIDE, ".": _NARROW}
    pattern, gap = "", 0
    for part in told.split():
        if part in gaps:
            gap = gaps[part]
            continue
        pattern += (_between(gap) if pattern else "") + part.replace("_", "[ -]")
        gap = 0
    return f"(?:{pattern})"


def _between(gap: int) -> str:
    """What may stand between two words: up to ``gap`` others, none of them a word that breaks the sequence."""
    return rf"[^\w.;\n]+(?:(?!(?:{{break}})\b)[\w'’/%-]+[^\w.;\n]+){{0,{gap}}}?" if gap else r"[^\w.;\n]{1,3}"


def _filled(pattern: str, classes: Mapping[str, str]) -> str:
    return _CLASS.sub(lambda found: f"(?:{classes[found.group(1)]})" if found.group(1) in classes else found.group(), pattern)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE)
