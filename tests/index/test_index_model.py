from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from index.encoder import MAX_TOKENS, Encoder
from index.model import MINILM_TOKENIZER, MINILM_WEIGHTS, Model, ModelRefused, choose_model, local_model, packaged_model

WEIGHTS = b"not really weights"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.safetensors").write_bytes(WEIGHTS)
    for name in ("tokenizer.json", "config.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_mean_tokens": True}))
    return tmp_path


def test_the_packaged_model_is_the_one_expected() -> None:
    model = packaged_model()
    assert (model.weights_sha256, model.tokenizer_sha256) == (MINILM_WEIGHTS, MINILM_TOKENIZER)
    assert choose_model() == model


def test_a_local_model_is_taken_when_its_hash_is_given(folder: Path) -> None:
    model = choose_model(str(folder), sha256(WEIGHTS).hexdigest().upper())
    assert (model.folder, model.weights_sha256) == (folder, sha256(WEIGHTS).hexdigest())


@pytest.mark.parametrize("expected", ["", "0" * 64, MINILM_WEIGHTS])
def test_another_hash_is_refused(folder: Path, expected: str) -> None:
    with pytest.raises(ModelRefused, match=r"model\.safetensors .* has sha256"):
        local_model(folder, expected)


@pytest.mark.parametrize("missing", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_missing_file_is_named(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(ModelRefused, match=missing):
        local_model(folder, sha256(WEIGHTS).hexdigest())


def test_another_pooling_is_refused(folder: Path) -> None:
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}))
    with pytest.raises(ModelRefused, match="mean pooling"):
        local_model(folder, sha256(WEIGHTS).hexdigest())
    shutil.rmtree(folder / "1_Pooling")
    with pytest.raises(ModelRefused, match="mean pooling"):
        local_model(folder, sha256(WEIGHTS).hexdigest())


TEXTS = [
    "Type 2 diabetes mellitus with diabetic chronic kidney disease",
    "Calcaneal spur, right foot",
    "heel spur",
    "Pain in right knee",
    "Displaced fracture of second metatarsal bone, unspecified foot",
    "major depressive disorder, recurrent, moderate",
    "water on the knee",
    "Essential (primary) hypertension",
]


def test_exported_vectors_agree_with_the_original(built: Path, model: Model) -> None:
    from index.export import load_sentence_transformer

    original = load_sentence_transformer(model).encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    cosines = (Encoder(built).encode(TEXTS) * original).sum(axis=1)
    assert cosines.mean() >= 0.98
    assert cosines.min() >= 0.96


def test_a_vector_depends_on_its_text_alone(built: Path) -> None:
    encoder = Encoder(built)
    together = encoder.encode(TEXTS)
    done: list[int] = []
    assert np.array_equal(together, encoder.encode_many(TEXTS, 2, done.append))
    assert np.array_equal(together, np.vstack([encoder.encode([text]) for text in TEXTS]))
    assert done == [len(TEXTS)]
    assert np.allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize("text", ["", " ", "pain " * (MAX_TOKENS * 3), "\U0001f642", "\x00"])
def test_odd_texts_still_have_a_vector(built: Path, text: str) -> None:
    assert np.isfinite(Encoder(built).encode([text])).all()


def test_no_text_gives_no_vector(built: Path) -> None:
    assert len(Encoder(built).encode([])) == 0
