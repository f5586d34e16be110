"""Keeping the prices of what people watch up to date, whether or not anybody asks for them.

`due` says whose turn it is, by calendar and clock; `looking` looks at a source; `rounds` ring for those whose
turn it is; `runs` are a person's wish to look for all at once.
"""

from forecasts.refreshing.looking import look, refresh, refresh_in_background
from forecasts.refreshing.rounds import refresh_due, watched
from forecasts.refreshing.runs import Progress, Run, begin_run, current_run, progress_of

__all__ = [
    "Progress",
    "Run",
    "begin_run",
    "current_run",
    "look",
    "progress_of",
    "refresh",
    "refresh_due",
    "refresh_in_background",
    "watched",
]
