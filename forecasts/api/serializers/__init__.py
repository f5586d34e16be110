"""Shapes, and nothing else: what comes in is checked for its form, what goes out is read from rows."""

from forecasts.api.serializers.alerts import (
    AlertQuerySerializer,
    AlertReadSerializer,
    AlertRuleBodySerializer,
    AlertRuleChangeSerializer,
    AlertRuleSerializer,
    AlertSerializer,
    AlertsReadSerializer,
    NotificationsBodySerializer,
    NotificationsSerializer,
)
from forecasts.api.serializers.decisions import (
    ChanceQuerySerializer,
    ChanceSerializer,
    RiskQuerySerializer,
    RiskSerializer,
)
from forecasts.api.serializers.forecasts import (
    ForecastQuerySerializer,
    ForecastQuestionSerializer,
    ForecastSerializer,
    ForecastSummarySerializer,
    WatchlistQuestionSerializer,
)
from forecasts.api.serializers.instruments import (
    BarQuerySerializer,
    BarSerializer,
    InstrumentQuerySerializer,
    InstrumentSerializer,
)
from forecasts.api.serializers.ledger import (
    LedgerEntryDetailSerializer,
    LedgerEntrySerializer,
    LedgerQuerySerializer,
)
from forecasts.api.serializers.problems import ProblemSerializer
from forecasts.api.serializers.quality import CorporateActionSerializer, QualitySerializer
from forecasts.api.serializers.replays import (
    ReplayChartQuerySerializer,
    ReplayQuestionSerializer,
    ReplaySerializer,
)
from forecasts.api.serializers.schedules import ScheduleBodySerializer, ScheduleSerializer
from forecasts.api.serializers.symbols import SymbolQuerySerializer, SymbolSearchSerializer
from forecasts.api.serializers.track_record import TrackRecordQuerySerializer, TrackRecordSerializer
from forecasts.api.serializers.uploads import UploadBodySerializer, UploadSerializer
from forecasts.api.serializers.watchlists import (
    WatchlistForecastsSerializer,
    WatchlistNameSerializer,
    WatchlistSerializer,
    WatchlistSymbolSerializer,
)
from forecasts.api.serializers.webhooks import (
    DeliverySerializer,
    NewWebhookSerializer,
    SecretSerializer,
    WebhookAddressSerializer,
    WebhookChangeSerializer,
    WebhookSerializer,
)

__all__ = [
    "AlertQuerySerializer",
    "AlertReadSerializer",
    "AlertRuleBodySerializer",
    "AlertRuleChangeSerializer",
    "AlertRuleSerializer",
    "AlertSerializer",
    "AlertsReadSerializer",
    "BarQuerySerializer",
    "BarSerializer",
    "ChanceQuerySerializer",
    "ChanceSerializer",
    "CorporateActionSerializer",
    "DeliverySerializer",
    "ForecastQuerySerializer",
    "ForecastQuestionSerializer",
    "ForecastSerializer",
    "ForecastSummarySerializer",
    "InstrumentQuerySerializer",
    "InstrumentSerializer",
    "LedgerEntryDetailSerializer",
    "LedgerEntrySerializer",
    "LedgerQuerySerializer",
    "NewWebhookSerializer",
    "NotificationsBodySerializer",
    "NotificationsSerializer",
    "ProblemSerializer",
    "QualitySerializer",
    "ReplayChartQuerySerializer",
    "ReplayQuestionSerializer",
    "ReplaySerializer",
    "RiskQuerySerializer",
    "RiskSerializer",
    "ScheduleBodySerializer",
    "ScheduleSerializer",
    "SecretSerializer",
    "SymbolQuerySerializer",
    "SymbolSearchSerializer",
    "TrackRecordQuerySerializer",
    "TrackRecordSerializer",
    "UploadBodySerializer",
    "UploadSerializer",
    "WatchlistForecastsSerializer",
    "WatchlistNameSerializer",
    "WatchlistQuestionSerializer",
    "WatchlistSerializer",
    "WatchlistSymbolSerializer",
    "WebhookAddressSerializer",
    "WebhookChangeSerializer",
    "WebhookSerializer",
]
