"""Who may see what, and which service does it."""

from forecasts.api.views.alerts import AlertEventViewSet, AlertRuleViewSet, NotificationsViewSet
from forecasts.api.views.forecasts import ForecastViewSet
from forecasts.api.views.instruments import InstrumentViewSet
from forecasts.api.views.ledger import LedgerViewSet
from forecasts.api.views.pages import DocsView, NothingHereView, SchemaView
from forecasts.api.views.replays import ReplayViewSet
from forecasts.api.views.schedules import ScheduleViewSet
from forecasts.api.views.symbols import SymbolSearchViewSet
from forecasts.api.views.track_record import TrackRecordViewSet
from forecasts.api.views.uploads import UploadViewSet
from forecasts.api.views.watchlists import WatchlistViewSet
from forecasts.api.views.webhooks import WebhookViewSet

__all__ = [
    "AlertEventViewSet",
    "AlertRuleViewSet",
    "DocsView",
    "ForecastViewSet",
    "InstrumentViewSet",
    "LedgerViewSet",
    "NothingHereView",
    "NotificationsViewSet",
    "ReplayViewSet",
    "ScheduleViewSet",
    "SchemaView",
    "SymbolSearchViewSet",
    "TrackRecordViewSet",
    "UploadViewSet",
    "WatchlistViewSet",
    "WebhookViewSet",
]
