"""What a person may ask of StockCast. Each call says in words why it refuses (`RequestRefused`)."""

from forecasts.services.forecasts import (
    FORECAST_DEFAULT_HORIZON,
    FORECAST_DEFAULT_METHOD,
    Question,
    ask_forecast,
    cancel_forecast,
    delete_forecast,
    request_forecast,
)
from forecasts.services.instruments import (
    SAMPLE_PREFIX,
    find_instrument,
    find_or_register,
    is_live_symbol,
    printable,
    search_instruments,
)
from forecasts.services.landing import landing_forecast, request_landing_forecast
from forecasts.services.watchlists import (
    WatchlistForecasts,
    add_to_watchlist,
    create_watchlist,
    delete_watchlist,
    remove_from_watchlist,
    rename_watchlist,
    request_watchlist_forecasts,
)

__all__ = [
    "FORECAST_DEFAULT_HORIZON",
    "FORECAST_DEFAULT_METHOD",
    "SAMPLE_PREFIX",
    "Question",
    "WatchlistForecasts",
    "add_to_watchlist",
    "ask_forecast",
    "cancel_forecast",
    "create_watchlist",
    "delete_forecast",
    "delete_watchlist",
    "find_instrument",
    "find_or_register",
    "is_live_symbol",
    "landing_forecast",
    "printable",
    "remove_from_watchlist",
    "rename_watchlist",
    "request_forecast",
    "request_landing_forecast",
    "request_watchlist_forecasts",
    "search_instruments",
]
