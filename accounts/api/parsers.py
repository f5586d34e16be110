"""JSON that arrives."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError

# Deeper than anything that the API reads; what is deeper would exhaust the stack of whoever walks through it.
MAX_LEVELS = 16
TOO_DEEP = f"This JSON is nested too deeply. Send at most {MAX_LEVELS} levels."


class JSONParser(parsers.JSONParser):
    """Refuse what is nested too deeply (400) instead of running out of stack."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            body = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError(TOO_DEEP) from error
        if _is_deeper(body, MAX_LEVELS):
            raise ParseError(TOO_DEEP)
        return body


def _is_deeper(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(item, levels - 1) for item in inner)
