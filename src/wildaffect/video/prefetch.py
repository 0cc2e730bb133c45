"""Prefetching of items in a thread while the caller processes the current item."""

from collections.abc import Callable, Generator, Iterable
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import Generic, TypeVar, overload

T = TypeVar("T")
R = TypeVar("R")


@overload
def prefetch(items: Iterable[T], *, depth: int = 4) -> Generator[T, None, None]: ...
@overload
def prefetch(
    items: Iterable[T], *, depth: int = 4, apply: Callable[[T], R]
) -> Generator[R, None, None]: ...


def prefetch(
    items: Iterable[T], *, depth: int = 4, apply: Callable[[T], R] | None = None
) -> Generator[T | R, None, None]:
    """Yield the items, or the result of `apply` for each, prepared ahead by one thread.

    The order is kept. At most `depth` results are pending or in progress. An exception of
    `items` or `apply` is raised after the results before it. The thread starts with the
    first requested item; when this iterator is closed, garbage or exhausted, the thread has
    ended and `items` is closed if it is a generator, so that a reader may be closed
    afterwards. To leave a loop early, close the iterator (`contextlib.closing`) before the
    reader.

    Args:
        items: Iterated in the thread only.
        depth: Maximum number of results in memory, at least 1.
        apply: Function called in the thread.

    Raises:
        ValueError: If `depth` is below 1.
    """
    if depth < 1:
        raise ValueError(f"prefetch: depth must be at least 1, got {depth}")
    return _Ahead(items, depth, apply).results()


class _Failure:
    """An exception on its way to the caller."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class _End:
    """End marker."""


class _Ahead(Generic[T, R]):
    """The thread and the slots that limit it."""

    def __init__(
        self, items: Iterable[T], depth: int, apply: Callable[[T], R] | None
    ) -> None:
        self._items = items
        self._apply = apply
        self._slots = Semaphore(depth)
        self._stopping = Event()
        self._results: SimpleQueue[T | R | _Failure | _End] = SimpleQueue()

    def results(self) -> Generator[T | R, None, None]:
        thread = Thread(target=self._work, name="prefetch", daemon=True)
        thread.start()
        try:
            while True:
                result = self._results.get()
                if isinstance(result, _End):
                    return
                if isinstance(result, _Failure):
                    raise result.error
                self._slots.release()
                yield result
        finally:
            self._stopping.set()
            self._slots.release()
            thread.join()

    def _work(self) -> None:
        end: _Failure | _End = _End()
        try:
            self._produce()
        except BaseException as error:  # raised again in the caller's thread
            end = _Failure(error)
        self._results.put(end)

    def _produce(self) -> None:
        iterator = iter(self._items)
        try:
            while True:
                self._slots.acquire()
                if self._stopping.is_set():
                    return
                try:
                    item = next(iterator)
                except StopIteration:
                    return
                self._results.put(item if self._apply is None else self._apply(item))
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                close()
