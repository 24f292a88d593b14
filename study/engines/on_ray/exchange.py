"""Where Ray's workers and the driver meet: an actor on the driver's node that hands messages on.

The class itself knows nothing of Ray; the bridge makes an actor of it. All calls run in one event loop.
"""

from __future__ import annotations

import asyncio

from study.engines.on_ray.messages import ToExchange
from study.messages import EpochDone, Job


class Exchange:
    """Jobs go out, messages come back, and a worker that reported an epoch waits for the driver's answer."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._messages: asyncio.Queue[ToExchange] = asyncio.Queue()
        self._answers: dict[int, asyncio.Future[bool]] = {}

    async def put(self, job: Job) -> None:
        """A job that a worker will fetch."""
        self._jobs[job.run_id] = job

    async def job(self, run_id: int) -> Job:
        """The job of a run, once."""
        return self._jobs.pop(run_id)

    async def tell(self, message: ToExchange) -> None:
        """A message for the driver."""
        await self._messages.put(message)

    async def ask(self, epoch: EpochDone) -> bool:
        """Report an epoch; whether to go on."""
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
        """What has been told since the last call; waits for the first message."""
        found = [await self._messages.get()]
        while not self._messages.empty():
            found.append(self._messages.get_nowait())
        return found
