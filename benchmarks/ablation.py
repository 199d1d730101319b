"""What each part of the engine is worth: notes coded without it, the ranker fitted anew without it on the training notes.

usage: python -m benchmarks.ablation NOTES.jsonl...   (scored; the ranker is fitted on corpus/outpatient_train*.jsonl)
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fhir_coder.app import build_coder
from fhir_coder.batch import Line, codes_field, encounter_from, read_lines
from fhir_coder.coding.policy import CodingPolicy, outpatient
from fhir_coder.coding.ranker import Ranker, read_ranker
from fhir_coder.coding.training import Example, examples_of, fit, write_ranker
from fhir_coder.evaluation import evaluate
from fhir_coder.installed import ensure_index
from fhir_coder.model import Assertion, Assertions, Encounter, Section, SectionKind, Sections
from fhir_coder.pipeline import Coder
from fhir_coder.reading.assertion import assert_mentions
from fhir_coder.reading.mentions import find_mentions
from fhir_coder.reading.sections import find_sections
from fhir_coder.scored import Document, document_of
from fhir_coder.settings import Settings
from index.build import build_index, needs_build
from index.code_index import CodeIndex
from index.hybrid import LEXICAL_WEIGHT, Hit
from index.matcher import TermMatch
from index.model import packaged_model
from index.open import open_index
from terminology.lexicon import Lexicon
from terminology.release import Release

TRAINING = sorted((Path(__file__).resolve().parents[1] / "corpus").glob("outpatient_train*.jsonl"))
POLICY = outpatient()


@dataclass(frozen=True)
class _Index:
    """An index without some of what it knows."""

    whole: CodeIndex
    has_dense: bool = True
    has_words: bool = True

    @property
    def manifest(self) -> object:
        return self.whole.manifest

    def find_terms(self, text: str) -> tuple[TermMatch, ...]:
        return self.whole.find_terms(text)

    def search(self, queries: Sequence[str], k: int = 50) -> list[list[Hit]]:
        return [self._without(hits)[:k] for hits in self.whole.search(queries, k * 4)]

    def _without(self, hits: list[Hit]) -> list[Hit]:
        kept = (self._weighed(hit) for hit in hits)
        return sorted((hit for hit in kept if hit.score > 0), key=lambda hit: (-hit.score, hit.code))

    def _weighed(self, hit: Hit) -> Hit:
        lexical, dense = hit.lexical if self.has_words else None, hit.dense if self.has_dense else None
        return replace(hit, lexical=lexical, dense=dense, score=LEXICAL_WEIGHT * (lexical or 0.0) + (1 - LEXICAL_WEIGHT) * (dense or 0.0))


class _WithoutSections(Coder):
    """Every note is one body of text."""

    def read(self, encounter: Encounter, release: Release, policy: CodingPolicy) -> Assertions:
        bodies = tuple(Section(note.id, SectionKind.BODY, "", 0, 0, len(note.text)) for note in encounter.notes)
        return assert_mentions(find_mentions(Sections(encounter, bodies), self.index_for(release).find_terms))


class _WithoutAssertion(Coder):
    """Whatever is named is present, the patient's and current."""

    def read(self, encounter: Encounter, release: Release, policy: CodingPolicy) -> Assertions:
        mentions = find_mentions(find_sections(encounter), self.index_for(release).find_terms)
        return Assertions(mentions, tuple(Assertion(mention) for mention in mentions.mentions))


@dataclass(frozen=True)
class _PlainRule:
    """Instead of the ranker: what the dictionary finds in an assessment is coded, and nothing else."""

    version: str = "plain rule"
    artifact: bytes = b""

    def probability(self, features: Mapping[str, float]) -> float:
        return 0.9 if features["in_assessment"] and not features["retrieved_only"] else 0.1

    def contributions(self, features: Mapping[str, float]) -> list[tuple[str, float]]:
        return []


def main() -> int:
    """Print the table."""
    settings = Settings.from_environment()
    ensure_index(settings)
    coder = build_coder(settings)
    paths = [Path(argument) for argument in sys.argv[1:]]
    for name, variant, is_ranked in _variants(coder, settings):
        ranker = _fitted(variant) if is_ranked else _PlainRule()
        ranked = replace(variant, rankers={**variant.rankers, POLICY.name: ranker})
        told = "  ".join(_told(path, [_document(ranked, line) for line in _lines(path)]) for path in paths)
        print(f"{name:26} {told}", flush=True)
    return 0


def _variants(coder: Coder, settings: Settings) -> Iterator[tuple[str, Coder, bool]]:
    """Name, coder, and whether the ranker is used."""
    yield "whole engine", coder, True
    yield "without vectors", _with_index(coder, lambda whole: _Index(whole, has_dense=False)), True
    yield "without word search", _with_index(coder, lambda whole: _Index(whole, has_words=False)), True
    bare = _without_lexicon(settings, coder.catalogue.newest)
    yield "without lexicon", replace(coder, index_for=lambda release: bare), True
    yield "without ranker", coder, False
    yield "without sections", _as(coder, _WithoutSections), True
    yield "without assertion", _as(coder, _WithoutAssertion), True


def _without_lexicon(settings: Settings, release: Release) -> CodeIndex:
    """The index of the release with titles and inclusion terms only, built on first use."""
    empty = Lexicon((), "0" * 64)
    folder, model = settings.data / "benchmarks" / "without-lexicon", packaged_model()
    if needs_build(folder, release, model, empty):
        build_index(folder, release, model, lambda stage, done, total: None, empty)
    return open_index(folder, release, empty)


def _with_index(coder: Coder, change: Callable[[CodeIndex], _Index]) -> Coder:
    return replace(coder, index_for=lambda release: change(coder.index_for(release)))  # type: ignore[arg-type,return-value]


def _as(coder: Coder, kind: type[Coder]) -> Coder:
    return kind(**{name: getattr(coder, name) for name in coder.__dataclass_fields__})


def _fitted(coder: Coder) -> Ranker:
    """The ranker that the training notes give when they are read by this variant."""
    examples: list[Example] = []
    note = 0
    for path in TRAINING:
        for line in _lines(path):
            encounter = encounter_from(line.value, line.number)
            release = coder.catalogue.for_date(encounter.service_date).release
            candidates = coder.find_candidates(encounter, release, POLICY)
            examples += examples_of(candidates, release, POLICY, frozenset(codes_field(line.value)), note, path.name)
            note += 1
    return read_ranker(write_ranker(POLICY.name, fit(examples), [{"file": path.name} for path in TRAINING], len(examples)))


def _lines(path: Path) -> Iterator[Line]:
    return (line for line in read_lines(path) if not line.problem)


def _document(coder: Coder, line: Line) -> Document:
    disposition, _ = coder.code_encounter(encounter_from(line.value, line.number), POLICY)
    return document_of(disposition.report.coded, frozenset(codes_field(line.value)))


def _told(path: Path, documents: list[Document]) -> str:
    exact = evaluate(documents)["exact"]
    return f"{path.stem}: P {exact['precision']:.3f} R {exact['recall']:.3f} F1 {exact['f1']:.3f}"


if __name__ == "__main__":
    sys.exit(main())
