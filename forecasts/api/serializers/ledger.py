"""The API's shape of the ledger's entries, and of what became of what they tell."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.strict import worded
from forecasts.api.serializers.search import SearchField
from forecasts.models import Forecast, LedgerEntry, Score

KIND_WORDS = f"There is no such kind. Choose one of {', '.join(LedgerEntry.Kind.values)}."


class LedgerQuerySerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        LedgerEntry.Kind.choices,
        required=False,
        allow_blank=True,
        help_text="Only entries of this kind.",
        error_messages=worded(KIND_WORDS, "invalid_choice"),
    )
    symbol = SearchField(required=False, max_length=40, help_text="Only entries of this symbol.")


class LedgerEntrySerializer(serializers.ModelSerializer[LedgerEntry]):
    """One line of the chain; what it tells of is null where it was erased with its upload."""

    symbol = serializers.CharField(source="forecast.instrument.symbol", default=None, allow_null=True)
    method = serializers.ChoiceField(
        Forecast.Method.choices, source="forecast.method", default=None, allow_null=True
    )
    horizon = serializers.IntegerField(source="forecast.horizon", default=None, allow_null=True)
    as_of = serializers.DateField(source="forecast.as_of", default=None, allow_null=True)
    forecast = serializers.UUIDField(
        source="own_request", allow_null=True, help_text="The `id` of your own forecast, if it is yours too."
    )
    erases = serializers.IntegerField(
        source="erases_id", allow_null=True, help_text="The entry that an erasure speaks of."
    )
    is_erased = serializers.BooleanField(help_text="Whether its content went with an upload.")

    class Meta:
        model = LedgerEntry
        fields = [
            "number",
            "kind",
            "entered_at",
            "symbol",
            "method",
            "horizon",
            "as_of",
            "forecast",
            "erases",
            "is_erased",
            "is_private",
            "content_hash",
            "previous_hash",
            "hash",
        ]
        read_only_fields = fields


class ScoreSerializer(serializers.ModelSerializer[Score]):
    """How one series did at one step. Returns are logs, from the anchor's close, dividends included."""

    chances = serializers.ListField(
        child=serializers.FloatField(), help_text="Of a return above −1, 0 and +1 `usual` moves."
    )

    class Meta:
        model = Score
        fields = [
            "series",
            "step",
            "version",
            "date",
            "actual",
            "crps",
            "pinball",
            "pit",
            "error",
            "direction_right",
            "inside_50",
            "inside_80",
            "inside_90",
            "inside_95",
            "chances",
            "usual",
            "scored_at",
            "superseded_at",
        ]
        read_only_fields = fields


class LedgerEntryDetailSerializer(LedgerEntrySerializer):
    content = serializers.CharField(
        allow_blank=True, help_text="JSON; `content_hash` is the SHA-256 of just this text, as UTF-8."
    )
    scores = serializers.SerializerMethodField(
        help_text="Of every series, by step; where `superseded_at` is set the outcome was restated since."
    )

    class Meta(LedgerEntrySerializer.Meta):
        fields = [*LedgerEntrySerializer.Meta.fields, "content", "scores"]
        read_only_fields = fields

    @extend_schema_field(ScoreSerializer(many=True))
    def get_scores(self, entry: LedgerEntry) -> Any:
        forecast = getattr(entry, "forecast", None)
        rows = forecast.scores.order_by("series", "step", "version") if forecast else ()
        return ScoreSerializer(rows, many=True).data
