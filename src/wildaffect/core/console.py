"""The console of the terminal, on which names from outside execute nothing."""

from typing import Any

from rich.console import Console as RichConsole
from rich.text import Text

from wildaffect.core.printable import printable_lines


class Console(RichConsole):
    """Rich's console; text that is printed or put into tables is made `printable`."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return text to print."""
        return super().render_str(printable_lines(text), **options)
