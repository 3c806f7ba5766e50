"""A tokenizer that somebody else has trained, taken over with its ids, and refused where it would be read otherwise."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from selected_documents import ignore, make_dedup, make_documents
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from pipelines.encoder import Encoder
from pipelines.errors import PhaselineError
from pipelines.foreign_tokenizer import ensure_foreign_tokenizer
from pipelines.store import Artifact, Store
from pipelines.tokenizer import TokenizerFolder

TEXTS = [f"{number} naïve pages don't end:\n\n  {'so on ' * number}<|end|>" for number in range(30)]


def write_tokenizer(folder: Path) -> Tokenizer:
    """A tokenizer as that of Llama 3: a byte-level BPE, special tokens beside its vocabulary, one before each text."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    split = pre_tokenizers.Split(pattern_of_words(), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.add_special_tokens([AddedToken("<|begin|>", special=True), AddedToken("<|end|>", special=True)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin|> $A", special_tokens=[("<|begin|>", tokenizer.token_to_id("<|begin|>"))]
    )
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer


def pattern_of_words() -> Any:
    from tokenizers import Regex

    return Regex(
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    )


def taken_over(home: Path, declared: TokenizerFolder) -> Artifact:
    store = Store(home / "home")
    documents = [make_documents(store, "pages", [TEXTS])]
    corpus = make_dedup(store, {"pages": TEXTS})
    return ensure_foreign_tokenizer(store, declared, corpus, documents, home, ignore).artifact


def declared(**changes: Any) -> TokenizerFolder:
    fields = {"folder": "foreign", "end_of_text": "<|end|>", "sample_bytes_per_domain": 1 << 20}
    return TokenizerFolder.model_validate(fields | changes)


def test_documents_get_the_tokens_of_the_foreign_tokenizer(tmp_path: Path) -> None:
    foreign = write_tokenizer(tmp_path / "foreign")
    artifact = taken_over(tmp_path, declared(vocab_size=512))
    assert artifact.record.facts["vocab_size"] == 512
    assert artifact.record.facts["end_of_text"] == foreign.token_to_id("<|end|>")
    assert artifact.record.facts["num_altered_documents"] == 0
    assert (artifact.folder / "tokenizer.json").read_text() == (tmp_path / "foreign" / "tokenizer.json").read_text()
    tokens, lengths = Encoder(artifact).encode(pa.array(["so on and on", TEXTS[3]], pa.large_string()))
    expected = foreign.encode("so on and on", add_special_tokens=False).ids
    assert tokens[: lengths[0]].tolist() == [*expected, foreign.token_to_id("<|end|>")]
    quoted = tokens[lengths[0] : -1].tolist()
    assert foreign.token_to_id("<|end|>") not in quoted
    assert foreign.decode(quoted) == TEXTS[3]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"folder": "nowhere"}, r"tokenizer\.folder: there is no folder .*nowhere"),
        ({"folder": "."}, r"tokenizer\.folder: there is no .*tokenizer\.json"),
        ({"end_of_text": "</s>"}, r"tokenizer\.end_of_text: '</s>' is no token of foreign"),
        ({"vocab_size": 301}, r"tokenizer\.vocab_size: 301, and foreign has 302 tokens"),
    ],
)
def test_a_declaration_that_does_not_fit_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    write_tokenizer(tmp_path / "foreign")
    with pytest.raises(PhaselineError, match=message):
        taken_over(tmp_path, declared(**changes))


def test_a_tokenizer_of_another_kind_is_refused(tmp_path: Path) -> None:
    tokenizer = write_tokenizer(tmp_path / "foreign")
    tokenizer.normalizer = normalizers.Replace("page", "leaf")
    tokenizer.save(str(tmp_path / "foreign" / "tokenizer.json"))
    with pytest.raises(PhaselineError, match=r"tokenizer\.folder: "):
        taken_over(tmp_path, declared())
    other = json.loads((tmp_path / "foreign" / "tokenizer.json").read_text())
    other |= {"model": {"type": "WordLevel", "vocab": {"a": 0, "[UNK]": 1}, "unk_token": "[UNK]"}}
    (tmp_path / "foreign" / "tokenizer.json").write_text(json.dumps(other | {"normalizer": None}))
    with pytest.raises(PhaselineError, match=r"tokenizer\.folder: its tokenizer is of no known kind"):
        taken_over(tmp_path, declared())
