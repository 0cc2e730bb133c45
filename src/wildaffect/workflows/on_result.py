"""Progress over several results."""

from collections.abc import Callable

OnResult = Callable[[str, int, int], None]
"""Called with the name of a result, the number of results done, and their number."""


def no_progress(_name: str, _done: int, _total: int) -> None:
    """Show no progress."""
