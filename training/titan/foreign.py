"""Whether a model in Hugging Face format is the one that a preset names: its configuration, and its weights by name."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
from safetensors import safe_open

from pipelines.errors import PhaselineError
from training.models.presets import model_preset
from training.titan.export import empty_weights
from training.titan.families import hugging_face_config, model_config, state_dict_adapter

if TYPE_CHECKING:
    from transformers import PretrainedConfig

# What a configuration says besides what the model is: of its file, of generation, of training, and of text's length.
NOT_THE_MODEL = {
    "_name_or_path", "architectures", "attention_dropout", "bos_token_id", "dtype", "eos_token_id", "initializer_range",
    "max_position_embeddings", "max_window_layers", "pad_token_id", "transformers_version", "use_cache",
}  # fmt: skip
COMPUTED = "rotary_emb.inv_freq"  # which old files hold, although it follows from the configuration


def refuse_other_model(model: str, vocab_size: int, config_file: Path, weight_files: Sequence[Path]) -> None:
    """Raise PhaselineError naming the first field, or the first weight, in which a model differs from a preset.

    Args:
        model: the preset's name.
        vocab_size: the rows of its embeddings.
        config_file: the model's ``config.json``.
        weight_files: in safetensors format; only their headers are read.
    """
    shape = model_preset(model).shape
    config = model_config(shape, vocab_size, 1, dense=True)
    difference = changed_field(hugging_face_config(shape, config, 1, 0), config_file)
    if difference is None:
        renamed = state_dict_adapter(shape, config).to_hf(empty_weights(config))
        wanted = {name: list(tensor.shape) for name, tensor in renamed.items()}
        left_out = {"lm_head.weight"} if shape.tied_embeddings else set()
        difference = changed_weight(wanted, shapes_in(weight_files), left_out)
    if difference is not None:
        raise PhaselineError(
            f"the model in {config_file.parent} is no {model} with {vocab_size:,} tokens: its {difference}",
            "let the recipe's model name a preset of its shape, or name another folder",
        )


def changed_field(expected: "PretrainedConfig", config_file: Path) -> str | None:
    """The first field of a configuration that says another model, with both values in words; None where none does."""
    declared = json.loads(config_file.read_bytes())
    if declared.get("model_type") != expected.model_type:
        return f"model_type is {declared.get('model_type')} instead of {expected.model_type}"
    found, wanted = type(expected).from_dict(declared).to_dict(), expected.to_dict()
    for field in sorted((found.keys() | wanted.keys()) - NOT_THE_MODEL):
        if found.get(field) != wanted.get(field):
            return f"{field} is {found.get(field)} instead of {wanted.get(field)}"
    return None


def changed_weight(wanted: dict[str, list[int]], held: dict[str, list[int]], left_out: set[str]) -> str | None:
    """The first weight that is missing, of another shape, or one too many, in words; None where there is none."""
    for name in sorted((wanted.keys() | held.keys()) - left_out):
        if held.get(name) != wanted.get(name) and not name.endswith(COMPUTED):
            return f"weight {name} has the shape {held.get(name)} instead of {wanted.get(name)}"
    return None


def shapes_in(weight_files: Sequence[Path]) -> dict[str, list[int]]:
    """The shape of every weight by name."""
    shapes: dict[str, list[int]] = {}
    for path in weight_files:
        with safe_open(path, framework="pt") as file:
            shapes |= {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118, it is no mapping
    return shapes
