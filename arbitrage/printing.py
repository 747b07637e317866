"""How commands print: text and JSON to standard output, progress to standard error."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def show(data: Any, json_: bool, show_it: Callable[[], Any]) -> None:
    """The result as JSON, or for eyes."""
    if json_:
        print_json(data)
    else:
        show_it()


def print_json(data: Any) -> None:
    """Any plain data or struct as one line."""
    import msgspec

    print_line(json.dumps(msgspec.to_builtins(data), ensure_ascii=False))


def print_line(text: str) -> None:
    """One line, at once: whoever reads a pipe sees it now."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def print_rich(renderable: Any) -> None:
    """As wide as the terminal; in a pipe as wide as COLUMNS says."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "120"))
    Console(width=width).print(renderable)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None] | None]:
    """A bar on a terminal, nothing anywhere else."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=total)
        yield lambda done: bars.update(task, completed=done)
