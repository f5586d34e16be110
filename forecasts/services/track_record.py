"""Finding a track record: of an instrument or of all public ones, by a method or by all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecasts.models import TrackRecord
from forecasts.services.instruments import find_instrument

if TYPE_CHECKING:
    from accounts.models import User

# Groups of steps ahead, as ml_engine.record names them, and in words.
ALL_STEPS = "all"
STEP_GROUPS = {
    ALL_STEPS: "All sessions ahead",
    "1": "1 session ahead",
    **{
        name: f"{name.replace('-', ' to ')} sessions ahead"
        for name in ("2-5", "6-10", "11-20", "21-40", "41-60")
    },
}
# The figures of a record that nobody has worked out yet; see ml_engine.record and pipeline.recording.
NOTHING: dict[str, Any] = {
    "spread": {
        "points": 0,
        "origins": 0,
        "origin_days": 0,
        "repeats": 0,
        "sessions": 0,
        "first_anchor": None,
        "last_anchor": None,
        "last_session": None,
    },
    "groups": [],
    "skill": [],
    "ledger": {},
}


def find_track_record(*, user: User | None, symbol: str = "", method: str = "") -> TrackRecord:
    """Return a record, or an unsaved one of nothing; RequestRefused (unknown_symbol) as `find_instrument`.

    No symbol is all public instruments, no method all methods.
    """
    instrument = find_instrument(user=user, symbol=symbol) if symbol else None
    found = TrackRecord.objects.select_related("instrument").of(instrument, method)
    return found or TrackRecord(instrument=instrument, method=method, figures=NOTHING, scored=0, origins=0)
