"""The mailbox between Ray's workers and the driver: an actor on the driver's node that passes messages on.

The class does not depend on Ray; the bridge makes an actor of it. All calls run in one event loop.
"""

from __future__ import annotations

import asyncio

from study.engines.on_ray.messages import ToExchange, TrialOver
from study.messages import EpochDone, Job


class Exchange:
    """Passes jobs to workers and messages to the driver; a worker that reported an epoch waits for the answer.

    A trial that Ray has declared dead may reappear when its node is reachable again. Its messages are dropped, as its
    run may have been started again.
    """

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._messages: asyncio.Queue[ToExchange] = asyncio.Queue()
        self._answers: dict[int, asyncio.Future[bool]] = {}
        self._over: set[str] = set()  # trials that have ended

    async def put(self, job: Job) -> None:
        """Store a job for the worker that will fetch it."""
        self._jobs[job.run_id] = job

    async def job(self, run_id: int, trial_id: str) -> Job:
        """Return the job of a run, once.

        Raises:
            KeyError: there is no job for this trial.
        """
        if trial_id in self._over:
            raise KeyError(trial_id)
        return self._jobs.pop(run_id)

    async def send(self, message: ToExchange, trial_id: str | None = None) -> None:
        """Queue a message for the driver, from a trial's worker or from Ray."""
        if trial_id in self._over:
            return
        if isinstance(message, TrialOver):
            self._over.add(message.trial_id)
            await self.answer(message.run_id, False)  # releases a worker that is still waiting
        await self._messages.put(message)

    async def ask(self, epoch: EpochDone, trial_id: str) -> bool:
        """Report an epoch and return whether the run is to continue."""
        if trial_id in self._over:
            return False
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._answers[epoch.run_id] = answer
        await self._messages.put(epoch)
        return await answer

    async def answer(self, run_id: int, go_on: bool) -> None:
        """Pass the driver's answer to the waiting worker, if it still exists."""
        waiting = self._answers.pop(run_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(go_on)

    async def take(self) -> list[ToExchange]:
        """Wait for a message and return all that have arrived since the last call."""
        messages = [await self._messages.get()]
        while not self._messages.empty():
            messages.append(self._messages.get_nowait())
        return messages
