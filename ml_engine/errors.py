"""What can go wrong in the engine. Every error says what happened and what a person can do about it."""

from __future__ import annotations

import pandas as pd


class EngineError(Exception):
    """Base of all engine errors: a stable `code` for programs, `message` and `remedy` for people."""

    code = "engine_error"

    def __init__(self, message: str, remedy: str = "") -> None:
        # `args` is left as given, so that the error survives pickling between processes.
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class InvalidBars(EngineError):  # the name already says what is wrong
    """A price history that no model should see; `row` is the first offending date where there is one."""

    code = "invalid_bars"

    def __init__(self, message: str, remedy: str = "", row: pd.Timestamp | None = None) -> None:
        super().__init__(message, remedy)
        self.row = row


class NotEnoughHistory(InvalidBars):
    """Fewer rows up to the origin than the method needs."""

    code = "not_enough_history"

    def __init__(self, needed: int, available: int) -> None:
        super().__init__(
            f"{needed} sessions of history are needed up to the origin, but there are {available}.",
            "Choose a later date, a method that needs less history, or an instrument with a longer one.",
        )
        self.needed = needed
        self.available = available


class InvalidRequest(EngineError):  # the name already says what is wrong
    """An origin that is not a session of the history, or a horizon outside 1 to 60."""

    code = "invalid_request"


class TrainingStopped(EngineError):  # the name already says what is wrong
    """Raised inside training when the caller's `should_stop` says so; nothing is kept."""

    code = "training_stopped"

    def __init__(self) -> None:
        super().__init__("Training was stopped before it ended.", "Start it again if it is still wanted.")


class NoVintage(EngineError):  # the name already says what is wrong
    """No shipped model ended early enough to be judged fairly at the date asked."""

    code = "no_vintage"


class ArtifactError(EngineError):
    """A model folder that is missing, damaged, or from another version of the engine."""

    code = "artifact_error"


class UnadjustedSplitWarning(UserWarning):
    """A one-session jump that looks like a share split the prices were not adjusted for."""
