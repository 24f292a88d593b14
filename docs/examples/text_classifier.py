"""A scikit-learn text classifier, studied with this harness:

    python -m study.launch --space docs/examples/text_classifier.py --trainer docs.examples.text_classifier:train \
        --data ../shared/data
"""

import csv
from pathlib import Path

from search_spaces import Factor, Level, Range, Space

SPACE = Space(
    name="text_classifier",
    goal="Do pairs of words, or weights by rarity, help a linear classifier of sentiment?",
    factors=(
        Factor("ngrams", "scientific", "1", (Level("1", {"longest": 1}), Level("2", {"longest": 2}))),
        Factor("weights", "scientific", "counts", (Level("counts"), Level("tf_idf"))),
        Factor("inverse_penalty", "nuisance", 1.0, range=Range("C", 0.01, 10, log=True)),
    ),
)

TASKS = {"sst": {"metric": "accuracy", "unit": "share"}}  # 0 to 1, differences in points


def train(configuration, seed, report):
    """Train on a bootstrap sample of the sentences, so that seeds differ; scores of single dev sentences."""
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.utils import resample

    texts, labels = zip(*_rows(Path(report.data) / "ids-sst-train.csv"), strict=True)
    vectorizer = TfidfVectorizer if configuration["weights"] == "tf_idf" else CountVectorizer
    words = vectorizer(ngram_range=(1, configuration["longest"]), max_features=2000)
    model = make_pipeline(words, LogisticRegression(C=configuration["C"], max_iter=100))
    model.fit(*resample(texts, labels, n_samples=600, random_state=seed))
    dev_texts, dev_labels = zip(*_rows(Path(report.data) / "ids-sst-dev.csv"), strict=True)
    right = model.predict(dev_texts) == list(dev_labels)
    costs = {"trainable_parameters": model[-1].coef_.size + model[-1].intercept_.size}
    return {"scores": {"sst": right.mean()}, "examples": {"sst": right}, "costs": costs}


def _rows(path):
    with open(path, encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row["sentence"], row["sentiment"]) for row in rows if row["sentence"] and row["sentiment"]]
