"""The API's shape of how good stored prices are, and of corporate actions."""

from typing import Any

from rest_framework import serializers

from forecasts.models import CorporateAction, Restatement


class RestatementSerializer(serializers.ModelSerializer[Restatement]):
    class Meta:
        model = Restatement
        fields = [
            "noticed_at",
            "revision",
            "reason",
            "first_session",
            "last_session",
            "sessions",
            "price_factor",
            "adjusted_factor",
        ]
        read_only_fields = fields


class QualitySerializer(serializers.Serializer[Any]):
    """Lists are newest first."""

    bars = serializers.IntegerField(source="summary.bars")
    last_session = serializers.DateField(source="summary.last_date", allow_null=True)
    last_state = serializers.CharField(
        source="summary.last_state",
        help_text="The state of the newest bar, as bars have it; empty where there is none.",
    )
    missing_sessions = serializers.ListField(
        source="missing",
        child=serializers.DateField(),
        help_text="Sessions of the calendar since the first bar for which the source has no prices.",
    )
    repaired_sessions = serializers.ListField(source="repaired", child=serializers.DateField())
    restatements = RestatementSerializer(many=True, help_text="The newest twenty.")


class CorporateActionSerializer(serializers.ModelSerializer[CorporateAction]):
    """A dividend in currency per share as paid on its day, or a split in new shares per old share."""

    class Meta:
        model = CorporateAction
        fields = ["date", "kind", "value"]
        read_only_fields = fields
