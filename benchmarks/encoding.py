"""Which query encoder: recall and time of the original model and of its exports, and of approximate search beside exact search.

usage: python -m benchmarks.encoding NOTES.jsonl...   (lines with ``reference``: the words that support each code are the queries)

Documents are the titles and inclusion terms of every stem, embedded by the encoder under test; a query is found when the stem of its code is among
the first 10 or 50 codes. Takes some minutes: every document is embedded three times.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import faiss
import numpy as np

from benchmarks.timing import line_of
from fhir_coder.batch import read_lines
from fhir_coder.installed import ensure_index, open_releases
from fhir_coder.settings import Settings
from index.encoder import ENCODER_FILE, TOKENIZER_FILE, Encoder, Vectors
from index.export import export_transformer, load_sentence_transformer
from index.model import packaged_model
from index.open import index_folder
from terminology.codebook import Codebook

DEPTHS = (10, 50)
ROWS_PER_CODE = 8
LISTS, PROBES, PIECES = 256, 16, 48

Encode = Callable[[Sequence[str]], Vectors]


def main() -> int:
    """Print one line for each encoder and each way of searching."""
    settings = Settings.from_environment()
    ensure_index(settings)
    release = open_releases(settings).newest
    queries = sorted({query for path in sys.argv[1:] for query in _queries(Path(path), release.codebook)})
    rows = [(stem.code, text) for stem in release.codebook.stems() for text in (stem.title, *stem.terms)]
    print(f"{len(queries)} queries, {len(rows)} documents")
    with TemporaryDirectory() as folder:
        for name, encode in _encoders(Path(folder), index_folder(settings.data, release)):
            _measure(name, encode, queries, rows)
    return 0


def _queries(path: Path, codebook: Codebook) -> Iterator[tuple[str, str]]:
    """Words that support a code, and its stem."""
    for line in read_lines(path):
        for one in (line.value or {}).get("reference", ()):
            for start, end in one["evidence"]:
                yield line.value["text"][start:end], codebook.stem(one["code"])


def _encoders(work: Path, shipped: Path) -> Iterator[tuple[str, Encode]]:
    """Name and encoder: the original by torch, exported as it is, exported and quantized to eight bits (the one that serves)."""
    original = load_sentence_transformer(packaged_model())
    yield "torch, 32 bit", lambda texts: np.asarray(original.encode(list(texts), normalize_embeddings=True), dtype=np.float32)
    (work / TOKENIZER_FILE).write_bytes((shipped / TOKENIZER_FILE).read_bytes())
    export_transformer(original, work / ENCODER_FILE)
    plain, quantized = Encoder(work), Encoder(shipped)
    yield "onnxruntime, 32 bit", lambda texts: plain.encode_many(texts, 2, _ignore)
    yield "onnxruntime, 8 bit (serving)", lambda texts: quantized.encode_many(texts, 2, _ignore)


def _ignore(_: int) -> None:
    """No progress is shown."""


def _measure(name: str, encode: Encode, queries: Sequence[tuple[str, str]], rows: Sequence[tuple[str, str]]) -> None:
    """Recall by exact and by approximate search, and the time of one query alone."""
    documents = encode([text for _, text in rows])
    asked, times = [], []
    for text, _ in queries:
        started = time.perf_counter()
        asked.append(encode([text])[0])
        times.append(time.perf_counter() - started)
    print(line_of(f"{name}: one query", times))
    codes = [code for code, _ in rows]
    wanted = [stem for _, stem in queries]
    for kind, index in (("exact", faiss.IndexFlatIP(documents.shape[1])), ("IVF-PQ", _approximate(documents.shape[1]))):
        if not index.is_trained:
            index.train(documents)
        index.add(documents)
        started = time.perf_counter()
        _, found = index.search(np.stack(asked), max(DEPTHS) * ROWS_PER_CODE)
        spent = (time.perf_counter() - started) / len(asked) * 1000
        recall = {depth: np.mean([_is_found(row, codes, stem, depth) for row, stem in zip(found, wanted, strict=True)]) for depth in DEPTHS}
        told = "  ".join(f"recall at {depth} {value:.3f}" for depth, value in recall.items())
        print(f"{name}: {kind:7} {told}  {spent:.2f} ms a query", flush=True)


def _approximate(width: int) -> faiss.Index:
    index = faiss.IndexIVFPQ(faiss.IndexFlatIP(width), width, LISTS, PIECES, 8, faiss.METRIC_INNER_PRODUCT)
    index.nprobe = PROBES
    return index


def _is_found(row: Sequence[int], codes: Sequence[str], stem: str, depth: int) -> bool:
    """Whether the stem is among the first ``depth`` different codes."""
    ranked = list(dict.fromkeys(codes[place] for place in row if place >= 0))[:depth]
    return stem in ranked


if __name__ == "__main__":
    sys.exit(main())
