"""Scores of a sequence classifier in Hugging Face format, computed in batches of documents of similar length."""

import os
import tempfile
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.engines import task_progress
from pipelines.errors import PhaselineError
from pipelines.pieces import Piece
from pipelines.tokenizer import TOKENIZER
from quality.batches import batches_by_length
from quality.scoring.declaration import SequenceClassifierScorer

CONFIG = "config.json"
ARCHITECTURE = "ForSequenceClassification"
TOKENS_PER_BATCH = {"cpu": 1 << 13, "cuda": 1 << 16}  # with padding
CHARACTERS_PER_TOKEN = 64  # of text no tokenizer makes longer tokens; what lies past that many for each is not encoded


def refuse_unfit(scorer: SequenceClassifierScorer) -> None:
    """Raise PhaselineError if the folder holds no classifier and tokenizer that fit each other and the declaration."""
    for name in (CONFIG, TOKENIZER):
        if not (scorer.folder / name).is_file():
            raise PhaselineError(
                f"{scorer.name}: there is no {name} in {scorer.folder}",
                "save both AutoModelForSequenceClassification and AutoTokenizer into the folder by save_pretrained",
            )
    from transformers import AutoConfig, AutoTokenizer

    config = AutoConfig.from_pretrained(scorer.folder, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(scorer.folder, local_files_only=True)
    refuse_other_architecture(scorer, config)
    output_of(scorer, config)
    refuse_other_tokenizer(scorer, config, tokenizer)
    refuse_long(scorer, config, tokenizer)


def refuse_other_architecture(scorer: SequenceClassifierScorer, config: Any) -> None:
    """Raise PhaselineError if the model is no sequence classifier: loading it as one would make up its last layer."""
    architectures = config.architectures or ["no architecture"]
    if not any(architecture.endswith(ARCHITECTURE) for architecture in architectures):
        raise PhaselineError(
            f"{scorer.name}: {scorer.folder} holds {', '.join(architectures)}, which is no sequence classifier",
            f"name the folder of a model whose architecture ends in {ARCHITECTURE}",
        )


def output_of(scorer: SequenceClassifierScorer, config: Any) -> int | None:
    """The number of the output whose probability is the score; None where the model's one output is the score.

    Raises:
        PhaselineError: the declared label is none of the model's, or is missing, or there is nothing to choose.
    """
    labels = {label: int(number) for number, label in config.id2label.items()}
    named = ", ".join(f"{number} ({label})" for label, number in labels.items())
    if config.num_labels == 1:
        if scorer.label is not None:
            raise PhaselineError(
                f"{scorer.name}: label: {scorer.folder} has one output alone", "remove label: the output is the score"
            )
        return None
    number = labels.get(scorer.label) if isinstance(scorer.label, str) else scorer.label
    if number not in labels.values():
        declared = "none is declared" if scorer.label is None else f"{scorer.label} is none of them"
        raise PhaselineError(
            f"{scorer.name}: label: {scorer.folder} has the outputs {named}, and {declared}",
            "declare as label the one whose probability is the score",
        )
    return number


def refuse_other_tokenizer(scorer: SequenceClassifierScorer, config: Any, tokenizer: Any) -> None:
    """Raise PhaselineError if the tokenizer has ids that the model lacks, or cannot fill batches."""
    vocab_size = config.get_text_config().vocab_size
    if len(tokenizer) > vocab_size:
        raise PhaselineError(
            f"{scorer.name}: the tokenizer in {scorer.folder} has {len(tokenizer):,} ids, the model {vocab_size:,}",
            "save the tokenizer that the model was trained with",
        )
    if tokenizer.pad_token_id is None:
        raise PhaselineError(
            f"{scorer.name}: the tokenizer in {scorer.folder} has no padding token, so that batches cannot be filled",
            "set pad_token of the tokenizer and pad_token_id of the model, and save both",
        )


def refuse_long(scorer: SequenceClassifierScorer, config: Any, tokenizer: Any) -> None:
    """Raise PhaselineError if the model reads fewer than ``max_tokens``."""
    text_config = config.get_text_config()
    context = min(getattr(text_config, "max_position_embeddings", scorer.max_tokens), tokenizer.model_max_length)
    if context < scorer.max_tokens:
        raise PhaselineError(
            f"{scorer.name}: max_tokens: {scorer.folder} reads {context:,} tokens, fewer than {scorer.max_tokens:,}",
            f"lower max_tokens to {context}",
        )


class SequenceClassifierScores:
    """The scores of documents by a classifier in float32, on the GPU where there is one.

    A task holds one core, so that several at once do not slow each other down, and the GPU alone. Batches follow from
    the documents alone, and so do the bytes.
    """

    columns = ("text",)

    def __init__(self, scorer: SequenceClassifierScorer, _: Piece) -> None:
        import torch
        from transformers import AutoTokenizer

        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        torch.set_num_threads(1)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._lock = hold_gpu() if self._device == "cuda" else None
        self._tokenizer = AutoTokenizer.from_pretrained(scorer.folder, local_files_only=True, padding_side="right")
        self._model = load_model(scorer).to(self._device)
        self._output = output_of(scorer, self._model.config)
        self._scorer = scorer

    def score(self, documents: pa.RecordBatch) -> npt.NDArray[np.float32]:
        encoded = self._encode(documents["text"].to_pylist())
        lengths = np.array([len(ids) for ids in encoded["input_ids"]])
        scores = np.full(len(lengths), np.nan, np.float32)
        worded = np.flatnonzero(lengths > self._tokenizer.num_special_tokens_to_add())
        if len(worded):
            for batch in batches_by_length(lengths[worded], TOKENS_PER_BATCH[self._device]):
                rows = worded[batch]
                scores[rows] = self._score({key: [values[row] for row in rows] for key, values in encoded.items()})
                task_progress().add(num_tokens=int(lengths[rows].sum()))
        if num_faulty := int((~np.isfinite(scores[worded])).sum()):
            raise PhaselineError(
                f"{self._scorer.name} gives {num_faulty:,} documents a score that is no number", "name another model"
            )
        return scores

    def reason(self, _documents: pa.RecordBatch) -> str:
        return "no_tokens"

    def _encode(self, texts: list[str]) -> dict[str, list[list[int]]]:
        most_characters = self._scorer.max_tokens * CHARACTERS_PER_TOKEN
        cut = [text[:most_characters] for text in texts]
        return dict(self._tokenizer(cut, truncation=True, max_length=self._scorer.max_tokens))

    def _score(self, encoded: dict[str, list[list[int]]]) -> npt.NDArray[np.float32]:
        import torch

        with torch.inference_mode():
            inputs = self._tokenizer.pad(encoded, return_tensors="pt").to(self._device)
            logits = self._model(**inputs).logits.float()
            scores = logits[:, 0] if self._output is None else logits.softmax(1)[:, self._output]
            return scores.cpu().numpy()


def load_model(scorer: SequenceClassifierScorer) -> Any:
    """The classifier; raises PhaselineError where the folder does not hold all of its weights."""
    import torch
    from transformers import AutoModelForSequenceClassification
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    model, loaded = AutoModelForSequenceClassification.from_pretrained(
        scorer.folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
    )
    if loaded["missing_keys"]:
        raise PhaselineError(
            f"{scorer.name}: {scorer.folder} lacks {', '.join(sorted(loaded['missing_keys']))}", "save the model again"
        )
    return model.eval()


def hold_gpu() -> IO[str]:
    """Wait until no other task on this machine computes on this GPU; closing what is returned lets the next one."""
    import torch

    gpu = torch.cuda.get_device_properties(torch.cuda.current_device()).uuid
    lock = (Path(tempfile.gettempdir()) / f"phaseline-gpu-{gpu}.lock").open("w")
    flock(lock, LOCK_EX)
    return lock
