"""The text of the function while it is written: lines in blocks, and the constants they name."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any


class Source:
    """Python text that nothing but our own words goes into.

    Args:
        names: what the text may name; constants are added to them.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self._lines: list[str] = []
        self._depth = 0

    def line(self, text: str) -> None:
        """Writes one line at the depth of the block."""
        self._lines.append("    " * self._depth + text)

    @contextmanager
    def block(self, head: str) -> Generator[None]:
        """Writes a head; what is written meanwhile stands below it."""
        self.line(head)
        self._depth += 1
        yield
        self._depth -= 1

    @contextmanager
    def block_if(self, tests: list[str]) -> Generator[None]:
        """A block that runs where all tests hold; no block at all where there are none."""
        if not tests:
            yield
            return
        with self.block(f"if {' and '.join(tests)}:"):
            yield

    def constant(self, value: Any) -> str:
        """A new name for a value."""
        name = f"K{len(self.names)}"
        self.names[name] = value
        return name

    def text(self) -> str:
        """All that was written."""
        return "\n".join(self._lines)
