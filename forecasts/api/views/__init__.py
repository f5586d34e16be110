"""Who may see what, and which service does it."""

from forecasts.api.views.forecasts import ForecastViewSet
from forecasts.api.views.instruments import InstrumentViewSet
from forecasts.api.views.pages import DocsView, NothingHereView, SchemaView
from forecasts.api.views.symbols import SymbolSearchViewSet
from forecasts.api.views.uploads import UploadViewSet
from forecasts.api.views.watchlists import WatchlistViewSet

__all__ = [
    "DocsView",
    "ForecastViewSet",
    "InstrumentViewSet",
    "NothingHereView",
    "SchemaView",
    "SymbolSearchViewSet",
    "UploadViewSet",
    "WatchlistViewSet",
]
