"""A run's chain of stages on one model: loaded from the stage store if possible, otherwise computed and stored.

An entry holds all parameters that the stages so far have changed, so that the last entry of a chain is enough. Loading
and computing give the same bits.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from mtbert.config import RunConfig
from mtbert.device import peak_memory_bytes
from mtbert.model import MultitaskModel, device_of
from mtbert.stage_store.claims import Claim
from mtbert.stage_store.keys import SINGLE_TASK, ChainKeys
from mtbert.stage_store.store import Entry, StageStore
from mtbert.stages import multitask
from mtbert.stages.losses import StageLosses
from mtbert.stages.multitask import AbstractPieces, EpochReport, StageState
from mtbert.training.frozen_cache import FeaturesMade, Shared

MODEL = "model"  # prefix of the names of a model's tensors in an entry
FEATURES = "features"  # the stage name of features of frozen parts, computed for one split


@dataclass(frozen=True)
class Sharing:
    """The sharing of a run's stages with other runs. `store` None: the run computes all of them.

    Stages before `multitask` are always stored. Of `multitask`, the epochs whose keys are `wanted` are stored, because
    a longer run or one with another stage after it needs them; with `keep_when_stopped` also the epoch at which the run
    is stopped.
    """

    keys: ChainKeys
    store: StageStore | None = None
    wanted: frozenset[str] = frozenset()
    keep_when_stopped: bool = False


@dataclass(frozen=True)
class StageDone:
    """One stage of a run; for `multitask` the epochs up to a stored one; or the features of a split.

    `shared`: loaded from the store. `seconds` is the time where it was computed, `train_seconds` the part of it that
    was not evaluation, `peak_memory_bytes` the peak of that process by its end. `key` is "" if the run has none.
    `losses`: those of a stage before `multitask`.
    """

    name: str
    key: str
    seconds: float
    train_seconds: float
    peak_memory_bytes: int
    shared: bool
    losses: StageLosses | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the stage as an entry of the store has it in its history."""
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "shared"}
        return values | {"losses": None if self.losses is None else self.losses.as_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], computed_here: Collection[str]) -> Self:
        """Return the stage from what `as_json` returned; it is shared unless this run computed its key."""
        losses = None if data["losses"] is None else StageLosses.from_json(data["losses"])
        return cls(**{**data, "losses": losses}, shared=data["key"] not in computed_here)


@dataclass(frozen=True)
class Stage:
    """A stage before `multitask`; `writes` are the prefixes of the names of the parameters that it changes."""

    name: str
    run: Callable[[], StageLosses]
    writes: tuple[str, ...]


