"""A folder's tokenizer, read as transformers' fast BERT tokenizer does: always [CLS] text [SEP].

    tokenizer.json           used as it is; normalizer and post-processor are BERT's if it has none
    vocab.txt                one piece per line, with BERT's normalizer, word pieces and post-processor
    tokenizer_config.json    do_lower_case, strip_accents, tokenize_chinese_chars; special tokens; added_tokens_decoder
    special_tokens_map.json  names of special tokens; added_tokens.json: token -> number

Padding and truncation settings in a file are not used. Where transformers 5 lower-cases although a tokenizer.json
without a tokenizer_config.json is cased, the file's own normalizer is used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, normalizers

from mtbert.encoder import tiny_vocabulary
from mtbert.encoder.checkpoint_files import TOKENIZER, TOKENIZER_CONFIG, VOCABULARY, read_json
from mtbert.errors import BackboneError

SPECIAL_MAP, ADDED = "special_tokens_map.json", "added_tokens.json"
# An option's name in a file, its name in BertNormalizer, and its default.
OPTIONS: Mapping[str, tuple[str, bool | None]] = {
    "do_lower_case": ("lowercase", True),
    "strip_accents": ("strip_accents", None),  # None: as lowercase
    "tokenize_chinese_chars": ("handle_chinese_chars", True),
}


def read_tokenizer(folder: Path) -> Tokenizer:
    """Return the tokenizer of a folder.

    Raises:
        BackboneError: there is none, or it lacks a required part.
    """
    try:
        return _read(folder, _settings(folder))
    except (TypeError, ValueError, AttributeError) as error:  # a setting of the wrong type
        raise BackboneError(
            f"{folder}: {TOKENIZER_CONFIG}, {SPECIAL_MAP} or {ADDED} holds an invalid setting: {error}. "
            "Copy or download the model again."
        ) from error


def _read(folder: Path, settings: Mapping[str, Any]) -> Tokenizer:
    names = _names(settings)
    if (folder / TOKENIZER).is_file():
        tokenizer, place = _from_json(folder / TOKENIZER, settings), folder / TOKENIZER
    elif (folder / VOCABULARY).is_file():
        tokenizer, place = _from_vocabulary(folder / VOCABULARY, settings, names), folder / VOCABULARY
    else:
        raise BackboneError(
            f"{folder} holds no tokenizer: neither {TOKENIZER} nor {VOCABULARY}. Give a folder that has one."
        )
    _add(tokenizer, names, settings, place)
    _frame(tokenizer, names, place)
    return tokenizer


def _settings(folder: Path) -> dict[str, Any]:
    """Return the settings in the small files as one mapping; `added` has the tokens of added_tokens.json."""
    settings: dict[str, Any] = {}
    for name in (SPECIAL_MAP, TOKENIZER_CONFIG):
        if (folder / name).is_file():
            settings |= read_json(folder / name)
    if (folder / ADDED).is_file():
        settings["added"] = read_json(folder / ADDED)
    return settings


def _names(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return kind of special token -> its text; BERT's if the files name no other."""
    return {
        kind: _content(settings.get(f"{kind}_token")) or usual for kind, usual in tiny_vocabulary.NAMED_TOKENS.items()
    }


def _content(token: object) -> str | None:
    """Return the text of a token, which is a text or an object with its `content`."""
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) and text else None


def _from_json(path: Path, settings: Mapping[str, Any]) -> Tokenizer:
    """Return the tokenizer of tokenizer.json, with tokenizer_config.json's options."""
    data = read_json(path)
    normalizer = data.get("normalizer")
    try:
        tokenizer = Tokenizer.from_str(json.dumps(data))
    except Exception as error:  # `tokenizers` raises a bare one
        raise BackboneError(f"{path} is no tokenizer: {error}. Copy or download the model again.") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if normalizer is None:
        tokenizer.normalizer = _normalizer({}, settings)
    elif isinstance(normalizer, dict) and normalizer.get("type") == "BertNormalizer":
        tokenizer.normalizer = _normalizer(normalizer, settings)
    return tokenizer


