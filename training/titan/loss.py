"""The cross-entropy of each sequence of a batch, so that losses can be told apart by source."""

from dataclasses import dataclass
from typing import Any

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import torch
from torch.distributed.tensor import DTensor
from torch.nn import functional as F  # noqa: N812
from torchtitan.components.loss import CrossEntropyLoss, _LossParallelCrossEntropy
from torchtitan.config import CompileConfig

LOSS_OF_SEQUENCES = "loss_of_sequences/mean"  # torchtitan adds up what chunks of sequences give under such a name


class SequenceLoss(CrossEntropyLoss):
    """torchtitan's cross-entropy, which also gives what each sequence adds to it.

    Within torchtitan's ``ChunkedLossWrapper`` the parts of a sequence are added up.
    """

    @dataclass(kw_only=True, slots=True)
    class Config(CrossEntropyLoss.Config):
        pass

    def __init__(self, config: Config, *, compile_config: CompileConfig | None = None) -> None:
        super().__init__(config)
        self.fn = loss_of_sequences
        self._maybe_compile(compile_config)

    def __call__(
        self, pred: torch.Tensor, labels: torch.Tensor, global_valid_tokens: torch.Tensor | None = None, **_: Any
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss of a microbatch, divided by the tokens of the global batch, and of each of its sequences, undivided.

        Args:
            pred: logits, shape (batch, length, vocabulary).
            labels: shape (batch, length), int64.
            global_valid_tokens: of the global batch, a scalar.
        """
        losses = self.fn(pred, labels)
        loss = losses.sum()
        return loss if global_valid_tokens is None else loss / global_valid_tokens, {LOSS_OF_SEQUENCES: losses.detach()}


def loss_of_sequences(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The cross-entropy of each sequence, summed over its tokens, in nats, float32 of shape (batch,).

    Args:
        logits: shape (batch, length, vocabulary); the vocabulary may lie in parts on several ranks.
        labels: shape (batch, length), int64.
    """
    if isinstance(logits, DTensor):
        losses = _LossParallelCrossEntropy.apply(
            logits.to_local().flatten(0, 1).float(),
            labels.flatten(),
            logits.device_mesh.get_group("tp"),
            logits.shape[-1],
            "none",
        )
    else:
        losses = F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), reduction="none")
    return losses.view(labels.shape).sum(dim=1)
