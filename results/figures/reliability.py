"""The reliability diagram: accuracy against confidence."""

from __future__ import annotations

from results.error_analysis.task_errors import Calibration, TaskErrors
from results.figures.figure import Figure, Trace, capitalized
from results.text.formatting import plural

COLORS = {"best": "var(--best)", "baseline": "var(--baseline)"}


def reliability_figure(task: TaskErrors, number: int) -> Figure | None:
    """Draw accuracy by confidence of best and baseline; None where no class probabilities were kept.

    `number` makes its id unique in the page.
    """
    if not task.calibrations:
        return None
    diagonal: Trace = {
        "x": [0, 1],
        "y": [0, 1],
        "name": "perfectly calibrated",
        "mode": "lines",
        "line": {"color": "var(--faint)", "width": 1, "dash": "dot"},
        "hoverinfo": "skip",
    }
    traces = [diagonal, *(_trace(role, one) for role, one in task.calibrations.items())]
    lowest = min(min(trace["x"]) for trace in traces[1:])
    start = max(0.0, int(lowest * 10) / 10 - 0.05)
    return Figure(
        id=f"figure-reliability-{number}",
        title=f"{task.task}: accuracy by confidence",
        sentence=_sentence(task),
        traces=traces,
        layout={
            "xaxis": {"title": {"text": "confidence (probability of the predicted class)"}, "range": [start, 1.02]},
            "yaxis": {"title": {"text": "accuracy on dev"}, "range": [-0.02, 1.02]},
        },
    )


def _trace(role: str, found: Calibration) -> Trace:
    filled = [place for place, count in enumerate(found.pooled.counts) if count]
    counts = [int(found.pooled.counts[place]) for place in filled]
    total = sum(counts)
    return {
        "x": [float(found.pooled.confidence[place]) for place in filled],
        "y": [float(found.pooled.accuracy[place]) for place in filled],
        "text": [plural(count, "prediction") for count in counts],
        "name": role,
        "mode": "lines+markers",
        "line": {"color": COLORS[role], "width": 1.5},
        "marker": {"color": COLORS[role], "size": [6 + 22 * (count / total) ** 0.5 for count in counts]},
        "hovertemplate": "confidence %{x:.2f}, accuracy %{y:.2f}<br>%{text}<extra>" + role + "</extra>",
    }


def _sentence(task: TaskErrors) -> str:
    each = [
        f"the {role} has a mean confidence of {found.pooled.mean_confidence:.2f} and an accuracy of "
        f"{found.pooled.mean_accuracy:.2f}"
        for role, found in (task.calibrations or {}).items()
    ]
    return (
        f"{capitalized('; '.join(each))}. Below the dotted line a model is overconfident. Larger points hold more "
        "predictions."
    )
