"""What a model writes after prompts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.digests import value_digest
from pipelines.errors import PhaselineError
from pipelines.store import Artifact
from pipelines.tokenizer import TOKENIZER
from quality.language_model import load_model
from training.after.prompts import Prompt


@dataclass(frozen=True)
class Sampling:
    """How text is drawn; a temperature of 0 takes the likeliest token each time, which gives one text."""

    max_tokens: int = 100
    temperature: float = 0.8
    seed: int = 0


@dataclass(frozen=True)
class Sample:
    """A prompt as text, what a model wrote after it, and what the held-out document says there."""

    prompt: str
    continuations: list[str]
    domain: str | None = None
    document: str | None = None
    following: str | None = None


def generate(
    model_artifact: Artifact, prompts: Sequence[Prompt], sampling: Sampling, per_prompt: int = 1
) -> Iterator[Sample]:
    """Continue each prompt; a prompt and a seed give the same texts, whatever the other prompts are.

    Raises:
        PhaselineError: a prompt fills the model's context.
    """
    from tokenizers import Tokenizer

    model = load_model(model_artifact.folder)
    tokenizer = Tokenizer.from_file(str(model_artifact.folder / TOKENIZER))
    refuse_long_prompts(prompts, model.config.max_position_embeddings)
    for prompt in prompts:
        yield Sample(
            prompt=tokenizer.decode(prompt.token_ids),
            continuations=[tokenizer.decode(tokens) for tokens in continue_prompt(model, prompt, sampling, per_prompt)],
            domain=prompt.domain,
            document=prompt.document,
            following=tokenizer.decode(list(prompt.following)) if prompt.document else None,
        )


def refuse_long_prompts(prompts: Sequence[Prompt], context: int) -> None:
    """Raise PhaselineError for a prompt that leaves no room in a context of so many tokens."""
    longest = max((len(prompt.token_ids) for prompt in prompts), default=0)
    if longest >= context:
        raise PhaselineError(f"a prompt has {longest} tokens, and the model sees {context}", "shorten the prompt")


def continue_prompt(model: Any, prompt: Prompt, sampling: Sampling, num_samples: int) -> list[list[int]]:
    """The tokens that a model writes after a prompt, until a document ends or the context is full."""
    import torch
    from transformers import GenerationConfig

    inputs = torch.tensor([prompt.token_ids], device=model.device)
    random = sampling.temperature > 0
    settings = GenerationConfig(
        max_new_tokens=min(sampling.max_tokens, model.config.max_position_embeddings - inputs.shape[1]),
        do_sample=random,
        **({"temperature": sampling.temperature, "top_k": 0, "top_p": 1.0} if random else {}),
        num_return_sequences=num_samples if random else 1,
        eos_token_id=model.config.eos_token_id,
        pad_token_id=model.config.eos_token_id,
    )
    torch.manual_seed(int(value_digest([sampling.seed, prompt.token_ids])[:16], 16))
    written = model.generate(inputs, attention_mask=torch.ones_like(inputs), generation_config=settings)
    return written[:, inputs.shape[1] :].tolist()
