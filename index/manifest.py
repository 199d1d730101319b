"""What an index folder was built from, so that a stale or damaged one is never served."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from index.model import Model, sha256_of
from terminology.knowledge import knowledge_of, set_digest
from terminology.release import Release

MANIFEST_FILE = "manifest.json"

#: Raised whenever the same inputs would give other files: rules of normalisation, layout, export.
BUILDER_VERSION = "1"

REMEDY = "run `fhir-coder index build`"


class ManifestMismatch(Exception):
    """The index folder is missing, damaged, or was built from something else; the message says what to run."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}; {REMEDY}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The inputs of a build and the sha256 of every file it wrote; ``counts`` are for people. ``vocabulary_sha256`` is empty for a release
    without official index tables, and for an index that was built before there were any; ``word_lists_sha256`` for one that was built before
    the word lists counted, which is stale.
    """

    builder: str
    release_id: str
    release_sha256: str
    lexicon_sha256: str
    model_name: str
    weights_sha256: str
    tokenizer_sha256: str
    counts: Mapping[str, int]
    files: Mapping[str, str]
    vocabulary_sha256: str = ""
    word_lists_sha256: str = ""

    @property
    def inputs(self) -> dict[str, str]:
        """Everything that decides what the files hold, by a name for people."""
        return {
            "builder version": self.builder,
            "release": self.release_sha256,
            "lexicon": self.lexicon_sha256,
            "index tables": self.vocabulary_sha256,
            "word lists": self.word_lists_sha256,
            "model": self.weights_sha256,
            "tokenizer": self.tokenizer_sha256,
        }


def current_inputs(release: Release, lexicon_sha256: str) -> dict[str, str]:
    """What an index of this release and lexicon has among its inputs when it is current, whatever its model."""
    return {
        "builder version": BUILDER_VERSION,
        "release": release.sha256,
        "lexicon": lexicon_sha256,
        "index tables": vocabulary_sha256(release),
        "word lists": word_lists_sha256(),
    }


def word_lists_sha256() -> str:
    """The sha256 of the word lists beside the builder (``index/*.txt``): qualifiers, stop words, everyday phrases and names decide what the
    dictionary holds as much as the lexicon does."""
    lists = [file for file in knowledge_of("index").iterdir() if file.name.endswith(".txt")]
    return set_digest({file.name: sha256(file.read_bytes()).hexdigest() for file in lists})


def vocabulary_sha256(release: Release) -> str:
    """The sha256 of the release's vocabulary, empty when it has none."""
    return release.vocabulary.sha256 if release.vocabulary is not None else ""


def model_inputs(model: Model) -> dict[str, str]:
    """What an index of this model has among its inputs."""
    return {"model": model.weights_sha256, "tokenizer": model.tokenizer_sha256}


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest, stable byte for byte."""
    (folder / MANIFEST_FILE).write_text(json.dumps(asdict(manifest), indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an index folder; ManifestMismatch when there is none or it cannot be read."""
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise ManifestMismatch(f"no index in {folder}")
    try:
        return Manifest(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ManifestMismatch(f"{path} cannot be read") from error


def differences(manifest: Manifest, expected: Mapping[str, str]) -> Iterator[str]:
    """The names of inputs in which the manifest is not as expected."""
    found = manifest.inputs
    return (name for name, value in expected.items() if found.get(name) != value)


def hash_files(folder: Path) -> dict[str, str]:
    """The sha256 of every file in an index folder but the manifest itself."""
    return {path.name: sha256_of(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST_FILE}


def verify_files(manifest: Manifest, folder: Path) -> None:
    """ManifestMismatch when a file is missing or is not what the build wrote."""
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise ManifestMismatch(f"{path} is missing")
        if sha256_of(path) != expected:
            raise ManifestMismatch(f"{path} is damaged")
