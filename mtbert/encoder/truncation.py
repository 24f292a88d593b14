"""How many tokens of a sentence are read: as the configuration says, and never more than the backbone has positions."""

from __future__ import annotations

from itertools import chain

from mtbert.config import RunConfig
from mtbert.data.examples import Corpus
from mtbert.data.held_out import sentences_of
from mtbert.data.tokenize import choose
from mtbert.encoder.backbones import load_tokenizer, positions


def most_tokens(config: RunConfig) -> int:
    """Return the tokens of a sentence that are kept, [CLS] and [SEP] included; the sentences of a pair are read one by
    one.
    """
    has = positions(config.backbone)
    return config.data.max_tokens if has is None else min(config.data.max_tokens, has)


def notes(config: RunConfig, corpus: Corpus) -> list[str]:
    """Return a line where the backbone takes fewer tokens than the configuration: how many sentences are cut for
    that.
    """
    most = most_tokens(config)
    if most == config.data.max_tokens:
        return []
    chosen = choose(corpus, config.data.train_examples, config.data.dev_examples)
    sentences = list(chain.from_iterable(sentences_of(split) for split in chosen.values()))
    longer = sum(len(found.ids) > most for found in load_tokenizer(config.backbone).encode_batch_fast(sentences))
    told = f"backbone {config.backbone} takes at most {most} tokens of a sentence"
    return [f"{told}: {longer:,} of {len(sentences):,} sentences are longer and are cut"]
