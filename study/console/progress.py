"""The progress of a launch: a live display in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live

from results.text.formatting import duration, plural
from results.text.units import SHARES, Unit
from search_spaces.grammar import Choices
from study.console.terminal import label
from study.execution.observer import AbstractObserver, Request
from study.messages import EpochDone


@dataclass
class _Running:
    number: int
    description: str
    began: float
    epoch: str = ""


class Progress(AbstractObserver):
    """The runs in progress and finished, the best, and the time left; `describe` shortens a configuration to a line."""

    def __init__(
        self, console: Console, study: str, workers: int, describe: Callable[[Choices], str], unit: Unit = SHARES
    ) -> None:
        self._console, self._study, self._workers, self._describe = console, study, workers, describe
        self._unit = unit
        self._phase, self._total, self._done = "", 0, 0
        self._began_phase, self._done_before = time.monotonic(), 0
        self._running: dict[int, _Running] = {}
        self._ended: set[int] = set()  # in this phase
        self._last, self._best = "", ""
        self._best_score = float("-inf")
        self._live: Live | None = None

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._live = Live(self._draw(), console=self._console, refresh_per_second=2, transient=True)
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def phase(self, name: str, total: int, done: int) -> None:
        """Show that a phase begins."""
        self._phase, self._total, self._done, self._done_before = name, total, done, done
        self._began_phase = time.monotonic()
        self._ended.clear()
        self._best, self._best_score = "", float("-inf")
        self._line(f"{name}: {plural(total, 'run')}" + (f", {done} already finished" if done else ""))

    def started(self, run_id: int, request: Request) -> None:
        """Show that a run starts; a run that continues or is restarted no longer counts as ended."""
        self._done -= request.known_epochs > 0 or run_id in self._ended
        description = f"{request.label}  {self._describe(request.choices)}"
        self._running[run_id] = _Running(run_id, description, time.monotonic())
        self._line(f"  run {run_id} started   {description}   seed {request.config.seed}")

    def epoch(self, event: EpochDone, epochs: int) -> None:
        """Show the score of a run's epoch."""
        running = self._running[event.run_id]
        running.epoch = f"epoch {event.epoch}/{epochs}   {self._unit.name} {self._unit.scored(event.score)}"
        self._line(f"  run {event.run_id}   {running.epoch}")

    def ended(self, run_id: int, status: str, score: float | None, note: str) -> None:
        """Show the end of a run."""
        running = self._running.pop(run_id)
        self._ended.add(run_id)
        self._done += 1
        if status == "complete" and score is not None and score > self._best_score:
            self._best_score, self._best = score, f"{self._unit.scored(score)} (run {run_id})"
        scored = f"   {self._unit.name} {self._unit.scored(score)}" if score is not None else ""
        seconds = time.monotonic() - running.began
        self._last = f"run {run_id} {status}{scored}   {seconds:.0f} s" + (f"   {note}" if note else "")
        self._line(f"  {self._last}   [{self._phase} {self._done}/{self._total}, {self._left()}]")

    def say(self, text: str) -> None:
        """Print a sentence, above the live display."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _line(self, text: str) -> None:
        """Redraw the live display, or print a plain line if there is none."""
        if self._live is None:
            self.say(text)
        else:
            self._live.update(self._draw())

    def _draw(self) -> Group:
        best = f"   best {self._best}" if self._best else ""
        head = f"{self._study}  {self._phase} {self._done}/{self._total}{best}   {self._left()}"
        rows = [label(head, "bold")]
        for running in self._running.values():
            state = running.epoch or f"{time.monotonic() - running.began:.0f} s"
            rows.append(label(f"  run {running.number}  {state}   {running.description}"))
        if self._last:
            rows.append(label(f"  last  {self._last}", "dim"))
        return Group(*rows)

    def _left(self) -> str:
        """Return the time left in this phase, estimated from its runs since this launch began it."""
        finished, waiting = self._done - self._done_before, self._total - self._done
        if finished == 0 or waiting <= 0:
            return "time left unknown" if waiting > 0 else "done"
        seconds = (time.monotonic() - self._began_phase) / finished * waiting
        return f"about {duration(seconds)} left in this phase"
