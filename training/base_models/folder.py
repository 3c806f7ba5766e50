"""The folder of a model in Hugging Face format: which of its files are a model, and which are refused."""

import json
from pathlib import Path

from pipelines.errors import PhaselineError

CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
SAFETENSORS = ".safetensors"
WEIGHTS = "model.safetensors"
WEIGHTS_INDEX = "model.safetensors.index.json"
PICKLED = ("*.bin", "*.pt", "*.pth")


def model_files(folder: Path) -> list[Path]:
    """The files of a model that are brought in: its configuration, its tokenizer and its weights.

    Raises:
        PhaselineError: one is missing, or its weights are pickled: reading those can run whatever they contain.
    """
    return [file_of(folder, CONFIG), file_of(folder, TOKENIZER), *weight_files(folder)]


def weight_files(folder: Path) -> list[Path]:
    """The files that hold the weights, and their index where they are several."""
    if (folder / WEIGHTS_INDEX).is_file():
        index = json.loads((folder / WEIGHTS_INDEX).read_bytes())
        names = sorted(set(index["weight_map"].values()))
        if unsafe := [name for name in names if Path(name).name != name or not name.endswith(SAFETENSORS)]:
            raise PhaselineError(f"{folder / WEIGHTS_INDEX} names {unsafe[0]}", "name safetensors files of that folder")
        return [folder / WEIGHTS_INDEX, *(file_of(folder, name) for name in names)]
    if not (folder / WEIGHTS).is_file() and (pickled := [path for glob in PICKLED for path in folder.glob(glob)]):
        raise PhaselineError(
            f"the weights in {folder} are pickled ({pickled[0].name}), and reading them can run code",
            "write them as safetensors where you trust them: model.save_pretrained(folder)",
        )
    return [file_of(folder, WEIGHTS)]


def file_of(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        raise PhaselineError(
            f"there is no {name} in {folder}", "name the folder of a whole model in Hugging Face format"
        )
    return folder / name
