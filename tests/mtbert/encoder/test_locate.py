"""The hub's cache on disk, offline: a real cache folder, read by the real library in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")

SCRIPT = """
from mtbert.encoder.backbones import load_tokenizer
from mtbert.encoder.locate import find_folder
from mtbert.errors import BackboneError
try:
    print(find_folder("someone/model"), load_tokenizer("someone/model").get_vocab_size())
except BackboneError as error:
    print(error)
"""


def load_with_cache(cache: Path) -> str:
    """What a process prints that looks for someone/model in `cache`, without a network."""
    environment = {**os.environ, "HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", SCRIPT]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def put_in_cache(folder: Path, cache: Path) -> Path:
    model = cache / "models--someone--model"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text("0" * 40)
    snapshot = model / "snapshots" / ("0" * 40)
    shutil.copytree(folder, snapshot)
    return snapshot


def test_a_model_in_the_cache_is_found_offline(folder: Path, tmp_path: Path) -> None:
    snapshot = put_in_cache(folder, tmp_path / "cache")
    assert load_with_cache(tmp_path / "cache") == f"{snapshot} 19"


def test_a_model_that_cannot_be_had_gives_one_message(tmp_path: Path) -> None:
    told = load_with_cache(tmp_path)
    assert told.startswith(
        "backbone 'someone/model' is not a folder here, and cannot be downloaded from the Hugging Face hub:"
    )
    assert told.endswith("Check the name and the network, or give a folder that holds the model.")


def test_a_half_downloaded_model_is_not_taken_for_a_whole_one(folder: Path, tmp_path: Path) -> None:
    (put_in_cache(folder, tmp_path / "cache") / "model.safetensors").unlink()
    assert "the Hugging Face hub" in load_with_cache(tmp_path / "cache")
