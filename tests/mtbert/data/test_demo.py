"""The made-up corpus: the same everywhere, distinct rows, labels that follow its known structure."""

from __future__ import annotations

import functools
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest

from mtbert.data import demo
from mtbert.data.demo import DUPLICATE_FLIPPED, _distinct, _duplicate, generate
from mtbert.data.demo.questions import FRAMES, question_pair
from mtbert.data.demo.reviews import review
from mtbert.data.demo.scenes import ONE_ACTOR, TWO_ACTORS, scene_pair
from mtbert.data.examples import Split, TaskData, corpus_fingerprint


@pytest.fixture(scope="module")
def data() -> dict[str, TaskData]:
    return demo.generate()


def splits(data: Mapping[str, TaskData], task: str) -> list[Split]:
    return [data[task].train, data[task].dev, data[task].test]


def test_it_has_the_promised_sizes(data: dict[str, TaskData]) -> None:
    assert {task: [len(s) for s in splits(data, task)] for task in data} == {
        task: [2000, 400, 400] for task in ("sst", "quora", "sts")
    }


def test_it_is_the_same_in_every_process(data: dict[str, TaskData]) -> None:
    code = (
        "from mtbert.data.demo import generate; from mtbert.data.examples import corpus_fingerprint as f; "
        "print(f(generate()))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join(sys.path)}  # here another
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == corpus_fingerprint(data)


def test_another_seed_gives_other_data(data: dict[str, TaskData]) -> None:
    other = generate(seed=1, train=50, dev=10, test=10)
    assert other["sst"].dev.texts != data["sst"].dev.texts[:10]


def test_more_training_data_leaves_dev_and_test_alone() -> None:
    small, large = (generate(train=n, dev=20, test=20) for n in (10, 100))
    for task in small:
        assert small[task].dev.texts == large[task].dev.texts
        assert small[task].test.texts == large[task].test.texts


def test_no_row_nor_id_occurs_twice_in_any_split(data: dict[str, TaskData]) -> None:
    for task in data:
        rows = [row for s in splits(data, task) for row in zip(s.ids, s.texts, s.texts2 or s.texts, strict=True)]
        assert len({tuple(sorted(pair)) for _, *pair in rows}) == len(rows) == 2800, task
        assert len({i for i, *_ in rows}) == 2800, task


def test_more_rows_than_a_grammar_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="only about 1 different examples, not 2"):
        _distinct(lambda: ("Always the same .", None, 0.0), 2)


def test_no_sentiment_class_is_rare_or_common(data: dict[str, TaskData]) -> None:
    shares = np.bincount(data["sst"].train.labels.astype(int), minlength=5) / 2000
    assert shares.min() > 0.1 and shares.max() < 0.32


def test_duplicates_are_about_two_fifths(data: dict[str, TaskData]) -> None:
    assert 0.35 < data["quora"].train.labels.mean() < 0.48


def test_similarities_have_one_decimal_and_fill_the_range(data: dict[str, TaskData]) -> None:
    labels = data["sts"].train.labels.astype(float)
    assert (labels.min(), labels.max()) == (0.0, 5.0)
    assert np.abs(labels * 10 - np.round(labels * 10)).max() < 1e-5
    assert min(Counter(np.round(labels)).values()) > 100


def test_words_tell_more_than_the_most_common_class(data: dict[str, TaskData]) -> None:
    """Averaging the training labels of a sentence's words is better than guessing, and far from perfect."""
    train, dev = data["sst"].train, data["sst"].dev
    seen: dict[str, list[float]] = {}
    for text, label in zip(train.texts, train.labels, strict=True):
        for word in text.lower().split():
            seen.setdefault(word, []).append(float(label))
    means = {word: float(np.mean(labels)) for word, labels in seen.items()}
    guesses = [np.mean([means.get(word, 2.0) for word in text.lower().split()]) for text in dev.texts]
    assert 0.3 < np.corrcoef(guesses, dev.labels)[0, 1] < 0.9


