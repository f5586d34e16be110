"""Gunicorn's configuration: what its workers would each make their first visitor wait for is done before.

They are forked afterwards, so they share the memory.
"""

from datetime import date
from typing import Any


def when_ready(_server: Any) -> None:
    """Load what draws charts and knows sessions: seconds, and by importing pandas."""
    import plotly.graph_objects  # noqa: F401 -- imported for its effect

    from forecasts.calendars import NEW_YORK, is_session

    is_session(NEW_YORK, date(2024, 1, 2))
