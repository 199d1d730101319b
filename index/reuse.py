"""Vectors of earlier builds: a vector depends on its text and the model only, so neither a new lexicon nor a new release embeds old titles again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.dense import VECTORS_FILE, load_vectors
from index.encoder import ENCODER_FILE, TOKENIZER_FILE, Vectors
from index.layout import TEXTS_FILE, read_json
from index.manifest import BUILDER_VERSION, Manifest, ManifestMismatch, differences, model_inputs, read_manifest, verify_files
from index.model import Model

_NEEDED = frozenset({ENCODER_FILE, TOKENIZER_FILE, VECTORS_FILE, TEXTS_FILE})


@dataclass(frozen=True, slots=True)
class EarlierBuilds:
    """What intact indexes of the same model hold: one exported encoder, and for each text the vector that this encoder gave it. The empty one
    knows nothing."""

    encoder: Path | None = None
    places: Mapping[str, tuple[Vectors, int]] = field(default_factory=dict)

    def __contains__(self, text: object) -> bool:
        return text in self.places

    def vector(self, text: str) -> npt.NDArray[np.float32]:
        """The vector of a text that is known."""
        vectors, row = self.places[text]
        return np.asarray(vectors[row])


def find_earlier_builds(folder: Path, model: Model) -> EarlierBuilds:
    """What can be taken over for the index in ``folder``: from the one it replaces and from those beside it, of the same model and builder.

    Exports of one model may differ by machine and library, and old vectors and new ones must come from the same file: the encoder is that of
    the first index found, and only indexes that carry the same file give vectors.
    """
    encoder, digest = None, ""
    places: dict[str, tuple[Vectors, int]] = {}
    for home, manifest in _usable(folder, model):
        if encoder is None:
            encoder, digest = home / ENCODER_FILE, manifest.files[ENCODER_FILE]
        if manifest.files[ENCODER_FILE] == digest:
            vectors = load_vectors(home)
            for row, text in enumerate(read_json(home / TEXTS_FILE)):
                places.setdefault(text, (vectors, row))
    return EarlierBuilds(encoder, places)


def _usable(folder: Path, model: Model) -> Iterator[tuple[Path, Manifest]]:
    """Intact indexes of the same model and builder: the one in ``folder`` first, then the newest."""
    expected = {"builder version": BUILDER_VERSION} | model_inputs(model)
    for home in _candidates(folder):
        try:
            manifest = read_manifest(home)
            if any(differences(manifest, expected)) or not manifest.files.keys() >= _NEEDED:
                continue
            verify_files(manifest, home)
        except ManifestMismatch:
            continue
        yield home, manifest


def _candidates(folder: Path) -> Iterable[Path]:
    beside = (home for home in folder.parent.iterdir() if home.is_dir() and home != folder and not home.name.startswith("."))
    return [folder, *sorted(beside, key=lambda home: home.name, reverse=True)]
