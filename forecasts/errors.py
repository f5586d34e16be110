"""What goes wrong, in words for the person who asked."""

from typing import Any


class RequestRefused(Exception):
    """A person asked for something that cannot be; nothing was changed.

    `message` says what is wrong and what to do; `field` names the part of the request it is about, and
    `code` is for programs.
    """

    def __init__(self, message: str, *, code: str = "invalid", field: str | None = None) -> None:
        super().__init__(message)
        self.message, self.code, self.field = message, code, field


class ForecastFailed(Exception):
    """A worker could not finish a forecast; stored on its row as `error {code, message, remedy}`.

    `permanent` says that trying again cannot help.
    """

    def __init__(self, code: str, message: str, remedy: str, *, permanent: bool = True) -> None:
        super().__init__(message)
        self.code, self.message, self.remedy, self.permanent = code, message, remedy, permanent

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "remedy": self.remedy}


# A worker, or a person at a terminal, was stopped in the middle.
INTERRUPTED = {"code": "interrupted", "message": "It was interrupted.", "remedy": "It will be tried again."}
