"""What Upbit and Bithumb have in common when they refuse: `{"error":{"name":…,"message":…}}`.

Names, messages and statuses are each venue's own; a value that no rule of theirs allows is
`InvalidValue` until the venue has named it.
"""

import msgspec
from aiohttp import web


class Refusal(Exception):
    """A request is refused with one of the venue's error names and an HTTP status."""

    def __init__(self, name: str, message: str, status: int) -> None:
        super().__init__(name)
        self.name = name
        self.message = message
        self.status = status


class InvalidValue(Exception):
    """A parameter has a value that cannot be; says which."""


def error_answer(status: int, name: str | int, message: str) -> web.Response:
    """The answer that carries an error."""
    return json_answer({"error": {"name": name, "message": message}}, status)


def json_answer(value: object, status: int) -> web.Response:
    """The answer that carries a JSON value."""
    body = msgspec.json.encode(value)
    return web.Response(status=status, body=body, content_type="application/json")
