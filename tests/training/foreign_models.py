"""Small foreign models, written by transformers with random weights."""

import shutil
from pathlib import Path
from typing import Any

from pipelines.store import Artifact

LLAMA = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "rms_norm_eps": 1e-5,
    "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0},
    "tie_word_embeddings": False,
}
QWEN = LLAMA | {
    "model_type": "qwen3",
    "head_dim": 32,
    "rms_norm_eps": 1e-6,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0},
    "tie_word_embeddings": True,
}


def write_foreign(folder: Path, tokenizer: Artifact, fields: dict[str, Any], dtype: str = "float32") -> Path:
    """A model of this configuration with the tokenizer's vocabulary, and with the tokenizer itself."""
    write_model(folder, {"vocab_size": tokenizer.record.facts["vocab_size"]} | fields, dtype)
    shutil.copy(tokenizer.folder / "tokenizer.json", folder)
    return folder


def write_model(folder: Path, fields: dict[str, Any], dtype: str) -> None:
    """A model of this configuration, without a tokenizer."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(1)
    config = AutoConfig.for_model(**fields)
    AutoModelForCausalLM.from_config(config, dtype=getattr(torch, dtype)).save_pretrained(folder)
