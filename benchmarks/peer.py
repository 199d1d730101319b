"""The same notes through medspaCy with our lexicon as its rules, in a virtual environment of its own that is made on first use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.timing import line_of
from fhir_coder.batch import codes_field, read_lines
from fhir_coder.evaluation import evaluate
from fhir_coder.scored import Document
from terminology.lexicon import load_lexicon

PACKAGE = "medspacy==1.3.1"
SCRIPT = Path(__file__).with_name("peer_medspacy.py")


def run_peer(work: Path, notes: Path) -> list[str]:
    """Lines on time and accuracy of the peer; one line with the reason when it cannot be installed."""
    try:
        python = _environment(work / "medspacy")
    except subprocess.CalledProcessError as error:
        return [f"medspaCy: not measured, its installation failed with status {error.returncode}"]
    rules = work / "rules.tsv"
    rules.write_text("".join(f"{phrase}\t{codes}\n" for phrase, codes in _rules().items()), encoding="utf-8")
    done = subprocess.run([python, SCRIPT, rules, notes], capture_output=True, text=True, check=True)  # noqa: S603 - our own script
    report = json.loads(done.stdout.splitlines()[-1])
    return [
        line_of(f"{PACKAGE}, our lexicon", report["times"]),
        f"{PACKAGE} loaded in {report['load']:.2f} s; exact F1 {_f1(report, notes):.3f}",
    ]


def _environment(folder: Path) -> Path:
    """The interpreter of the peer's environment."""
    python = folder / "bin" / "python"
    ready = folder / ".ready"
    if not ready.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)  # noqa: S603 - our own arguments
        subprocess.run([python, "-m", "pip", "install", "-qqq", "--disable-pip-version-check", PACKAGE], check=True)  # noqa: S603 - a pinned package
        ready.touch()
    return python


def _rules() -> dict[str, str]:
    """Phrase to codes, the first meaning of a phrase that has several."""
    rules: dict[str, str] = {}
    for entry in load_lexicon().entries:
        rules.setdefault(entry.phrase, "+".join(entry.codes))
    return rules


def _f1(report: dict[str, Any], notes: Path) -> float:
    reference = [frozenset(codes_field(line.value)) for line in read_lines(notes) if not line.problem]
    documents = [Document(gold, dict.fromkeys(codes, 1.0), {}) for gold, codes in zip(reference, report["codes"], strict=True)]
    return float(evaluate(documents)["exact"]["f1"])
