"""A manifest's model as torchtitan's spec, and whole models without training."""

import dataclasses
from functools import partial

from training.titan.compat import ON_CPU  # first: torchtitan imports only after it

# isort: split
import torch
from torchtitan.models.common.decoder import Decoder
from torchtitan.protocols.model_spec import ModelSpec

from training.manifest import Manifest
from training.models.presets import model_preset
from training.titan.families import model_config, torchtitan_spec
from training.titan.parallel import draw_whole, parallelise


def model_spec(manifest: Manifest) -> ModelSpec:
    """What torchtitan trains for a manifest."""
    shape = model_preset(manifest.model).shape
    config = model_config(shape, manifest.tokenizer.vocab_size, manifest.window_length, dense=ON_CPU)
    draw_whole(config)
    spec = torchtitan_spec(shape)
    return dataclasses.replace(
        spec, flavor=manifest.model, model=config, parallelize_fn=partial(parallelise, spec.parallelize_fn)
    )


def whole_model(config: Decoder.Config) -> Decoder:
    """An unsharded model on CPU, its weights unset."""
    with torch.device("meta"):
        model = config.build()
    return model.to_empty(device="cpu")
