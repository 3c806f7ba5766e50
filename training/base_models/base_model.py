"""Foreign models as artifacts: a folder in Hugging Face format, brought in once it was found to fit a recipe."""

import shutil
from collections.abc import Callable
from pathlib import Path

from pipelines.declared_folders import declared_folder
from pipelines.fetch.digest_cache import DIGESTS, DigestCache
from pipelines.store import Artifact, Draft, Outcome, Store
from training.base_models.folder import CONFIG, SAFETENSORS, TOKENIZER, model_files
from training.base_models.vocabulary import refuse_other_tokenizer
from training.declared.recipe import Recipe
from training.manifest import BASE_MODELS, BaseModelReference

CODE_VERSION = "1"


def base_model_asset(recipe: Recipe) -> str:
    """The asset that holds the foreign model of a recipe."""
    return f"{BASE_MODELS}{recipe.name}"


def ensure_base_model(
    store: Store, recipe: Recipe, tokenizer: Artifact, relative_to: Path, report: Callable[[str], None]
) -> Outcome:
    """Copy the model that a recipe starts from, if its tokenizer, its configuration and its weights fit the recipe.

    Args:
        tokenizer: what the shards are made with.
        relative_to: where a relative folder starts.

    Raises:
        PhaselineError: the folder lacks a file, holds pickled weights, or is another model than the recipe names; says
            what differs first.
    """
    assert recipe.starts_from_folder is not None
    folder = declared_folder(recipe.starts_from_folder.folder, relative_to, f"recipe {recipe.name}: start_from.folder")
    files = model_files(folder)
    with DigestCache(store.root / DIGESTS) as cache:
        digests = {file.name: cache.digest(file) for file in files}

    def make(draft: Draft) -> None:
        from training.titan.foreign import refuse_other_model

        refuse_other_tokenizer(tokenizer.folder / TOKENIZER, folder / TOKENIZER, f"the model in {folder}")
        weight_files = [file for file in files if file.suffix == SAFETENSORS]
        refuse_other_model(recipe.model, tokenizer.record.facts["vocab_size"], folder / CONFIG, weight_files)
        for file in files:
            report(f"copying {file.name}, {file.stat().st_size / 1e6:,.1f} MB")
            shutil.copyfile(file, draft.folder / file.name)
        draft.facts |= {"model": recipe.model, "folder": str(folder)}

    return store.ensure(
        base_model_asset(recipe),
        make,
        code_version=CODE_VERSION,
        parameters={"model": recipe.model, "files": digests},
        parents=[tokenizer],
    )


def reference(base_model: Artifact) -> BaseModelReference:
    """How a manifest refers to a foreign model."""
    return BaseModelReference(asset=base_model.asset, version=base_model.record.version, digest=base_model.digest)
