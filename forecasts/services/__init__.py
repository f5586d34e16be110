"""What a person may ask of StockCast. Each call says in words why it refuses (`RequestRefused`)."""

from forecasts.services.appending import count_of
from forecasts.services.drafts import change_draft, discard_draft, keep_draft, look_at_draft, start_draft
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
    UPLOAD_PREFIX,
    find_instrument,
    find_or_register,
    is_live_symbol,
    printable,
    search_instruments,
)
from forecasts.services.landing import landing_forecast, request_landing_forecast
from forecasts.services.prices import (
    Freshness,
    ask_for_prices,
    freshness_of,
    refresh_all_watched,
    refresh_progress,
    reopen_lane,
)
from forecasts.services.reading import Look, look_into, own_upload, refuse_too_large
from forecasts.services.renaming import follow_renaming, new_symbol_of
from forecasts.services.symbols import (
    LONGEST_TEXT,
    FoundSymbol,
    FoundSymbols,
    search_symbols,
)
from forecasts.services.uploads import (
    BadRows,
    Mode,
    attached_to,
    delete_upload,
    foresee_keeping,
    keep_upload,
    upload_mode,
)
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
    "LONGEST_TEXT",
    "SAMPLE_PREFIX",
    "UPLOAD_PREFIX",
    "BadRows",
    "FoundSymbol",
    "FoundSymbols",
    "Freshness",
    "Look",
    "Mode",
    "Question",
    "WatchlistForecasts",
    "add_to_watchlist",
    "ask_for_prices",
    "ask_forecast",
    "attached_to",
    "cancel_forecast",
    "change_draft",
    "count_of",
    "create_watchlist",
    "delete_forecast",
    "delete_upload",
    "delete_watchlist",
    "discard_draft",
    "find_instrument",
    "find_or_register",
    "follow_renaming",
    "foresee_keeping",
    "freshness_of",
    "is_live_symbol",
    "keep_draft",
    "keep_upload",
    "landing_forecast",
    "look_at_draft",
    "look_into",
    "new_symbol_of",
    "own_upload",
    "printable",
    "refresh_all_watched",
    "refresh_progress",
    "refuse_too_large",
    "remove_from_watchlist",
    "rename_watchlist",
    "reopen_lane",
    "request_forecast",
    "request_landing_forecast",
    "request_watchlist_forecasts",
    "search_instruments",
    "search_symbols",
    "start_draft",
    "upload_mode",
]
