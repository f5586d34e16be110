"""Rows: instruments, prices, watchlists, forecasts, their evidence and ledger, and what people are told."""

from forecasts.models.alerts import Alert, AlertRule, Digest, NotificationSettings
from forecasts.models.bars import BAR_COLUMNS, CorporateAction, MissingSession, PriceBar, Restatement
from forecasts.models.deliveries import Delivery, DeliveryAttempt, Webhook
from forecasts.models.evaluations import Evaluation, Trust
from forecasts.models.forecasts import (
    BARS_NEEDED,
    LEVELS,
    MAX_HORIZON,
    MEDIAN,
    Forecast,
    ForecastPoint,
    ForecastRequest,
    why_too_short,
)
from forecasts.models.house_models import TRAINING_LEASE, HouseModel
from forecasts.models.instruments import Instrument
from forecasts.models.ledger import LedgerEntry, RecordTally, Score, TrackRecord
from forecasts.models.listings import Listing, SymbolSearch
from forecasts.models.replays import Replay, ReplayPoint
from forecasts.models.schedules import DueForecast, Schedule
from forecasts.models.uploads import UploadDraft
from forecasts.models.watchlists import Watchlist, WatchlistEntry

__all__ = [
    "BARS_NEEDED",
    "BAR_COLUMNS",
    "LEVELS",
    "MAX_HORIZON",
    "MEDIAN",
    "TRAINING_LEASE",
    "Alert",
    "AlertRule",
    "CorporateAction",
    "Delivery",
    "DeliveryAttempt",
    "Digest",
    "DueForecast",
    "Evaluation",
    "Forecast",
    "ForecastPoint",
    "ForecastRequest",
    "HouseModel",
    "Instrument",
    "LedgerEntry",
    "Listing",
    "MissingSession",
    "NotificationSettings",
    "PriceBar",
    "RecordTally",
    "Replay",
    "ReplayPoint",
    "Restatement",
    "Schedule",
    "Score",
    "SymbolSearch",
    "TrackRecord",
    "Trust",
    "UploadDraft",
    "Watchlist",
    "WatchlistEntry",
    "Webhook",
    "why_too_short",
]
