"""Bringing an instrument's stored history up to date from its source, and keeping account of every change.

`needs` decides what a forecast waits for, `fetching` asks the source, `storing` writes its answer. Under
these: `adapting` joins an answer with what is stored, `finality` says which bars may still change, `gaps`
which sessions lack, `restating` what changed, `actions` keeps splits and dividends, `looks` remembers when
somebody looked at a source, `snapshots` reads a history as it is at one moment.
"""

from forecasts.ingest.fetching import refresh, refresh_once
from forecasts.ingest.finality import settles_at
from forecasts.ingest.gaps import note_gaps
from forecasts.ingest.looks import looked_at, looked_at_many, note_look
from forecasts.ingest.needs import ensure_history, ensure_market, is_current, sessions_known
from forecasts.ingest.restating import restored
from forecasts.ingest.snapshots import Snapshot, snapshot, usable
from forecasts.ingest.storing import Refreshed, store

__all__ = [
    "Refreshed",
    "Snapshot",
    "ensure_history",
    "ensure_market",
    "is_current",
    "looked_at",
    "looked_at_many",
    "note_gaps",
    "note_look",
    "refresh",
    "refresh_once",
    "restored",
    "sessions_known",
    "settles_at",
    "snapshot",
    "store",
    "usable",
]