def test_shared_words_do_not_give_duplicates_away(data: dict[str, TaskData]) -> None:
    """Minimal pairs share more words than paraphrases do, so the best threshold on shared words stays weak."""
    dev = data["quora"].dev
    shared = np.array([_jaccard(a, b) for a, b in zip(dev.texts, dev.texts2 or (), strict=True)])
    best = max(np.mean((shared > t) == (dev.labels == 1)) for t in np.linspace(0, 1, 51))
    assert best < 0.75


def test_shared_words_follow_similarity_but_do_not_settle_it(data: dict[str, TaskData]) -> None:
    dev = data["sts"].dev
    shared = [_jaccard(a, b) for a, b in zip(dev.texts, dev.texts2 or (), strict=True)]
    assert 0.4 < np.corrcoef(shared, dev.labels)[0, 1] < 0.9


def test_negation_turns_a_review_around() -> None:
    """Among simple statements, "far from" a strong word is never on that word's side."""
    rng = random.Random(0)
    texts = [review(rng) for _ in range(12_000)]
    praise = [label for text, label in texts if text.split()[2:] == ["is", "brilliant", "."]]
    turned = [label for text, label in texts if text.split()[2:] == ["is", "far", "from", "brilliant", "."]]
    assert (set(praise), set(turned)) == ({4}, {0})


def test_questions_with_swapped_roles_share_every_word_and_are_no_duplicates() -> None:
    rng = random.Random(0)
    pairs = [question_pair(rng) for _ in range(8_000)]
    swapped = [label for a, b, label in pairs if a != b and _words(a) == _words(b)]
    assert len(swapped) > 20 and set(swapped) == {0}


def test_every_frame_can_be_asked_in_three_ways() -> None:
    assert all(len(frame.asks) >= 3 and len(frame.others) >= 3 for frame in FRAMES)


def test_weights_of_a_scene_sum_to_five() -> None:
    assert (sum(ONE_ACTOR.values()), sum(TWO_ACTORS.values())) == pytest.approx((5, 5))


def test_one_actor_in_another_order_of_words_is_fully_similar() -> None:
    same_words = [s for a, b, s in _scene_pairs() if _words(a) == _words(b) and not _two_actors(a)]
    assert len(same_words) > 20
    assert same_words == pytest.approx([5.0] * len(same_words))


def test_two_actors_who_trade_places_keep_the_words_and_lose_similarity() -> None:
    same_words = [s for a, b, s in _scene_pairs() if _words(a) == _words(b) and _two_actors(a)]
    assert max(same_words) == pytest.approx(5)
    assert sum(s <= 3.8 + 1e-9 for s in same_words) > 5  # the two agents agree in family at most


def test_six_in_a_hundred_duplicate_labels_are_turned_around() -> None:
    flipped = []
    for seed in range(3000):
        (*pair, label), (*same, noisy) = question_pair(random.Random(seed)), _duplicate(random.Random(seed))
        assert pair == same and noisy in (label, 1 - label)
        flipped.append(noisy != label)
    deviation = (DUPLICATE_FLIPPED * (1 - DUPLICATE_FLIPPED) / len(flipped)) ** 0.5
    assert np.mean(flipped) == pytest.approx(DUPLICATE_FLIPPED, abs=4 * deviation)


@functools.cache
def _scene_pairs() -> list[tuple[str, str, float]]:
    rng = random.Random(0)
    return [scene_pair(rng) for _ in range(4000)]


def _two_actors(text: str) -> bool:
    return "while" in text.lower() or " and " in text


def _words(text: str) -> list[str]:
    return sorted(text.lower().replace(",", "").rstrip("?.").split())


def _jaccard(a: str, b: str) -> float:
    x, y = set(a.lower().rstrip("?.").split()), set(b.lower().rstrip("?.").split())
    return len(x & y) / len(x | y)
