"""Names of things that hold the word of a condition: "stroke center", "depression scale". The dictionary knows them as phrases without a code, so
that the longest phrase is the name and nothing inside it is found."""

from __future__ import annotations

from collections.abc import Iterator

from index.normalise import forms
from terminology.knowledge import knowledge_of
from terminology.lexicon.phrases import expand


def name_keys() -> Iterator[str]:
    """The keys of every name in ``names.txt``; raises PatternError when a line is no phrase pattern."""
    for line in knowledge_of("index").joinpath("names.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield from (" ".join(forms(phrase)) for phrase in expand(line))
