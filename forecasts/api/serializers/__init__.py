"""Shapes, and nothing else: what comes in is checked for its form, what goes out is read from rows."""

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
from forecasts.api.serializers.problems import ProblemSerializer
from forecasts.api.serializers.quality import CorporateActionSerializer, QualitySerializer
from forecasts.api.serializers.symbols import SymbolQuerySerializer, SymbolSearchSerializer
from forecasts.api.serializers.uploads import UploadBodySerializer, UploadSerializer
from forecasts.api.serializers.watchlists import (
    WatchlistForecastsSerializer,
    WatchlistNameSerializer,
    WatchlistSerializer,
    WatchlistSymbolSerializer,
)

__all__ = [
    "BarQuerySerializer",
    "BarSerializer",
    "ChanceQuerySerializer",
    "ChanceSerializer",
    "CorporateActionSerializer",
    "ForecastQuerySerializer",
    "ForecastQuestionSerializer",
    "ForecastSerializer",
    "ForecastSummarySerializer",
    "InstrumentQuerySerializer",
    "InstrumentSerializer",
    "ProblemSerializer",
    "QualitySerializer",
    "RiskQuerySerializer",
    "RiskSerializer",
    "SymbolQuerySerializer",
    "SymbolSearchSerializer",
    "UploadBodySerializer",
    "UploadSerializer",
    "WatchlistForecastsSerializer",
    "WatchlistNameSerializer",
    "WatchlistQuestionSerializer",
    "WatchlistSerializer",
    "WatchlistSymbolSerializer",
]
