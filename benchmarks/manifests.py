"""A manifest of one phase that takes every window of its sources once, straight from numbers."""

from collections.abc import Mapping

from pipelines.record import FileEntry
from training.declared.recipe import OptimizerDeclaration
from training.manifest import Manifest, SourceReference, TokenizerReference
from training.sampling.order import PhaseShape, lay_out
from training.schedule import Piece, Schedule

SEED = 7


def one_epoch(num_windows: Mapping[str, int], sequence_length: int, batch_size: int) -> Manifest:
    """The manifest over sources with so many windows, which together fill whole batches.

    Token files hold uint16, end of text is token 0.
    """
    weights = list(num_windows.values())
    num_steps, rest = divmod(sum(weights), batch_size)
    assert rest == 0, "the last batch would not be full"
    shape = PhaseShape("all", num_steps, sequence_length, batch_size, weights)
    piece = Piece(start_tokens=0, end_tokens=sum(weights) * sequence_length, shape="constant", from_lr=1e-3, to_lr=1e-3)
    return Manifest(
        recipe="benchmark",
        seed=SEED,
        model="none",
        optimizer=OptimizerDeclaration(),
        schedule=Schedule(pieces=(piece,)),
        tokenizer=TokenizerReference(asset="tokenizer", version=1, digest="", vocab_size=50_000, end_of_text=0),
        window_length=sequence_length,
        sources=[
            SourceReference(
                name=name,
                asset=f"shards/{name}",
                version=1,
                digest="",
                tokens_file=FileEntry(path=f"{name}.bin", num_bytes=2 * (number * sequence_length + 1), sha256=""),
                num_tokens=number * sequence_length + 1,
                num_windows=number,
            )
            for name, number in num_windows.items()
        ],
        phases=lay_out([shape], SEED, [0] * len(weights)),
    )
