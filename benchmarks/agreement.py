"""How far two readings of the held-out notes agree: the measure that the engine's figures on the same notes stand beside.

usage: python -m benchmarks.agreement

``corpus/second_reading.jsonl`` holds the codes of readers who saw the notes alone, neither the reference codes nor what the engine answers.
Agreement is the micro F1 of the one set of codes against the other (the same in both directions), with its interval over notes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from fhir_coder.resampling import interval

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
_CATEGORY = 3


def main() -> int:
    """Print a line for each held-out file and one for all: notes, codes of both readings, agreement, notes coded alike."""
    second = {note["id"]: note["codes"] for note in _notes(CORPUS / "second_reading.jsonl")}
    pairs = {path.stem: [(note["codes"], second[note["id"]]) for note in _notes(path)] for path in sorted(CORPUS.glob("*held_out*.jsonl"))}
    for name, own in pairs.items():
        print(_line(name, own))
    print(_line("all", [pair for own in pairs.values() for pair in own]))
    return 0


def _notes(path: Path) -> list[Mapping]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _line(name: str, pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> str:
    counts = np.array([_counts(first, second) for first, second in pairs])
    categories = np.array([_counts(*({code[:_CATEGORY] for code in codes} for codes in pair)) for pair in pairs])
    low, high = interval(counts, agreement)
    alike = sum(set(first) == set(second) for first, second in pairs)
    total = counts.sum(axis=0)
    return (
        f"{name:24} {len(pairs):4} notes, {total[1]} and {total[2]} codes: exact {agreement(total):.3f} ({low:.3f} to {high:.3f}), "
        f"3-character {agreement(categories.sum(axis=0)):.3f}, {alike} notes alike"
    )


def _counts(first: Sequence[str] | set[str], second: Sequence[str] | set[str]) -> tuple[int, int, int]:
    return len(set(first) & set(second)), len(set(first)), len(set(second))


def agreement(counts: np.ndarray) -> float:
    """Micro F1 of shared codes, codes of the first and codes of the second reading; 1 where neither has any."""
    shared, first, second = counts
    return float(2 * shared / (first + second)) if first + second else 1.0


if __name__ == "__main__":
    raise SystemExit(main())
