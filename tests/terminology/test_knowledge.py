"""The one door to the data files beside the code: nobody goes around it, and a replay can put another folder behind it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from terminology.knowledge import ELSEWHERE, KINDS, PACKAGES, REPLACED_BY, knowledge_files, set_digest
from tests.each import for_each

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
NOT_KNOWLEDGE = (
    "fhir_coder/fhir/",
    "fhir_coder/sandbox/",
    "fhir_coder/risk/",
    "fhir_coder/audit/",
    "fhir_coder/own_terms.py",
    "fhir_coder/people.py",
    "fhir_coder/review/",
    "fhir_coder/worklist/reasons.py",
    "fhir_coder/store/upgrade.py",
    "fhir_coder/notes/pages/process.py",
    "fhir_coder/software.py",
    "terminology/knowledge.py",
)
"""FHIR's definitions, the built-in EHR, the risk report (which decides nothing), the words of the audit, the roles of people, pages, the store's migrations, our own modules, and the door itself."""


@for_each("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nobody_goes_around_the_door(path: Path) -> None:
    if path.relative_to(ROOT).as_posix().startswith(NOT_KNOWLEDGE):
        return
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"importlib\.resources import .*\bfiles\b|\bresources\.files\b|pkgutil\.get_data|__file__", text)


def test_every_data_file_is_knowledge_or_known_not_to_be() -> None:
    there = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in KINDS and "__pycache__" not in path.parts
    }
    assert {path for path in there if not path.startswith(ELSEWHERE)} == set(knowledge_files())
    assert {"fhir_coder/edits/age_limits.tsv", "fhir_coder/reading/context.toml", "index/stoplist.txt"} <= set(knowledge_files())
    assert "terminology/lexicon/terms/cardiology.tsv" in knowledge_files()


def test_the_digest_is_of_paths_and_contents() -> None:
    assert set_digest({"a": "1", "b": "2"}) == set_digest({"b": "2", "a": "1"})
    assert len({set_digest(one) for one in ({"a": "1"}, {"b": "1"}, {"a": "2"}, {}, {"a": "1", "b": "1"})}) == 5


READ = """
from fhir_coder.always_review import review_rules
from fhir_coder.edits.tables import read_table
from terminology.lexicon.digest import lexicon_sha256
print(len(review_rules()), len(list(read_table("age_limits.tsv"))), lexicon_sha256())
"""


def test_a_replay_reads_from_the_folder_it_is_given(tmp_path: Path) -> None:
    for path, file in knowledge_files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(file.read_bytes())
    ours = read(dict(os.environ))
    assert read({**os.environ, REPLACED_BY: str(tmp_path)}) == ours
    table = tmp_path / "fhir_coder/always_review.tsv"
    table.write_text("\n".join(table.read_text(encoding="utf-8").splitlines()[:-1]) + "\n", encoding="utf-8")
    shutil.rmtree(tmp_path / "terminology")
    (tmp_path / "terminology/lexicon/terms").mkdir(parents=True)
    rules, limits, lexicon = read({**os.environ, REPLACED_BY: str(tmp_path)})
    assert (int(rules), limits) == (int(ours[0]) - 1, ours[1]) and lexicon != ours[2]


def read(environment: dict[str, str]) -> list[str]:
    """What a process with this environment reads."""
    done = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, env=environment, cwd=ROOT, timeout=60, check=True)
    return done.stdout.split()
