"""The end of a launch: the answer, the effects, and the paths of the results; the same as data with `--json`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from results.analysis import sample_size, sequential
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
SHOWN_CONFIGURATIONS = 30  # the largest published table has 26 rows


def repeat_command(data: str, best: Path, seed: int) -> str:
    """Return the command that trains the best configuration again."""
    config = shlex.quote(str(best / "config.json"))
    return f"python -m mtbert.train --config {config} --data {shlex.quote(data)} --seed {seed}"


@dataclass(frozen=True)
class Ending:
    """The answer of a study, printed or as data."""

    summary: Summary
    folder: Path
    storage: str
    claims: ClaimsEnding | None = None
    designs: DesignsEnding | None = None
    code_note: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the answer as one JSON object; it has `claims` if the space is the table of a published report."""
        summary, best, baseline = self.summary, self.summary.best, self.summary.baseline
        gain, unit = summary.gain.interval if summary.gain else None, summary.units.score
        return {
            "study": summary.study.study_name,
            "storage": url.masked_url(self.storage),
            "runs": summary.counts.total,
            "complete": summary.counts.complete,
            "pruned": summary.counts.pruned,
            "failed": summary.counts.failed,
            "best": best
            and {
                "config": best.config,
                "choices": best.choices,
                "digest": best.digest,
                "score": unit.natural(best.mean),
                "spread": best.spread,
                "seeds": best.seeds,
                "test_score": None if best.test_mean is None else unit.natural(best.test_mean),
                "report": str(self._report()),
            },
            "score": unit.natural(best.mean) if best else None,
            "baseline_score": unit.natural(baseline.mean) if baseline else None,
            "unit": {"metric": unit.name, "unit": unit.unit, "higher_is_better": unit.higher_is_better},
            "changes_not_run": {
                "beyond_budget": summary.not_run.beyond_budget,
                "cannot_be_made": summary.not_run.cannot_be_made,
            },
            "gain": gain and {**natural_interval(unit, gain), "level": 0.95},
            **summary.stages.as_json(),
            **({"claims": self.claims.as_json()} if self.claims and self.claims.findings else {}),
            "report": str(self._report()),
        }

    def show(self, console: Console) -> None:
        """Print the answer, the effects, the parts that were not run, and the paths of the results."""
        summary, counts = self.summary, self.summary.counts
        if summary.study.data_made_up:
            console.print("Made-up data: these numbers say nothing about real sentences.", style="yellow")
        console.print(self._answer(), markup=False)
        for caution in summary.cautions:
            console.print(f"{caution}\n", markup=False, style="yellow")
        self._show_effects(console)
        if self.designs:
            self.designs.show(console)
        if (plan := sequential.schedule(summary.study)) is not None:
            seeds = f"Open rows got further seeds, up to {len(plan.seeds)}"
            console.print(f"{seeds}; intervals and verdicts account for the interim analyses.", soft_wrap=True)
        self._say_left_out(console)
        console.print(f"\n{formatting.plural(counts.total, 'run')}: {self._counts()}")
        if summary.stages.stages:  # a rehearsal has none
            console.print(summary.stages.sentence(), markup=False)
        if self._report().exists():
            console.print(f"report   {self._report()}", soft_wrap=True)
        if (self.folder / "best").is_dir():
            console.print(f"model    {self.folder / 'best'}", soft_wrap=True)
        if counts.failed:
            reasons = ", ".join(f"{reason} {count}" for reason, count in counts.failures)
            command = failed_runs_command(summary.study.study_name, self.storage)
            console.print(f"{counts.failed} failed ({reasons}): {command}", markup=False, soft_wrap=True)

    def _show_effects(self, console: Console) -> None:
        """Print the table of the study, and what its open rows need."""
        summary = self.summary
        if self.claims and self.claims.findings:
            self.claims.show(console)
        elif summary.ablation:
            unit = summary.units.score
            effects = [change_of_row(row, unit) for row in summary.ablation]
            show_effects(console, "one change of the best", effects, unit, SHOWN_ROWS)
        elif len(summary.leaderboard) > 1:
            console.print(self._leaderboard())
        if needs := sample_size.open_rows_line(summary.needed):
            console.print(needs, soft_wrap=True)

    def _counts(self) -> str:
        """Return e.g. "26 complete, 2 stopped early; 3 h 10 min of training and evaluation"."""
        counts = self.summary.counts
        failed = f", {counts.failed} failed" if counts.failed else ""
        spent = f"{formatting.duration(self.summary.hours_spent * 3600)} of training and evaluation"
        if first_screen.is_rehearsal(self.summary.study):
            spent = "a rehearsal, so nothing was trained"
        return f"{counts.complete} complete, {counts.pruned} stopped early{failed}; {spent}"

    def _report(self) -> Path:
        return self.folder / "report.html"

    def _answer(self) -> str:
        """Return a line each for the best configuration, its score, the baseline's score, and the gain."""
        best, baseline, gain = self.summary.best, self.summary.baseline, self.summary.gain
        if best is None:
            return "No configuration has been confirmed, because none has all its runs with fresh seeds."
        unit = self.summary.units.score
        width = max(len("baseline"), len(unit.name))
        lines = [f"\nBest: {first_screen.best_name(self.summary)}", f"{unit.name:{width}}  {_score(best, unit)}"]
        if baseline is not None and not self.summary.best_is_baseline:
            lines.append(f"{'baseline':{width}}  {_score(baseline, unit)}")
        if gain is not None:
            change, bounds = unit.change(gain.interval.estimate), unit.interval(gain.interval)
            verdict = "" if gain.interval.excludes_zero else "   not distinguishable from the baseline"
            lines.append(f"{'gain' if unit.higher_is_better else 'change':{width}}  {change} {bounds}{verdict}")
        return "\n".join([*lines, ""])

    def _say_left_out(self, console: Console) -> None:
        """Print whether the runs had one version of the code, and the numbers of rows that the tables leave out."""
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
        """Return the table of the confirmed configurations."""
        score = self.summary.units.score.heading
        table = columns("#", "configuration", score, "seeds", right=("#", score, "seeds"), wrap=("configuration",))
        for rank, entry in enumerate(self.summary.leaderboard[:SHOWN_CONFIGURATIONS], start=1):
            mean = self.summary.units.score.spread(entry.mean, entry.spread)
            table.add_row(str(rank), label(self._named(entry)), mean, str(entry.seeds))
        return table

    def _named(self, entry: ConfigurationResult) -> str:
        """Return the label in a published table, or the differences from the baseline."""
        baseline = self.summary.baseline
        is_baseline = baseline is not None and entry.digest == baseline.digest
        if not entry.labels:
            return formatting.changes_in_words(formatting.changes(self.summary.baseline_choices, entry.choices))
        return f"{'; '.join(entry.labels)}{' (the baseline)' if is_baseline else ''}"


def _score(result: ConfigurationResult, unit: Unit) -> str:
    test = "" if result.test_mean is None else f", test {unit.scored(result.test_mean)}"
    return f"{unit.spread_with_unit(result.mean, result.spread)}   ({formatting.seeds_text(result.seeds)}{test})"
