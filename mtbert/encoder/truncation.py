"""The number of tokens of a sentence that are read, limited by the configuration and the backbone."""

from __future__ import annotations

from itertools import chain

from mtbert.config import RunConfig
from mtbert.data.examples import Corpus
from mtbert.data.held_out import sentences_of
from mtbert.data.tokenize import choose
from mtbert.encoder.backbones import load_tokenizer, positions


def most_tokens(config: RunConfig) -> int:
    """Return the number of tokens of a sentence that are kept, [CLS] and [SEP] included."""
    limit = positions(config.backbone)
    return config.data.max_tokens if limit is None else min(config.data.max_tokens, limit)


def notes(config: RunConfig, corpus: Corpus) -> list[str]:
    """Return a line with the number of sentences that are cut because of the backbone, if it limits them."""
    most = most_tokens(config)
    if most == config.data.max_tokens:
        return []
    chosen = choose(corpus, config.data.train_examples, config.data.dev_examples, config.subset_seed)
    sentences = list(chain.from_iterable(sentences_of(split) for split in chosen.values()))
    encodings = load_tokenizer(config.backbone).encode_batch_fast(sentences)
    longer = sum(len(encoding.ids) > most for encoding in encodings)
    limit = f"backbone {config.backbone} reads at most {most} tokens of a sentence"
    return [f"{limit}: {longer:,} of {len(sentences):,} sentences are longer and are cut"]
