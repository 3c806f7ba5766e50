"""Model presets: their shapes are those of the models that torchtitan builds, of the published ones, and of their
exports.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from training.models.presets import PRESETS
from training.models.shape import ModelShape

PUBLISHED = [name for name, preset in PRESETS.items() if preset.flavour]


@pytest.mark.parametrize("name", PRESETS)
def test_a_shape_counts_the_parameters_of_the_model_that_is_built(name: str) -> None:
    from training.titan.families import model_config  # isort: skip
    import torch

    shape = PRESETS[name].shape
    with torch.device("meta"):
        model = model_config(shape, 8192, 1024, dense=False).build()
    assert shape.num_parameters(8192) == sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_model_is_torchtitans(name: str) -> None:
    """All but the functions that draw weights, which are made anew for every layer.

    torchtitan leaves the scaling of rotary frequencies at 8, the published Llama 3.2 1B and 3B have 32.
    """
    from training.titan.families import FAMILIES, model_config

    shape, flavour = PRESETS[name].shape, PRESETS[name].flavour
    assert flavour is not None
    theirs = FAMILIES[shape.family].registry(flavour).model
    if name in ("llama_1b", "llama_3b"):
        assert shape.rope_scaling_factor == 32
        shape = replace(shape, rope_scaling_factor=8)
    ours = model_config(shape, theirs.vocab_size, theirs.max_seq_len, dense=False)
    assert dict(leaves(ours.to_dict())) == dict(leaves(theirs.to_dict()))


def leaves(tree: object, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, f"{path}.{key}")
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from leaves(value, f"{path}.{number}")
    elif ".param_init." not in path:
        yield path, tree


@pytest.mark.parametrize(
    ("name", "vocab_size", "num_parameters"),
    [("llama_8b", 128_256, 8_030_261_248), ("llama_1b", 128_256, 1_235_814_400), ("qwen_8b", 151_936, 8_190_735_360)],
)
def test_published_models_have_as_many_parameters_as_their_publishers_say(
    name: str, vocab_size: int, num_parameters: int
) -> None:
    assert PRESETS[name].shape.num_parameters(vocab_size) == num_parameters


SCALED = replace(PRESETS["llama_test"].shape, tied_embeddings=True, rope_theta=500_000.0, rope_scaling_factor=32.0)
UNTIED = replace(PRESETS["qwen_test"].shape, tied_embeddings=False)


@pytest.mark.parametrize("shape", [PRESETS["llama_test"].shape, SCALED, PRESETS["qwen_test"].shape, UNTIED])
def test_transformers_computes_the_same_logits_and_gives_the_weights_back(shape: ModelShape) -> None:
    from training.titan.families import hugging_face_config, model_config, state_dict_adapter  # isort: skip
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    config = model_config(shape, 300, 64, dense=True)
    model = config.build()
    with torch.no_grad():
        model.init_states()
    adapter = state_dict_adapter(shape, config)
    weights = adapter.to_hf(model.state_dict())
    theirs = AutoModelForCausalLM.from_config(hugging_face_config(shape, config, 64, end_of_text=0)).float().eval()
    theirs.load_state_dict(weights, strict=not shape.tied_embeddings)
    theirs.tie_weights()
    tokens = torch.randint(300, (2, 64))
    with torch.no_grad():
        assert torch.allclose(model(tokens), theirs(tokens).logits, atol=1e-4)
    back = adapter.from_hf(weights)
    assert all(torch.equal(weight, back[name]) for name, weight in model.state_dict().items())
