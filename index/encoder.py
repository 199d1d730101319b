"""Text to vectors at serving time, with the exported model: tokenizers, onnxruntime and numpy, no torch.

Each text is encoded alone, without padding. Eight-bit models scale their activations over the whole input, so in a batch a text's vector
would depend on its neighbours; alone it depends on the text and the model only, and coding the same note twice gives the same scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

Vectors = npt.NDArray[np.float32]

ENCODER_FILE = "encoder.onnx"
TOKENIZER_FILE = "tokenizer.json"

#: Longer texts are cut; a problem statement or title has seldom more than forty word pieces.
MAX_TOKENS = 128

#: How often progress is told while many texts are encoded.
_STEP = 256


class Encoder:
    """The exported model of one index folder. Safe to share by threads and, at one thread, to use in children after a fork."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._session = _open_session(folder / ENCODER_FILE, threads)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row of length one for each text, in order."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        return np.stack([self._encode_one(text) for text in texts])

    def encode_many(self, texts: Sequence[str], threads: int, progress: Callable[[int], None]) -> Vectors:
        """As :meth:`encode`, with several texts at a time; ``progress`` is told how many are done."""
        rows: list[npt.NDArray[np.float32]] = []
        with ThreadPoolExecutor(threads) as pool:
            for part in _parts(texts):
                rows.extend(pool.map(self._encode_one, part))
                progress(len(rows))
        return np.stack(rows) if rows else np.zeros((0, 0), dtype=np.float32)

    def _encode_one(self, text: str) -> npt.NDArray[np.float32]:
        """Mean over the token vectors, scaled to length one."""
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        (tokens,) = self._session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        mean = np.asarray(tokens, dtype=np.float32)[0].mean(axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts in steps of progress."""
    for start in range(0, len(texts), _STEP):
        yield texts[start : start + _STEP]


def _open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """The model on the CPU; one thread means that onnxruntime starts none of its own."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
