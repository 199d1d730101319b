"""What the official index tables add: the same notes coded by one release with and without its vocabulary.

usage: python -m benchmarks.vocabulary WORK_FOLDER TABULAR.xml INDEX.xml EXTERNAL.xml NEOPLASM.xml DRUG.xml NOTES.jsonl[:POLICY]...

Both indexes are built in WORK_FOLDER and kept there, so that a second run only measures. Figures are those of ``fhir-coder evaluate``, for the
release without its vocabulary, with its dictionary terms only, with its search documents only, and with both; then the cost of either index.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from benchmarks.timing import MILLISECONDS
from fhir_coder.batch import codes_field, encounter_from, read_lines
from fhir_coder.coding.policy import POLICIES
from fhir_coder.coding.ranker import shipped_ranker
from fhir_coder.disposition import Policy
from fhir_coder.evaluation import evaluate
from fhir_coder.exchange import Artifacts
from fhir_coder.pipeline import Coder
from fhir_coder.scored import Document, document_of
from index.build import build_index, needs_build
from index.code_index import CodeIndex
from index.model import packaged_model
from index.open import open_index
from terminology.installation import release_from_xml
from terminology.release import Catalogue, Release
from terminology.vocabulary import TABLES, compile_vocabulary

DAY = date(2025, 4, 1)
_ORDER = ("index", "external", "neoplasm", "drug")


def main() -> int:
    """Print the figures."""
    work, tabular, *paths = (Path(argument) for argument in sys.argv[1:7])
    bare = release_from_xml(tabular.read_bytes(), tabular.name, DAY, DAY)
    tables = {name: path.read_bytes() for name, path in zip(_ORDER, paths, strict=False) if name in TABLES}
    started = time.perf_counter()
    full = replace(bare, vocabulary=compile_vocabulary(tables, bare.codebook))
    print(f"vocabulary compiled in {time.perf_counter() - started:.1f} s: {full.vocabulary.counts if full.vocabulary else {}}")
    without, with_both = _index(work / "without", bare), _index(work / "with", full)
    variants = {
        "without": without,
        "terms only": _mixed(with_both, without),
        "documents only": _mixed(without, with_both),
        "with both": with_both,
    }
    for argument in sys.argv[7:]:
        path, _, policy = argument.partition(":")
        for name, index in variants.items():
            _print(f"{Path(path).name} {policy or 'outpatient':10} {name:15}", _coder(full, index), Path(path), policy or "outpatient")
    return 0


def _index(folder: Path, release: Release) -> CodeIndex:
    """The index of the release, built when it is not there; prints what opening it takes."""
    model = packaged_model()
    if needs_build(folder, release, model):
        started = time.perf_counter()
        build_index(folder, release, model, lambda stage, done, total: None)
        print(f"{folder.name}: built in {time.perf_counter() - started:.1f} s")
    before = _resident()
    started = time.perf_counter()
    index = open_index(folder, release)
    print(f"{folder.name}: opened in {time.perf_counter() - started:.2f} s, {_resident() - before} MiB more, {dict(index.manifest.counts)}")
    return index


def _mixed(words: CodeIndex, search: CodeIndex) -> CodeIndex:
    """The dictionary of one index and the search of the other."""
    return CodeIndex(search.manifest, words._matcher, search._lexical, search._dense, search._encoder)


def _coder(release: Release, index: CodeIndex) -> Coder:
    rankers: Mapping = {name: shipped_ranker(name) for name in POLICIES}
    return Coder(Catalogue([release]), lambda _: index, rankers, Policy(), {}, lambda *_: Artifacts())


def _print(title: str, coder: Coder, path: Path, policy: str) -> None:
    started = time.perf_counter()
    documents = list(_documents(coder, path, policy))
    spent = (time.perf_counter() - started) / len(documents) * MILLISECONDS
    figures = evaluate(documents)
    exact, category = figures["exact"], figures["three_character"]
    print(
        f"{title} precision {exact['precision']:.3f} recall {exact['recall']:.3f} F1 {exact['f1']:.3f} "
        f"({exact['f1_low']:.3f} to {exact['f1_high']:.3f}) 3-character {category['f1']:.3f} "
        f"exactly right {figures['exact_match_encounters']:.3f} assigned {figures['predicted_codes']} {spent:.0f} ms a note",
        flush=True,
    )


def _documents(coder: Coder, path: Path, policy: str) -> Iterator[Document]:
    """Every note coded, beside its reference codes."""
    for line in read_lines(path):
        if line.problem:
            continue
        disposition, _ = coder.code_encounter(encounter_from(line.value, line.number), POLICIES[policy]())
        yield document_of(disposition.report.coded, frozenset(codes_field(line.value)))


def _resident() -> int:
    """Memory in use now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 2**20


if __name__ == "__main__":
    sys.exit(main())
