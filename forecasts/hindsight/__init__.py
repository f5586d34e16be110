"""What was said earlier, beside what happened: `ghosts` of forecasts before another one, and `replays`.

A replay is made today with what was known then. It is never shown as something that was said, nor counted.
"""

from forecasts.hindsight.ghosts import GHOSTS_BACK, Ghost, ghosts_of
from forecasts.hindsight.replays import PROMISED, Coverage, Said, coverage_of, said_at

__all__ = [
    "GHOSTS_BACK",
    "PROMISED",
    "Coverage",
    "Ghost",
    "Said",
    "coverage_of",
    "ghosts_of",
    "said_at",
]