class Chain(AbstractPieces):
    """The stages of one run, in order: `before`, then `multitask` with this as its pieces, then `finish`."""

    def __init__(self, model: MultitaskModel, sharing: Sharing | None) -> None:
        self.model = model
        self.sharing = sharing
        self.store = sharing.store if sharing is not None else None
        self.done: list[StageDone] = []
        self._writes: tuple[str, ...] = ()
        self._entry: Entry | None = None  # multitask's, where there is one
        self._known_epochs = 0
        self._made: Sequence[FeaturesMade] = ()
        self._kept: list[int] = []
        self._claim: Claim | None = None

    def before(self, stages: Sequence[Stage]) -> None:
        """Run the stages before `multitask`, or load them from the store."""
        self._writes = tuple(prefix for stage in stages for prefix in stage.writes)
        if self._find_multitask(at_least=1):
            return
        for number in range(self._find_before(stages), len(stages)):
            stage, key = stages[number], self._key_of(stages[number].name)
            with self._claimed(key):
                if self._load(key):
                    continue
                began = time.perf_counter()
                losses = stage.run()
                seconds = time.perf_counter() - began
                self.done.append(
                    StageDone(stage.name, key, seconds, seconds, self._peak(), shared=False, losses=losses)
                )
                self._keep(key, tuple(prefix for each in stages[: number + 1] for prefix in each.writes))

    # multitask's pieces

    def reads(self, made: Sequence[FeaturesMade]) -> None:
        """Note the features that `multitask` reads; they count among the stages of the run."""
        self._made = made

    def latest(self) -> StageState | None:
        """Return the stored state of `multitask`, after claiming the next piece that others need."""
        while (wanted := self._next_wanted()) is not None and self.store is not None:
            self._claim = self.store.claim(wanted)
            if self._claim is not None or not self._find_multitask(at_least=self._known_epochs + 1):
                break
        if self._entry is None:
            return None
        return StageState(self._entry.tensors, self._entry.data["stage"])

    def after(self, epoch: int, over: bool, state: Callable[[], StageState]) -> None:
        """Store the epoch if another run needs it, or a later one that this run does not reach."""
        if self.sharing is None or self.store is None:
            return
        keys, wanted = self.sharing.keys.multitask, self.sharing.wanted
        ends_for_others = over and any(key in wanted for key in keys[epoch - 1 :])
        if keys[epoch - 1] in wanted or ends_for_others or (over and self.sharing.keep_when_stopped):
            self._kept.append(epoch)
            trained = tuple(name for name, p in self.model.named_parameters() if p.requires_grad)
            self._keep(keys[epoch - 1], (*self._writes, *trained), state())
        if over or keys[epoch - 1] in wanted:
            self._release()

    def finish(self, epochs: Sequence[EpochReport]) -> None:
        """Note which part of `multitask` this run computed, at its end."""
        self._release()
        if self.store is not None:
            self.store.make_room()  # features were added
        self.done += self._pieces([(epoch.train_seconds, epoch.eval_seconds) for epoch in epochs])

    def add_single_task(self, epochs: Sequence[EpochReport]) -> None:
        """Add the stage `single_task`, which is never shared, to the run's stages."""
        key = (self.sharing.keys.after or "") if self.sharing is not None else ""
        trained = sum(epoch.train_seconds for epoch in epochs)
        seconds = trained + sum(epoch.eval_seconds for epoch in epochs)
        self.done.append(StageDone(SINGLE_TASK, key, seconds, trained, self._peak(), shared=False))

    def features(self, config: RunConfig) -> Shared | None:
        """Return where features of `multitask`'s frozen parts are shared with other runs, and what identifies them."""
        if self.sharing is None or self.store is None:
            return None
        pooling = json.dumps(config.pooling.model_dump(mode="json"), sort_keys=True)
        return Shared(self.store.features, self.sharing.keys.start, pooling)

    def _find_multitask(self, at_least: int) -> bool:
        """Load the longest beginning of `multitask` that the store has; return whether there is one."""
        if self.sharing is None or self.store is None:
            return False
        for epoch in range(len(self.sharing.keys.multitask), at_least - 1, -1):
            key = self.sharing.keys.multitask[epoch - 1]
            entry = self.store.find(key)
            if entry is not None:
                self._put_in(entry)
                self._entry, self._known_epochs = entry, epoch
                return True
        return False

    def _next_wanted(self) -> str | None:
        if self.sharing is None:
            return None
        keys = self.sharing.keys.multitask[self._known_epochs :]
        return next((key for key in keys if key in self.sharing.wanted), None)

    # Entries

    def _find_before(self, stages: Sequence[Stage]) -> int:
        """Load the last stage that the store has; return the number of the one after it."""
        loaded = (n for n in range(len(stages), 0, -1) if self._load(self._key_of(stages[n - 1].name)))
        return next(loaded, 0)

    def _load(self, key: str) -> bool:
        entry = self.store.find(key) if self.store is not None else None
        if entry is not None:
            self._put_in(entry)
        return entry is not None

    def _put_in(self, entry: Entry) -> None:
        """Load an entry into the model. Each task's own encoder gets the first one's parameters, then its own.

        The stages before `multitask` train the first encoder for all tasks; of the others an entry has what `multitask`
        trained.
        """
        tensors = {
            name.removeprefix(f"{MODEL}."): t for name, t in entry.tensors.items() if name.startswith(f"{MODEL}.")
        }
        self.model.load_state_dict(tensors, strict=False)
        for encoder in self.model.encoders()[1:]:
            encoder.load_state_dict(self.model.encoder.state_dict())
        own = {name: tensor for name, tensor in tensors.items() if name.startswith("copies.")}
        self.model.load_state_dict(own, strict=False)
        here = {stage.key for stage in self.done if not stage.shared}
        self.done = [StageDone.from_json(stage, here) for stage in entry.data["history"]]

    def _keep(self, key: str, writes: tuple[str, ...], state: StageState | None = None) -> None:
        """Store what the stages so far have changed, and `multitask`'s own state."""
        if self.store is None:
            return
        tensors = {f"{MODEL}.{name}": t for name, t in self.model.state_dict().items() if name.startswith(writes)}
        history = [stage.as_json() for stage in self.done]
        data: dict[str, object] = {"history": history}
        if state is not None:
            seconds = [(train, measured) for _, train, measured in state.data["epochs"]]
            history += [piece.as_json() for piece in self._pieces(seconds)]
            tensors, data = {**tensors, **state.tensors}, {**data, "stage": state.data}
        self.store.put(key, tensors, data)

    def _pieces(self, seconds: Sequence[tuple[float, float]]) -> list[StageDone]:
        """Return the features that `multitask` read, then its parts that this run computed, between stored epochs.

        `seconds` of all its epochs, (training, evaluating).
        """
        begins, pieces = min(self._known_epochs, len(seconds)), self._features()
        for ends in sorted({*self._kept, len(seconds)} - {begins}):
            key = self.sharing.keys.multitask[ends - 1] if self.sharing is not None else ""
            trained, measured = (sum(part) for part in zip(*seconds[begins:ends], strict=True))
            pieces.append(StageDone(multitask.NAME, key, trained + measured, trained, self._peak(), shared=False))
            begins = ends
        return pieces

    def _features(self) -> list[StageDone]:
        """Return the features that were read, except those counted already for the epochs from the store."""
        known = {stage.key for stage in self.done if stage.key}
        return [
            StageDone(FEATURES, m.key, m.seconds, m.seconds if m.training else 0.0, m.peak_memory_bytes, m.shared)
            for m in self._made
            if m.key not in known
        ]

    def _peak(self) -> int:
        return peak_memory_bytes(str(device_of(self.model)))

    def _key_of(self, stage: str) -> str:
        return dict(self.sharing.keys.before)[stage] if self.sharing is not None else ""

    @contextlib.contextmanager
    def _claimed(self, key: str) -> Iterator[None]:
        claim = self.store.claim(key) if self.store is not None else None
        try:
            yield
        finally:
            if claim is not None:
                claim.release()

    def _release(self) -> None:
        if self._claim is not None:
            self._claim.release()
            self._claim = None
