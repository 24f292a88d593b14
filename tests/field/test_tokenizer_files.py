"""A folder's tokenizer gives the same ids as transformers' fast BERT tokenizer, whatever files it consists of."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cases import for_each

from mtbert.data.tokenize import tokenize_texts
from mtbert.encoder.backbones import load_tokenizer
from mtbert.encoder.tiny_vocabulary import bert_tokenizer
from mtbert.errors import BackboneError

PIECES = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "A", "cat", "Cat", "café", "cafe", "é", "e", "##s", "##é", "##e",
    "中", "国", "中国", "naïve", "naive", "CAFÉ", "Café", "##国", "<new>", "ß",
]  # fmt: skip
TEXTS = (
    "a Cat", "Café é", "CAFÉ café", "中国 cats", "naïve A", "a <new> cat [SEP] a", "ß [MASK] cat", "Cat\tzzz", "",
)  # fmt: skip
BERT = {"tokenizer_class": "BertTokenizer"}
NEW = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
OTHER = {"[CLS]": "<s>", "[SEP]": "</s>", "[UNK]": "<unk>", "[PAD]": "<pad>", "[MASK]": "<mask>"}
OTHER_NAMES = {f"{old.strip('[]').lower()}_token": new for old, new in OTHER.items()}
LEAKING = {
    "truncation": {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0},
    "padding": {"strategy": {"Fixed": 10}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0}
    | {"pad_type_id": 0, "pad_token": "[PAD]"},
}


def put(folder: Path, name: str, data: object) -> None:
    (folder / name).write_text(json.dumps(data), encoding="utf-8")


def vocabulary(folder: Path, pieces: list[str] | None = None, **config: Any) -> None:
    text = "\n".join(PIECES if pieces is None else pieces) + "\n"
    (folder / "vocab.txt").write_bytes(text.encode())
    if config:
        put(folder, "tokenizer_config.json", config)


def tokenizer_json(folder: Path, *, cased: bool = False, without: tuple[str, ...] = (), **changes: Any) -> None:
    made = bert_tokenizer({piece: number for number, piece in enumerate(PIECES)}, lowercase=not cased)
    put(folder, "tokenizer.json", json.loads(made.to_str()) | dict.fromkeys(without) | changes)


def cases() -> dict[str, Callable[[Path], None]]:
    """Name -> what writes the files."""
    found: dict[str, Callable[[Path], None]] = {"vocab.txt alone": vocabulary}
    options = ("do_lower_case", "strip_accents", "tokenize_chinese_chars")
    for values in itertools.product((None, True, False), repeat=3):
        told = {name: value for name, value in zip(options, values, strict=True) if value is not None}
        found[f"vocab.txt {told}"] = lambda folder, told=told: vocabulary(folder, **BERT, **told)  # type: ignore[misc]
    parts = ((), ("post_processor",), ("normalizer",), ("normalizer", "post_processor"))
    for without, cased in itertools.product(parts, (False, True)):

        def written(folder: Path, without: tuple[str, ...] = without, cased: bool = cased) -> None:
            tokenizer_json(folder, cased=cased, without=without)
            put(folder, "tokenizer_config.json", {**BERT, "do_lower_case": not cased})

        found[f"tokenizer.json cased={cased} without {without}"] = written
        if not cased:
            found[f"tokenizer.json alone without {without}"] = lambda folder, without=without: tokenizer_json(  # type: ignore[misc]
                folder, without=without
            )

    def opposite(folder: Path) -> None:
        tokenizer_json(folder)
        put(folder, "tokenizer_config.json", {**BERT, "do_lower_case": False, "strip_accents": None})

    def special_map(folder: Path) -> None:
        vocabulary(folder)
        put(folder, "special_tokens_map.json", {"cls_token": "[CLS]", "additional_special_tokens": ["<new>"]})

    def added(folder: Path) -> None:
        vocabulary(folder)
        put(folder, "added_tokens.json", {"<new>": 24, "<beyond>": 26})

    found |= {
        "tokenizer_config.json overrides tokenizer.json": opposite,
        "padding and truncation": lambda folder: tokenizer_json(folder, **LEAKING),
        "special_tokens_map.json": special_map,
        "added_tokens.json": added,
        "added_tokens_decoder": lambda folder: vocabulary(
            folder, added_tokens_decoder={"24": {"content": "<new>", **NEW}}
        ),
        "other names": lambda folder: vocabulary(folder, [OTHER.get(p, p) for p in PIECES], **OTHER_NAMES),
    }
    return found


CASES = cases()


def made(place: Path, case: str) -> Path:
    folder = place / "model"
    folder.mkdir(parents=True)
    sizes = {"vocab_size": 40, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1}
    put(folder, "config.json", {"model_type": "bert", "intermediate_size": 4, **sizes})
    CASES[case](folder)
    return folder


@pytest.mark.slow
def test_ids_and_type_ids_are_those_of_transformers(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    for number, case in enumerate(CASES):
        folder = made(tmp_path / str(number), case)
        theirs, ours = AutoTokenizer.from_pretrained(str(folder)), load_tokenizer(str(folder))
        for text in TEXTS:
            assert ours.encode(text).ids == theirs(text)["input_ids"], (case, text)
        pair, expected = ours.encode("a Cat", "cats"), theirs("a Cat", "cats")
        assert (pair.ids, pair.type_ids) == (expected["input_ids"], expected["token_type_ids"]), case


# What transformers 5.23 gives for the first texts, by hand from the rules of BERT's tokenizer.
EXPECTED = {
    "tokenizer.json alone without ('post_processor',)": {"a Cat": "[CLS] a cat [SEP]"},
    "tokenizer.json alone without ('normalizer',)": {"a Cat": "[CLS] a cat [SEP]", "Café é": "[CLS] cafe e [SEP]"},
    "vocab.txt {'strip_accents': False}": {"Café é": "[CLS] café é [SEP]"},
    "vocab.txt {'do_lower_case': False, 'strip_accents': True}": {"naïve A": "[CLS] naive A [SEP]"},
    "vocab.txt {'tokenize_chinese_chars': False}": {"中国 cats": "[CLS] 中国 cat ##s [SEP]"},
    "vocab.txt alone": {"中国 cats": "[CLS] 中 国 cat ##s [SEP]", "": "[CLS] [SEP]"},
    "tokenizer_config.json overrides tokenizer.json": {"a Cat": "[CLS] a Cat [SEP]", "é": "[CLS] é [SEP]"},
    "padding and truncation": {"a a a a": "[CLS] a a a a [SEP]"},
    "special_tokens_map.json": {"a <new> cat": "[CLS] a <new> cat [SEP]"},
    "added_tokens.json": {"a <new> <beyond>": "[CLS] a <new> <beyond> [SEP]"},
    "added_tokens_decoder": {"a <new> cat": "[CLS] a <new> cat [SEP]"},
    "other names": {"a dog": "<s> a <unk> </s>"},
}


@for_each("case", list(EXPECTED))
def test_what_the_files_leave_out_is_berts(case: str, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(made(tmp_path / str(list(EXPECTED).index(case)), case)))
    for text, expected in EXPECTED[case].items():
        found = tokenizer.encode(text)
        assert found.tokens == expected.split(), (case, text)
        rows = tokenize_texts([text], tokenizer, 64)
        assert rows[0].tolist() == found.ids


def test_what_cannot_frame_a_sentence_is_refused_with_the_name_of_what_is_missing(tmp_path: Path) -> None:
    folder = made(tmp_path, "vocab.txt alone")
    vocabulary(folder, [piece for piece in PIECES if piece != "[SEP]"])
    with pytest.raises(BackboneError, match=r"vocab\.txt must hold \[SEP\]\. Give the vocabulary of a BERT"):
        load_tokenizer(str(folder))
    tokenizer_json(folder, without=("post_processor",), added_tokens=[])
    data = json.loads((folder / "tokenizer.json").read_text())
    del data["model"]["vocab"]["[CLS]"]
    put(folder, "tokenizer.json", data)
    with pytest.raises(BackboneError, match=r"tokenizer\.json must hold \[CLS\], which begin and end a sentence"):
        load_tokenizer(str(folder))


def test_settings_of_another_kind_are_one_message(tmp_path: Path) -> None:
    folder = made(tmp_path, "vocab.txt alone")
    put(folder, "tokenizer_config.json", {"do_lower_case": "perhaps"})
    with pytest.raises(BackboneError, match=r"tokenizer_config\.json, .* holds an invalid setting"):
        load_tokenizer(str(folder))
    put(folder, "tokenizer_config.json", {"added_tokens_decoder": {"7": {"content": "<far>"}}})
    with pytest.raises(BackboneError, match=r"added token '<far>' has the number 7, but vocab\.txt gives it 26"):
        load_tokenizer(str(folder))