def _normalizer(own: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    """Return BERT's normalizer with the options of the settings, else of the file's `own`, else the defaults."""
    chosen = {
        name: settings[option] if option in settings else own.get(name, usual)
        for option, (name, usual) in OPTIONS.items()
    }
    return normalizers.BertNormalizer(clean_text=bool(own.get("clean_text", True)), **chosen)


def _from_vocabulary(path: Path, settings: Mapping[str, Any], names: Mapping[str, str]) -> Tokenizer:
    """Return BERT's tokenizer for a vocab.txt, one piece per line.

    Only a line feed ends a line: other line separators are pieces of multilingual models. In a file without any line
    feed a carriage return does.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BackboneError(f"{path} is not UTF-8 text: {error}. Copy or download the model again.") from error
    end = "\n" if "\n" in text else "\r"
    pieces = text.removesuffix(end).split(end)
    vocabulary = {piece.removesuffix("\r"): number for number, piece in enumerate(pieces)}
    lacks = [names[kind] for kind in ("pad", "unk", "cls", "sep") if names[kind] not in vocabulary]
    if lacks:
        raise BackboneError(f"{path} must hold {', '.join(lacks)}. Give the vocabulary of a BERT model.")
    tokenizer = tiny_vocabulary.bert_tokenizer(vocabulary, unknown=names["unk"], cls=names["cls"], sep=names["sep"])
    tokenizer.normalizer = _normalizer({}, settings)
    return tokenizer


def _add(tokenizer: Tokenizer, names: Mapping[str, str], settings: Mapping[str, Any], place: Path) -> None:
    """Add special and added tokens, which are never split.

    Raises:
        BackboneError: a token's number differs from the one in the settings.
    """
    known = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    vocabulary, added_tokens = tokenizer.get_vocab(), dict[str, tuple[AddedToken, int | None]]()
    decoder = settings.get("added_tokens_decoder")
    for number, token in sorted((decoder if isinstance(decoder, dict) else {}).items(), key=lambda item: int(item[0])):
        content = _content(token)
        if content is not None:
            flags = {key: bool(token[key]) for key in _FLAGS if key in token} if isinstance(token, dict) else {}
            added_tokens[content] = AddedToken(content, **flags), int(number)
    added = settings.get("added")
    for content, number in sorted((added if isinstance(added, dict) else {}).items(), key=lambda item: int(item[1])):
        added_tokens.setdefault(content, (AddedToken(content), int(number)))
    special = [name for name in names.values() if name in vocabulary]
    for more in ("additional_special_tokens", "extra_special_tokens"):
        tokens = settings.get(more)
        special += [name for one in tokens if (name := _content(one)) is not None] if isinstance(tokens, list) else []
    for name in special:
        added_tokens.setdefault(name, (AddedToken(name, special=True, normalized=False), None))
    for content, (token, number) in added_tokens.items():
        if content in known:
            continue
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
        given = tokenizer.token_to_id(content)
        if number is not None and given != number:
            raise BackboneError(
                f"{place.parent}: the added token '{content}' has the number {number}, but {place.name} gives it "
                f"{given}. Copy or download the model again."
            )


_FLAGS = ("lstrip", "rstrip", "single_word", "normalized", "special")


def _frame(tokenizer: Tokenizer, names: Mapping[str, str], place: Path) -> None:
    """Put [CLS] before a sentence and [SEP] after it if the post-processor does not, and set a pair's type ids."""
    framed = tokenizer.encode("")
    if len(framed.ids) == 2 and all(
        tokenizer.token_to_id(t) == i for t, i in zip(framed.tokens, framed.ids, strict=True)
    ):
        return
    cls, sep = names["cls"], names["sep"]
    lacks = [token for token in (cls, sep) if tokenizer.token_to_id(token) is None]
    if lacks:
        raise BackboneError(
            f"{place} must hold {', '.join(lacks)}, which begin and end a sentence. Give the tokenizer of a BERT model."
        )
    tiny_vocabulary.frame(tokenizer, cls, sep)
