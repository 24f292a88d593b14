"""The reliability diagram: accuracy against confidence."""

from __future__ import annotations

from results.error_analysis.task_errors import Calibration, TaskErrors
from results.figures.figure import Figure, Trace, capitalized, line
from results.text.formatting import plural

COLORS = {"best": "var(--best)", "baseline": "var(--baseline)"}


def reliability_figure(task: TaskErrors, number: int) -> Figure | None:
    """Draw accuracy by confidence of best and baseline, as figure `number`; None without class probabilities."""
    if not task.calibrations:
        return None
    diagonal = line("perfectly calibrated", (0, 1), (0, 1), "var(--faint)", 1, dash="dot")
    curves = [_trace(role, calibration) for role, calibration in task.calibrations.items()]
    start = max(0.0, int(min(min(curve["x"]) for curve in curves) * 10) / 10 - 0.05)
    return Figure(
        id=f"figure-reliability-{number}",
        title=f"{task.task}: accuracy by confidence",
        sentence=_sentence(task),
        traces=[diagonal, *curves],
        layout={
            "xaxis": {"title": {"text": "confidence (probability of the predicted class)"}, "range": [start, 1.02]},
            "yaxis": {"title": {"text": "accuracy on dev"}, "range": [-0.02, 1.02]},
        },
    )


def _trace(role: str, calibration: Calibration) -> Trace:
    pooled = calibration.pooled
    filled = [index for index, count in enumerate(pooled.counts) if count]
    counts = [int(pooled.counts[index]) for index in filled]
    return {
        "x": [float(pooled.confidence[index]) for index in filled],
        "y": [float(pooled.accuracy[index]) for index in filled],
        "text": [plural(count, "prediction") for count in counts],
        "name": role,
        "mode": "lines+markers",
        "line": {"color": COLORS[role], "width": 1.5},
        "marker": {"color": COLORS[role], "size": [6 + 22 * (count / sum(counts)) ** 0.5 for count in counts]},
        "hovertemplate": "confidence %{x:.2f}, accuracy %{y:.2f}<br>%{text}<extra>" + role + "</extra>",
    }


def _sentence(task: TaskErrors) -> str:
    each = [
        f"the {role} has a mean confidence of {calibration.pooled.mean_confidence:.2f} and an accuracy of "
        f"{calibration.pooled.mean_accuracy:.2f}"
        for role, calibration in (task.calibrations or {}).items()
    ]
    return (
        f"{capitalized('; '.join(each))}. Points below the dotted line show overconfidence. Larger points have more "
        "predictions."
    )
