"""A model copied out of the store, as it is published."""

import json
import shutil
from pathlib import Path

from pipelines.alterations import altered_content, altered_size
from pipelines.artifact import Artifact, refuse_unsound
from pipelines.errors import PhaselineError
from pipelines.whole_files import beside

CONFIG = "config.json"
INDEX = "model.safetensors.index.json"
STORED = "float32"  # the dtype of models in the store


def copy_model(model: Artifact, folder: Path, dtype: str) -> None:
    """Copy a model's files into a new folder, its weights file by file in another dtype.

    Args:
        dtype: ``float32``, as in the store, or ``bfloat16``.

    Raises:
        PhaselineError: the model failed its check or was altered, or the folder holds something.
    """
    refuse_unsound(model)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PhaselineError(f"{folder} is there already", "name a new folder, or remove it first")
    with beside(folder.resolve()) as part:
        shutil.rmtree(part, ignore_errors=True)  # left by a killed process
        part.mkdir(parents=True)
        for file in model.record.files:
            path = model.folder / file.path
            if how := altered_size(path, file) or altered_content(path, file):
                raise PhaselineError(
                    f"{path} {how}", f"restore it from a copy, or remove {model.folder} and export again"
                )
            shutil.copyfile(path, part / file.path)
        if dtype != STORED:
            convert(part, dtype)


def convert(folder: Path, dtype: str) -> None:
    """Round the weights of a model to the nearest in another dtype, a file at a time."""
    import torch
    from safetensors.torch import load_file, save_file

    num_bytes = 0
    for file in sorted(folder.glob("*.safetensors")):
        weights = {name: weight.to(getattr(torch, dtype)) for name, weight in load_file(file).items()}
        save_file(weights, file, metadata={"format": "pt"})
        shutil.copymode(folder / CONFIG, file)
        num_bytes += sum(weight.nbytes for weight in weights.values())
    config = json.loads((folder / CONFIG).read_bytes())
    (folder / CONFIG).write_text(json.dumps(config | {"dtype": dtype}, indent=2))
    if (folder / INDEX).is_file():
        index = json.loads((folder / INDEX).read_bytes())
        index["metadata"]["total_size"] = num_bytes
        (folder / INDEX).write_text(json.dumps(index, indent=1))
