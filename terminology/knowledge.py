"""The one door to knowledge: the data files that lie beside the code of our packages and decide what is coded and what an edit says.

A coding is replayed on the knowledge it was made with, which a later version of the software no longer ships. The replaying process is
therefore started with ``REPLACED_BY`` in its environment: the folder of a kept copy, laid out as the packages are. It is no setting: nobody
but :mod:`fhir_coder.record.replay` gives it, and it holds for a whole process because loaders remember what they read.

Not knowledge, and read by its own path: the FHIR definitions (``fhir_coder/fhir``), the built-in EHR (``fhir_coder/sandbox``), the roles and reasons of
people, what our codes are called, and the tables of the risk report (``fhir_coder/risk``) and of the audit (``fhir_coder/audit``), which decide nothing.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

REPLACED_BY = "REPLAYED_FHIR_CODER_KNOWLEDGE"

PACKAGES = ("fhir_coder", "index", "terminology")
KINDS = (".json", ".toml", ".tsv", ".txt")
RANKERS = "fhir_coder/coding/rankers/"
"""The rankers are knowledge too, but each is an artifact of its own (see :mod:`fhir_coder.record.artifacts`)."""
ELSEWHERE = (
    "fhir_coder/fhir/",
    "fhir_coder/sandbox/",
    "fhir_coder/risk/",
    "fhir_coder/audit/",
    "fhir_coder/own_terms.tsv",
    "fhir_coder/roles.tsv",
    "fhir_coder/worklist/",
    RANKERS,
)


def knowledge_of(package: str) -> Traversable | Path:
    """The folder that holds the data files of a package (``fhir_coder.edits``)."""
    replaced = os.environ.get(REPLACED_BY, "")
    return Path(replaced, *package.split(".")) if replaced else files(package)


def table_rows(package: str, name: str) -> list[dict[str, str]]:
    """The rows of a table (``.tsv``) of a package by the names of its header line; lines that begin with ``#`` are comments."""
    lines = knowledge_of(package).joinpath(name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader((line for line in lines if line and not line.startswith("#")), delimiter="\t"))


def knowledge_files() -> dict[str, Traversable | Path]:
    """Every file of knowledge, the lexicon included and the rankers not, by its path from the packages' root (``fhir_coder/edits/x.tsv``)."""
    found = {path: file for package in PACKAGES for path, file in _walk(package, knowledge_of(package))}
    return {path: found[path] for path in sorted(found) if path.endswith(KINDS) and not path.startswith(ELSEWHERE)}


def _walk(path: str, folder: Traversable | Path) -> Iterator[tuple[str, Traversable | Path]]:
    """Every file below a folder with its path."""
    for item in folder.iterdir():
        inner = f"{path}/{item.name}"
        if item.is_dir():
            yield from _walk(inner, item)
        else:
            yield inner, item


def set_digest(files_by_path: dict[str, str]) -> str:
    """The sha256 (hex) that identifies a set of files: over each path with the sha256 of its file, in order of path."""
    digest = sha256()
    for path in sorted(files_by_path):
        digest.update(f"{path}\0{files_by_path[path]}\n".encode())
    return digest.hexdigest()
