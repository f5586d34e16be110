"""The API's shape of watchlists."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.strict import StrictSerializer, worded
from forecasts.api.serializers.forecasts import SYMBOL_WORDS, ForecastSummarySerializer
from forecasts.models import Watchlist

NAME_WORDS = "Give the watchlist a name of 1 to 80 characters."


class WatchlistSerializer(serializers.ModelSerializer[Watchlist]):
    symbols = serializers.SerializerMethodField(help_text="In the order in which they were added.")

    class Meta:
        model = Watchlist
        fields = ["id", "name", "created_at", "symbols"]
        read_only_fields = fields

    def get_symbols(self, watchlist: Watchlist) -> list[str]:
        return [entry.instrument.symbol for entry in watchlist.entries.all()]


class WatchlistNameSerializer(StrictSerializer):
    example = '{"name": "Technology"}'

    name = serializers.CharField(
        max_length=80,
        error_messages=worded(NAME_WORDS, "required", "null", "blank", "invalid", "max_length"),
    )


class WatchlistSymbolSerializer(StrictSerializer):
    example = '{"symbol": "SAMPLE:AAPL"}'

    symbol = serializers.CharField(
        max_length=200,
        help_text="A symbol, or a name that only one instrument has.",
        error_messages=worded(SYMBOL_WORDS, "required", "null", "blank", "invalid"),
    )


class RefusedSerializer(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField(help_text="Why there is no forecast of it, and what to do.")


class WatchlistForecastsSerializer(serializers.Serializer[Any]):
    """What came of asking for a whole list."""

    forecasts = ForecastSummarySerializer(many=True, source="requests")
    refused = serializers.SerializerMethodField()

    @extend_schema_field(RefusedSerializer(many=True))
    def get_refused(self, outcome: Any) -> Any:
        rows = [
            {"symbol": symbol, "code": why.code, "detail": why.message} for symbol, why in outcome.refused
        ]
        return RefusedSerializer(rows, many=True).data
