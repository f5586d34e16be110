"""Rows: instruments and prices, watchlists, forecasts and their evidence."""

from forecasts.models.bars import BAR_COLUMNS, CorporateAction, MissingSession, PriceBar, Restatement
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
from forecasts.models.instruments import Instrument
from forecasts.models.listings import Listing, SymbolSearch
from forecasts.models.uploads import UploadDraft
from forecasts.models.watchlists import Watchlist, WatchlistEntry

__all__ = [
    "BARS_NEEDED",
    "BAR_COLUMNS",
    "LEVELS",
    "MAX_HORIZON",
    "MEDIAN",
    "CorporateAction",
    "Evaluation",
    "Forecast",
    "ForecastPoint",
    "ForecastRequest",
    "Instrument",
    "Listing",
    "MissingSession",
    "PriceBar",
    "Restatement",
    "SymbolSearch",
    "Trust",
    "UploadDraft",
    "Watchlist",
    "WatchlistEntry",
    "why_too_short",
]
