"""Notes in Optuna's dashboard, in Markdown: the study's answer, and what became of each trial that was confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from results import first_screen, wording
from results.leaderboard import ConfigurationResult
from results.markdown import escaped
from results.study_results import Comparison
from results.summary import Summary
from results.units import Unit


def of_study(found: Summary, folder: Path | None) -> str:
    """Headline, scores, gain with its interval, the report."""
    lines = [f"## {escaped(first_screen.headline(found))}", ""]
    if found.study.data_made_up:
        lines += [escaped(first_screen.MADE_UP), ""]
    unit = found.units.score
    rows = [
        (name, _scored(entry, unit)) for name, entry in (("best", found.best), ("baseline", found.baseline)) if entry
    ]
    if found.gain is not None:
        rows.append(("gain" if unit.higher_is_better else "change", _difference(found.gain, unit)))
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
    unit = found.units.score
    rows = [("configuration", changed), (unit.name, _scored(entry, unit))]
    if against is not None:
        rows.append(("beside the baseline", _difference(against, unit)))
    if entry.test_mean is not None:
        rows.append(("test", unit.spread_with_unit(entry.test_mean, entry.test_spread)))
    if entry.train_seconds is not None:
        rows.append(("training", wording.duration(entry.train_seconds)))
    rows.append(("runs", ", ".join(map(str, entry.run_ids))))
    about = "The value of the trial itself chose this configuration, and flatters it; fresh seeds do not."
    if not unit.higher_is_better:
        about += f" A trial's value is the negative of its {unit.name}, because searches maximize."
    return "\n".join([f"## {escaped(title)}", "", *_table(rows), escaped(about), ""])


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    told = [f"| {name} | {escaped(value)} |" for name, value in rows]
    return ["| | |", "|---|---|", *told, ""] if told else []


def _difference(found: Comparison, unit: Unit) -> str:
    interval = found.interval
    sure = wording.zero_verdict(interval)
    return f"{unit.change(interval.estimate)}, 95 % {unit.interval(interval)}, {sure}"


def _scored(entry: ConfigurationResult, unit: Unit) -> str:
    return f"{unit.spread_with_unit(entry.mean, entry.spread)} ({wording.seeds_text(entry.seeds)})"
