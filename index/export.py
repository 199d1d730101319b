"""A sentence-transformers model as one small ONNX file: exported, then quantized to eight bits.

Only the build imports this module; serving needs neither torch nor sentence_transformers. Weights are quantized per output channel, which
keeps vectors within about one percent of the original, and to seven of eight bits, so that processors without dot-product instructions do
not saturate and every machine computes the same ranking.
"""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path
from typing import Any

from index.model import Model

#: Of the ONNX operator set; every operator of a BERT encoder is in it.
OPSET = 17


def export_encoder(model: Model, target: Path, threads: int = 1) -> None:
    """Write the transformer of ``model`` (token ids and mask in, one vector for each token out) to ``target``, quantized."""
    plain, prepared = target.with_suffix(".float.onnx"), target.with_suffix(".prepared.onnx")
    try:
        export_transformer(load_sentence_transformer(model, threads), plain)
        _quantize(plain, prepared, target)
    finally:
        plain.unlink(missing_ok=True)
        prepared.unlink(missing_ok=True)


def load_sentence_transformer(model: Model, threads: int = 1) -> Any:
    """The original model on the CPU, quietly and without any network."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        transformers_logging.set_verbosity_error()
        torch.set_num_threads(threads)
        return SentenceTransformer(str(model.folder), device="cpu", local_files_only=True)


def export_transformer(sentence_transformer: Any, target: Path) -> None:
    """Trace the transformer into ONNX with free batch size and length."""
    import torch

    class TokenVectors(torch.nn.Module):
        """The transformer reduced to its last hidden state."""

        def __init__(self, transformer: torch.nn.Module) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    first = sentence_transformer[0]
    sample = torch.ones(2, 8, dtype=torch.long)
    axes = {0: "batch", 1: "length"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            TokenVectors(first.auto_model).eval(),
            (sample, sample),
            str(target),
            dynamo=False,
            opset_version=OPSET,
            input_names=["input_ids", "attention_mask"],
            output_names=["token_vectors"],
            dynamic_axes=dict.fromkeys(("input_ids", "attention_mask", "token_vectors"), axes),
        )


def _quantize(plain: Path, prepared: Path, target: Path) -> None:
    """Fold constants, then quantize the weights; what onnxruntime says on the way is not news."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnxruntime.quantization import QuantType, quantize_dynamic
        from onnxruntime.quantization.shape_inference import quant_pre_process

        level = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            quant_pre_process(str(plain), str(prepared), skip_symbolic_shape=True)
            quantize_dynamic(str(prepared), str(target), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
        finally:
            logging.disable(level)
