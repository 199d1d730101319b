"""Opening an index folder for serving: checked against the release, the lexicon and its own manifest."""

from __future__ import annotations

from pathlib import Path

from index.code_index import CodeIndex
from index.dense import DenseIndex, load_vectors
from index.encoder import Encoder
from index.layout import DOCUMENTS_FILE, load_terms, read_json
from index.lexical import LexicalIndex, load_postings
from index.manifest import Manifest, ManifestMismatch, current_inputs, differences, read_manifest, verify_files
from index.matcher import TermMatcher
from terminology.lexicon import Lexicon
from terminology.lexicon.digest import lexicon_sha256
from terminology.release import Release


def index_name(release_id: str, sha256: str) -> str:
    """The name of a release's index: by its content, so that a release which takes the place of another with the same date has its index
    ready beside the other's."""
    return f"{release_id}-{sha256[:12]}"


def index_folder(data: Path, release: Release) -> Path:
    """Where the index of a release lives in the data directory."""
    return data / "index" / index_name(release.id, release.sha256)


def check_index(folder: Path, release: Release, lexicon: Lexicon | None = None) -> Manifest:
    """The manifest of the index in ``folder``; ManifestMismatch when it is missing, damaged, or not of this release, lexicon and builder."""
    manifest = read_manifest(folder)
    _require_current(manifest, folder, release, lexicon_sha256() if lexicon is None else lexicon.sha256)
    verify_files(manifest, folder)
    return manifest


def open_index(
    folder: Path, release: Release, lexicon: Lexicon | None = None, threads: int = 1, encoder: Encoder | None = None
) -> CodeIndex:
    """The index in ``folder``; ManifestMismatch as :func:`check_index`.

    ``threads`` is for onnxruntime and FAISS alike. FAISS counts them for the whole process; with more than one,
    do not fork after a search. ``encoder`` is one opened from the same files by another index; None: its own.
    """
    manifest = check_index(folder, release, lexicon)
    documents = read_json(folder / DOCUMENTS_FILE)
    codes, sources, embedded = documents["codes"], documents["sources"], documents["embedded"]
    return CodeIndex(
        manifest,
        TermMatcher(load_terms(folder)),
        LexicalIndex(load_postings(folder), codes, sources),
        DenseIndex(load_vectors(folder), [codes[row] for row in embedded], [sources[row] for row in embedded], threads),
        encoder or Encoder(folder, threads),
    )


def _require_current(manifest: Manifest, folder: Path, release: Release, lexicon: str) -> None:
    """Refuse an index that was built from other words or by another version. Its model may be any: it carries its own."""
    changed = ", ".join(differences(manifest, current_inputs(release, lexicon)))
    if changed:
        raise ManifestMismatch(f"the index in {folder} does not fit release {release.id}: {changed} changed since it was built")
