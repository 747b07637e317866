"""Tasks that belong together: the first that breaks is heard of, and stopping leaves none behind.

A task of the network must not die in silence. Whoever owns a `Background` waits for it, and what
broke one task, or one callback, is raised there; that is a bug of ours, on which a runner halts.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

_P = ParamSpec("_P")


class Background:
    """The tasks of one owner on one event loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._first_failure: BaseException | None = None
        self._is_over = asyncio.Event()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run `work` beside everything else."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def guarded(self, call: Callable[_P, None]) -> Callable[_P, None]:
        """`call` for the event loop to make; what it raises is heard of as if it were a task."""

        def guard(*args: _P.args, **kwargs: _P.kwargs) -> None:
            try:
                call(*args, **kwargs)
            except BaseException as error:
                self.fail(error)
                raise

        return guard

    def fail(self, error: BaseException) -> None:
        """Say that something broke; only the first is kept."""
        if self._first_failure is None:
            self._first_failure = error
        self._is_over.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)

    @property
    def failure(self) -> BaseException | None:
        """What broke first, if anything did."""
        return self._first_failure

    async def wait(self) -> None:
        """Return after `stop`. Raises what broke first."""
        await self._is_over.wait()
        if self._first_failure is not None:
            raise self._first_failure

    async def stop(self) -> None:
        """Cancel every task and wait until each has ended. Stopping twice is harmless."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._is_over.set()
