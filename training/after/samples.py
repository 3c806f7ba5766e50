"""What an exported model writes after the beginnings of a few held-out documents, kept beside it to be looked at."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict

from pipelines.store import Artifact, Draft, Outcome, Store
from training.after.generate import Sample, Sampling, generate
from training.after.prompts import held_out_prompts

CODE_VERSION = "1"
SAMPLES = "samples.json"
PER_DOMAIN = 1
SAMPLING = Sampling(max_tokens=48)


def ensure_samples(
    store: Store, model: Artifact, held_out: Mapping[str, Artifact], report: Callable[[str], None]
) -> Outcome:
    """Publish ``samples/<model>``: for the model's page, a text for each domain.

    Args:
        held_out: shards by domain.
    """
    asset = model.asset.replace("models/", "samples/", 1)

    def make(draft: Draft) -> None:
        report(f"writing a few samples of {model.name}")
        prompts = list(held_out_prompts(model, held_out, PER_DOMAIN, SAMPLING.max_tokens, SAMPLING.seed))
        samples = [asdict(sample) for sample in generate(model, prompts, SAMPLING)]
        (draft.folder / SAMPLES).write_text(json.dumps(samples, indent=1))

    return store.ensure(
        asset,
        make,
        code_version=CODE_VERSION,
        parameters={"per_domain": PER_DOMAIN, **asdict(SAMPLING)},
        parents=[model, *held_out.values()],
    )


def samples_of(store: Store, model: Artifact) -> list[Sample]:
    """The newest samples of a model."""
    artifact = store.require(model.asset.replace("models/", "samples/", 1))
    return [Sample(**sample) for sample in json.loads((artifact.folder / SAMPLES).read_bytes())]
