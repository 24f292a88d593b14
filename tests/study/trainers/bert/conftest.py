"""What several tests of the trainer need."""

from __future__ import annotations

import pytest

from mtbert.data import tokenize


@pytest.fixture
def tokenized(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts each call of the tokenizer got."""
    calls: list[int] = []
    encode = tokenize._encode

    def counting(texts: tuple[str, ...], *rest: object) -> tokenize.Ragged:
        calls.append(len(texts))
        return encode(texts, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(tokenize, "_encode", counting)
    return calls
