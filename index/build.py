"""Building the index of a release: documents, vectors, postings and dictionary into a folder, in one step or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from index.dense import VECTORS_FILE
from index.documents import Document, gather_documents
from index.encoder import ENCODER_FILE, TOKENIZER_FILE, Encoder, Vectors
from index.layout import save_documents, save_terms
from index.lexical import build_postings, save_postings
from index.manifest import (
    BUILDER_VERSION,
    Manifest,
    ManifestMismatch,
    current_inputs,
    differences,
    hash_files,
    model_inputs,
    read_manifest,
    verify_files,
    vocabulary_sha256,
    word_lists_sha256,
    write_manifest,
)
from index.model import Model
from index.reuse import EarlierBuilds, find_earlier_builds
from index.terms import gather_terms
from terminology.lexicon import Lexicon, load_lexicon
from terminology.lexicon.carry_over import carry_over
from terminology.lexicon.digest import lexicon_sha256
from terminology.release import Release

#: Told the stage ("export", "embed", "words", "terms", "files"), how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


def needs_build(folder: Path, release: Release, model: Model, lexicon: Lexicon | None = None) -> bool:
    """Whether the index in ``folder`` is missing or damaged, or was built from another release, lexicon, model or builder version."""
    words = lexicon_sha256() if lexicon is None else lexicon.sha256
    try:
        manifest = read_manifest(folder)
        verify_files(manifest, folder)
        return any(differences(manifest, current_inputs(release, words) | model_inputs(model)))
    except ManifestMismatch:
        return True


def build_index(
    folder: Path,
    release: Release,
    model: Model,
    progress: Progress,
    lexicon: Lexicon | None = None,
    threads: int | None = None,
) -> Manifest:
    """Build the index of ``release`` in ``folder`` and return its manifest.

    The files are written beside the folder and renamed into place at the end, so a build that is killed leaves the old index as it was.
    Vectors of the index that is replaced, and of those beside it, are taken over where text and model are the same. ``threads`` defaults to all cores.
    """
    words = load_lexicon() if lexicon is None else lexicon
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _building(folder) as workshop:
        counts = _write_files(workshop, find_earlier_builds(folder, model), release, words, model, progress, threads or os.cpu_count() or 1)
        progress("files", 0, 1)
        manifest = Manifest(
            builder=BUILDER_VERSION,
            release_id=release.id,
            release_sha256=release.sha256,
            lexicon_sha256=words.sha256,
            model_name=model.name,
            weights_sha256=model.weights_sha256,
            tokenizer_sha256=model.tokenizer_sha256,
            counts=counts,
            files=hash_files(workshop),
            vocabulary_sha256=vocabulary_sha256(release),
            word_lists_sha256=word_lists_sha256(),
        )
        write_manifest(manifest, workshop)
        _put_in_place(workshop, folder)
        progress("files", 1, 1)
    return manifest


def _write_files(
    workshop: Path, earlier: EarlierBuilds, release: Release, lexicon: Lexicon, model: Model, progress: Progress, threads: int
) -> dict[str, int]:
    """Write every file but the manifest; returns how much each holds."""
    _write_encoder(workshop, earlier, model, progress, threads)
    indexed = release.vocabulary.phrases if release.vocabulary is not None else ()
    entries = carry_over(lexicon.entries, release.codebook)
    documents = gather_documents(release.codebook, entries, indexed)
    texts = [document.text for document in documents if document.is_embedded]
    np.save(workshop / VECTORS_FILE, _embed(Encoder(workshop), texts, earlier, progress, threads), allow_pickle=False)
    save_documents(documents, workshop)
    _write_words(workshop, documents, progress)
    progress("terms", 0, 1)
    terms = gather_terms(release.codebook, entries, indexed)
    save_terms(terms, workshop)
    progress("terms", 1, 1)
    return {
        "documents": len(documents),
        "vectors": len(texts),
        "terms": len(terms),
        "lexicon": len(entries),
        "index phrases": len(indexed),
    }


def _write_words(workshop: Path, documents: Sequence[Document], progress: Progress) -> None:
    """The postings of all documents."""
    progress("words", 0, 1)
    save_postings(build_postings([document.text for document in documents]), workshop)
    progress("words", 1, 1)


def _write_encoder(workshop: Path, earlier: EarlierBuilds, model: Model, progress: Progress, threads: int) -> None:
    """Export the model, or take the earlier export: old vectors and new ones must come from the same file."""
    progress("export", 0, 1)
    shutil.copyfile(model.folder / TOKENIZER_FILE, workshop / TOKENIZER_FILE)
    if earlier.encoder is not None:
        shutil.copyfile(earlier.encoder, workshop / ENCODER_FILE)
    else:
        from index.export import export_encoder  # torch is loaded only when a model is exported

        export_encoder(model, workshop / ENCODER_FILE, threads)
    progress("export", 1, 1)


def _embed(encoder: Encoder, texts: Sequence[str], earlier: EarlierBuilds, progress: Progress, threads: int) -> Vectors:
    """One vector for each text; only texts that no earlier build held are computed, each once."""
    fresh = sorted({text for text in texts if text not in earlier})
    progress("embed", 0, len(fresh))
    computed = encoder.encode_many(fresh, threads, lambda done: progress("embed", done, len(fresh)))
    places = {text: place for place, text in enumerate(fresh)}
    return np.stack([computed[places[text]] if text in places else earlier.vector(text) for text in texts])


@contextmanager
def _building(folder: Path) -> Iterator[Path]:
    """A folder to build in, next to the target. One build at a time: the lock dies with its process, so leftovers are safe to clear."""
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in folder.parent.glob(f".{folder.name}.building-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        _restore(folder)
        workshop = Path(mkdtemp(prefix=f".{folder.name}.building-", dir=folder.parent))
        try:
            yield workshop
        finally:
            shutil.rmtree(workshop, ignore_errors=True)


def _replaced(folder: Path) -> Path:
    """Where the index that is being replaced waits for the moment between two renames."""
    return folder.parent / f".{folder.name}.replaced"


def _restore(folder: Path) -> None:
    """Undo or finish a replacement that was killed between its two renames."""
    replaced = _replaced(folder)
    if replaced.exists() and not folder.exists():
        replaced.rename(folder)
    shutil.rmtree(replaced, ignore_errors=True)


def _put_in_place(workshop: Path, folder: Path) -> None:
    """Make the finished folder the index: two renames, and the old files are removed last."""
    workshop.chmod(0o755)
    replaced = _replaced(folder)
    if folder.exists():
        folder.rename(replaced)
    workshop.rename(folder)
    shutil.rmtree(replaced, ignore_errors=True)
