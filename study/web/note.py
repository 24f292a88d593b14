"""Notes in Optuna's dashboard, in Markdown: the study's answer, and what became of each trial that was confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from results import page, wording
from results.leaderboard import ConfigurationResult
from results.markdown import escaped
from results.study_results import Comparison
from results.summary import Summary


def of_study(found: Summary, folder: Path | None) -> str:
    """Headline, scores, gain with its interval, the report."""
    lines = [f"## {escaped(page.headline(found))}", ""]
    if found.study.data_made_up:
        lines += [escaped(page.MADE_UP), ""]
    rows = [(name, _scored(entry)) for name, entry in (("best", found.best), ("baseline", found.baseline)) if entry]
    if found.gain is not None:
        rows.append(("gain", _difference(found.gain)))
    lines += _table(rows)
    place = "" if folder is None else f"; else the file {escaped(str(folder / 'report.html'))}"
    lines += [f"The report: [/report](/report) where this is study.dashboard{place}", ""]
    return "\n".join(lines)


def of_trial(found: Summary, entry: ConfigurationResult, against: Comparison | None) -> str:
    """What fresh seeds say of the trial's configuration; `against`: its difference from the baseline."""
    rank = 1 + [each.digest for each in found.leaderboard].index(entry.digest)
    changed = wording.changes_in_words(wording.changes(found.baseline_choices, entry.choices))
    best = found.best is not None and entry.digest == found.best.digest
    title = f"Confirmed: rank {rank} of {len(found.leaderboard)}{', the best' if best else ''}"
    rows = [("configuration", changed), ("score", _scored(entry))]
    if against is not None:
        rows.append(("beside the baseline", _difference(against)))
    if entry.test_mean is not None:
        rows.append(("test", wording.score_with_spread(entry.test_mean, entry.test_spread)))
    if entry.train_seconds is not None:
        rows.append(("training", wording.duration(entry.train_seconds)))
    rows.append(("runs", ", ".join(map(str, entry.run_ids))))
    about = "The value of the trial itself chose this configuration, and flatters it; fresh seeds do not."
    return "\n".join([f"## {escaped(title)}", "", *_table(rows), escaped(about), ""])


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    told = [f"| {name} | {escaped(value)} |" for name, value in rows]
    return ["| | |", "|---|---|", *told, ""] if told else []


def _difference(found: Comparison) -> str:
    interval = found.interval
    sure = wording.zero_verdict(interval)
    return f"{wording.points_text(interval.estimate)} points, 95 % {wording.points_interval(interval)}, {sure}"


def _scored(entry: ConfigurationResult) -> str:
    return f"{wording.score_with_spread(entry.mean, entry.spread)} ({wording.seeds_text(entry.seeds)})"
