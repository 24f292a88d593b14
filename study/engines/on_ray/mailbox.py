"""Where Ray's workers and the driver meet: an actor on the driver's node that hands messages on.

The class itself knows nothing of Ray; the bridge makes an actor of it. All calls run in one event loop.
"""

from __future__ import annotations

import asyncio

from study.engines.on_ray.messages import ToExchange, TrialOver
from study.messages import EpochDone, Job


class Exchange:
    """Jobs go out, messages come back, and a worker that reported an epoch waits for the driver's answer.

    A trial that Ray has given up for dead may live on, on a node that was cut off and is back: nothing of it is heard
    any more, for its run may have been started again.
    """

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._messages: asyncio.Queue[ToExchange] = asyncio.Queue()
        self._answers: dict[int, asyncio.Future[bool]] = {}
        self._over: set[str] = set()  # trials that have ended

    async def put(self, job: Job) -> None:
        """A job that a worker will fetch."""
        self._jobs[job.run_id] = job

    async def job(self, run_id: int, trial_id: str) -> Job:
        """Return the job of a run, once; KeyError where there is none for this trial."""
        if trial_id in self._over:
            raise KeyError(trial_id)
        return self._jobs.pop(run_id)

    async def tell(self, message: ToExchange, trial_id: str | None = None) -> None:
        """A message for the driver: of a trial's worker, or of Ray."""
        if trial_id in self._over:
            return
        if isinstance(message, TrialOver):
            self._over.add(message.trial_id)
            await self.answer(message.run_id, False)  # nobody else answers a worker that asked before
        await self._messages.put(message)

    async def ask(self, epoch: EpochDone, trial_id: str) -> bool:
        """Report an epoch; whether to go on."""
        if trial_id in self._over:
            return False
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._answers[epoch.run_id] = answer
        await self._messages.put(epoch)
        return await answer

    async def answer(self, run_id: int, go_on: bool) -> None:
        """The driver's answer; a worker that is gone does not hear it."""
        waiting = self._answers.pop(run_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(go_on)

    async def take(self) -> list[ToExchange]:
        """Return what has been told since the last call; waits for the first message."""
        found = [await self._messages.get()]
        while not self._messages.empty():
            found.append(self._messages.get_nowait())
        return found
