"""The end of a launch: the answer, what mattered, and where to look; the same as data with `--json`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from results.analysis import sequential
from results.analysis.leaderboard import ConfigurationResult
from results.analysis.summary import Summary
from results.database import url
from results.report import first_screen, notes
from results.text import formatting
from results.text.units import Unit, natural_interval
from study.console.resume_command import failed_runs_command
from study.console.summary_claims import ClaimsEnding
from study.console.summary_designs import DesignsEnding, change_of_row, show_effects
from study.console.terminal import columns, label

SHOWN_ROWS = 8
SHOWN_CONFIGURATIONS = 30  # the largest of the reports' tables has 26 rows


def repeat_command(data: str, best: Path, seed: int) -> str:
    """Return the command that trains the best configuration again."""
    config = shlex.quote(str(best / "config.json"))
    return f"python -m mtbert.train --config {config} --data {shlex.quote(data)} --seed {seed}"


@dataclass(frozen=True)
class Ending:
    """What a study found, for the person who launched it."""

    summary: Summary
    folder: Path
    storage: str
    claims: ClaimsEnding | None = None
    designs: DesignsEnding | None = None
    code_note: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return one JSON object: study, storage, runs, failed, best, baseline, gain, changes_not_run, stages, report.

        And `claims`, where the space is the table of a report.
        """
        found = self.summary
        gain, unit = found.gain.interval if found.gain else None, found.units.score
        best = found.best and {
            "config": found.best.config,
            "choices": found.best.choices,
            "digest": found.best.digest,
            "score": unit.natural(found.best.mean),
            "spread": found.best.spread,
            "seeds": found.best.seeds,
            "test_score": None if found.best.test_mean is None else unit.natural(found.best.test_mean),
            "report": str(self._report()),
        }
        return {
            "study": found.study.study_name,
            "storage": url.masked_url(self.storage),
            "runs": found.counts.total,
            "complete": found.counts.complete,
            "pruned": found.counts.pruned,
            "failed": found.counts.failed,
            "best": best,
            "score": unit.natural(found.best.mean) if found.best else None,
            "baseline_score": unit.natural(found.baseline.mean) if found.baseline else None,
            "unit": {"metric": unit.name, "unit": unit.unit, "higher_is_better": unit.higher_is_better},
            "changes_not_run": {
                "beyond_budget": found.not_run.beyond_budget,
                "cannot_be_made": found.not_run.cannot_be_made,
            },
            "gain": gain and {**natural_interval(unit, gain), "level": 0.95},
            **found.stages.as_json(),
            **({"claims": self.claims.as_json()} if self.claims and self.claims.findings else {}),
            "report": str(self._report()),
        }

    def show(self, console: Console) -> None:
        """Print the answer first."""
        found = self.summary
        if found.study.data_made_up:
            console.print("Made-up data: these numbers say nothing about real sentences.", style="yellow")
        console.print(self._answer(), markup=False)
        self._say_cautions(console)
        if self.claims and self.claims.findings:
            self.claims.show(console)
        elif found.ablation:
            effects = [change_of_row(row) for row in found.ablation]
            show_effects(console, "one change of the best", effects, found.units.score, SHOWN_ROWS)
        elif len(found.leaderboard) > 1:
            console.print(self._leaderboard())
        if self.designs:
            self.designs.show(console)
        if (plan := sequential.schedule(found.study)) is not None:
            console.print(
                f"open rows got further seeds, up to {len(plan.seeds)}; every look at the table is accounted for"
            )
        self._say_left_out(console)
        counts = found.counts
        console.print(f"\n{counts.total} runs: {self._ended()}")
        if found.stages.stages:  # a rehearsal has none
            console.print(found.stages.sentence(), markup=False)
        if self._report().exists():
            console.print(f"report   {self._report()}", soft_wrap=True)
        if (self.folder / "best").is_dir():
            console.print(f"model    {self.folder / 'best'}", soft_wrap=True)
        if counts.failed:
            reasons = ", ".join(f"{reason} {count}" for reason, count in counts.failures)
            command = failed_runs_command(found.study.study_name, self.storage)
            console.print(f"{counts.failed} failed ({reasons}): {command}", markup=False, soft_wrap=True)

    def _say_cautions(self, console: Console) -> None:
        """What to know before believing the numbers."""
        for caution in self.summary.cautions:
            console.print(f"{caution}\n", markup=False, style="yellow")

    def _ended(self) -> str:
        """ "26 complete, 2 stopped early; 3 h 10 min of training and evaluation"."""
        counts = self.summary.counts
        told = [f"{counts.complete} complete", f"{counts.pruned} stopped early"]
        told += [f"{counts.failed} failed"] if counts.failed else []
        if first_screen.is_rehearsal(self.summary.study):
            return f"{', '.join(told)}; a rehearsal, so nothing was trained"
        spent = formatting.duration(self.summary.hours_spent * 3600)
        return f"{', '.join(told)}; {spent} of training and evaluation"

    def _report(self) -> Path:
        return self.folder / "report.html"

    def _answer(self) -> str:
        """Return which configuration, and how sure: a line each for best, baseline and gain."""
        best, baseline, gain = self.summary.best, self.summary.baseline, self.summary.gain
        if best is None:
            return "No configuration has been confirmed: none has all its runs with fresh seeds."
        unit = self.summary.units.score
        width = max(len("baseline"), len(unit.name))
        lines = [f"\nBest: {first_screen.best_name(self.summary)}", f"{unit.name:{width}}  {_score(best, unit)}"]
        if baseline is not None and not self.summary.best_is_baseline:
            lines.append(f"{'baseline':{width}}  {_score(baseline, unit)}")
        if gain is not None:
            change, bounds = unit.change(gain.interval.estimate), unit.interval(gain.interval)
            sure = "" if gain.interval.excludes_zero else "   not distinguishable from the baseline"
            lines.append(f"{'gain' if unit.higher_is_better else 'change':{width}}  {change} {bounds}{sure}")
        return "\n".join([*lines, ""])

    def _say_left_out(self, console: Console) -> None:
        """What to know of the tables above: whether their runs had one code, and what they go without."""
        if self.code_note:
            console.print(self.code_note, markup=False, style="yellow")
        more = len(self.summary.leaderboard) - SHOWN_CONFIGURATIONS
        if more > 0 and not self.summary.ablation:
            console.print(f"and {formatting.plural(more, 'further configuration')}: the report has all of them")
        left_out = self.summary.not_run
        if left_out.beyond_budget:
            console.print(f"{formatting.plural(left_out.beyond_budget, 'further change')} beyond the budget, not run")
        if left_out.cannot_be_made:
            console.print(f"{notes.cannot_be_made(left_out)}: the report says why")

    def _leaderboard(self) -> Table:
        """Return every confirmed configuration, by its printed label where it has one."""
        score = self.summary.units.score.heading
        table = columns("#", "configuration", score, "seeds", right=("#", score, "seeds"), wrap=("configuration",))
        for rank, entry in enumerate(self.summary.leaderboard[:SHOWN_CONFIGURATIONS], start=1):
            mean = self.summary.units.score.spread(entry.mean, entry.spread)
            table.add_row(str(rank), label(self._named(entry)), mean, str(entry.seeds))
        return table

    def _named(self, entry: ConfigurationResult) -> str:
        """Return the printed label, or what differs from the baseline; the baseline is called so in any case."""
        found = self.summary
        is_baseline = found.baseline is not None and entry.digest == found.baseline.digest
        if not entry.labels:
            return formatting.changes_in_words(formatting.changes(found.baseline_choices, entry.choices))
        return f"{'; '.join(entry.labels)}{' (the baseline)' if is_baseline else ''}"


def _score(found: ConfigurationResult, unit: Unit) -> str:
    test = "" if found.test_mean is None else f", test {unit.scored(found.test_mean)}"
    return f"{unit.spread_with_unit(found.mean, found.spread)}   ({formatting.seeds_text(found.seeds)}{test})"
