"""Vectors of an earlier build: a vector depends on its text and the model only, so a new lexicon need not embed old titles again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from index.dense import VECTORS_FILE, load_vectors
from index.encoder import ENCODER_FILE, TOKENIZER_FILE, Vectors
from index.layout import TEXTS_FILE, read_json
from index.manifest import BUILDER_VERSION, ManifestMismatch, differences, model_inputs, read_manifest, verify_files
from index.model import Model


@dataclass(frozen=True, slots=True)
class EarlierBuild:
    """An intact index of the same model: its exported encoder, and its vectors by text. The empty one knows nothing."""

    encoder: Path | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    vectors: Vectors = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))


def find_earlier_build(folder: Path, model: Model) -> EarlierBuild:
    """The index in ``folder`` when it is intact and of the same model and builder, else the empty one."""
    expected = {"builder version": BUILDER_VERSION} | model_inputs(model)
    try:
        manifest = read_manifest(folder)
        if any(differences(manifest, expected)) or not {ENCODER_FILE, TOKENIZER_FILE, VECTORS_FILE, TEXTS_FILE} <= manifest.files.keys():
            return EarlierBuild()
        verify_files(manifest, folder)
    except ManifestMismatch:
        return EarlierBuild()
    rows = {text: row for row, text in enumerate(read_json(folder / TEXTS_FILE))}
    return EarlierBuild(folder / ENCODER_FILE, rows, load_vectors(folder))
