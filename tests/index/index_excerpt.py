"""A small release and lexicon for the index tests: about nine hundred stems of the tabular list, and phrases of our own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terminology.lexicon import AgeRange, Lexicon, LexiconEntry


@dataclass(frozen=True)
class Stem:
    code: str
    title: str
    terms: tuple[str, ...]


class Excerpt:
    """Answers what the index asks of a codebook, from ``excerpt.tsv``."""

    def __init__(self) -> None:
        self._titles: dict[str, str] = {}
        self._parents: dict[str, str] = {}
        self._stems: list[Stem] = []
        for line in (Path(__file__).parent / "excerpt.tsv").read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                self._read([*line.split("\t"), ""])

    def _read(self, columns: list[str]) -> None:
        code, parent, title, kind, terms = columns[:5]
        self._titles[code] = title
        self._parents[code] = parent
        if kind == "stem":
            self._stems.append(Stem(code, title, tuple(term for term in terms.split(" | ") if term)))

    def stems(self) -> tuple[Stem, ...]:
        return tuple(self._stems)

    def title(self, code: str) -> str:
        return self._titles[code]

    def category(self, code: str) -> str:
        return code[:3]

    def normalize(self, code: str) -> str | None:
        """Codes of the test's lexicon count as known and complete, whether the excerpt holds them or not."""
        return code

    def is_billable(self, code: str) -> bool:
        return True

    def ancestors(self, code: str) -> tuple[str, ...]:
        found = []
        while code := self._parents[code]:
            found.append(code)
        return tuple(found)


@dataclass(frozen=True)
class ExcerptRelease:
    codebook: Any
    id: str = "2026-04-01"
    sha256: str = "0" * 64
    title: str = "excerpt"
    vocabulary: Any = None


def release(sha256: str = "0" * 64) -> Any:
    return ExcerptRelease(Excerpt(), sha256=sha256)


def entry(phrase: str, codes: str, **options: Any) -> LexiconEntry:
    """An entry on a line of its own, unless ``source`` says otherwise."""
    id = options.pop("id", phrase.lower().replace(" ", "-"))
    return LexiconEntry(id, phrase, tuple(codes.split("+")), **{"source": f"{id}.tsv", **options})


ENTRIES = (
    entry("htn", "I10"),
    entry("hypertension", "I10"),
    entry("high blood pressure", "I10"),
    entry("heel spur", "M77.3"),
    entry("water on the knee", "M25.46"),
    entry("underactive thyroid", "E03.9"),
    entry("tennis elbow", "M77.1"),
    entry("frozen shoulder", "M75.0"),
    entry("diabetic kidney disease stage 3a", "E11.22+N18.31"),
    entry("OSA", "G47.33", is_case_sensitive=True),
    entry("PE", "I26.99", is_case_sensitive=True),
    entry("mi", "I21.9", near=("troponin", "chest pain")),
    entry("cold", "J00", unless=("intolerance", "packs")),
    entry("fall", "W19", kind="cause"),
    entry("a fib", "I48.91"),
    entry("vaginal bleeding", "N93.9", sex="female"),
    entry("colic", "R10.83", age=AgeRange(0, 1), kind="symptom"),
    entry("teen acne", "L70.0", age=AgeRange(12, 18)),
    entry("back pain", "M54.9", section_only="assessment"),
    entry("bph", "N40.0", sex="male"),
    entry("pink eye", "H10.9"),
    entry("hives", "L50.9"),
    entry("shingles", "B02.9"),
    entry("gallstones", "K80.20"),
)


def lexicon(*more: LexiconEntry, sha256: str = "1" * 64) -> Lexicon:
    return Lexicon((*ENTRIES, *more), sha256)
