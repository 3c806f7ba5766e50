"""Causal language models in Hugging Face format: loading them, and their loss on token ids."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

IGNORED = -100  # a target that is none


def load_model(folder: Path) -> Any:
    """A causal language model in float32, on the GPU where there is one."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=torch.float32).to(device).eval()


def summed_losses(model: Any, inputs: npt.NDArray[np.int64], targets: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The summed negative log-likelihood of each row's targets, shape (documents,).

    Padding stands after a row's tokens, where a causal model cannot see it from them. Log-softmax is in float32, the
    sum over a document in float64.
    """
    import torch

    with torch.inference_mode():
        logits = model(torch.from_numpy(inputs).to(model.device), use_cache=False).logits.float()
        wanted = torch.from_numpy(targets).to(model.device)
        losses = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), wanted.flatten(), ignore_index=IGNORED, reduction="none"
        )
        return losses.view_as(wanted).double().sum(1).cpu().numpy()
