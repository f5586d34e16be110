"""The API's shape of a replay, and of asking for one."""

from typing import Any

from rest_framework import serializers

from accounts.api.strict import StrictSerializer, worded
from forecasts.api.serializers.forecasts import SYMBOL_WORDS
from forecasts.api.serializers.problems import ErrorSerializer
from forecasts.hindsight import PROMISED, Coverage, coverage_of
from forecasts.models import Replay

METHODS = [(method.value, method.label) for method in Replay.METHODS]
METHOD_WORDS = f"Choose one of {', '.join(name for name, _ in METHODS)}."
STEP_WORDS = f"Choose one of {', '.join(map(str, Replay.STEPS))}."


class ReplayQuestionSerializer(StrictSerializer):
    example = '{"symbol": "SAMPLE:AAPL", "method": "house"}'

    symbol = serializers.CharField(
        max_length=40,
        help_text="An instrument whose prices are stored here.",
        error_messages=worded(SYMBOL_WORDS, "required", "null", "blank", "invalid"),
    )
    method = serializers.ChoiceField(
        METHODS,
        default=METHODS[0][0],
        error_messages=worded(METHOD_WORDS, "invalid_choice", "null"),
    )
    as_of = serializers.DateField(
        default=None,
        allow_null=True,
        help_text="The last session that it may know; null is the last final one that is stored.",
        error_messages=worded("Give as_of as a date such as 2012-06-29, or leave it out.", "invalid"),
    )


class ReplayChartQuerySerializer(serializers.Serializer[Any]):
    step = serializers.ChoiceField(
        Replay.STEPS,
        default=5,
        help_text="Sessions ahead.",
        error_messages=worded(STEP_WORDS, "invalid_choice"),
    )


class CoverageSerializer(serializers.Serializer[Coverage]):
    """How many outcomes are known at a step, and the share of them that each band held."""

    step = serializers.IntegerField(help_text="Sessions ahead.")
    known = serializers.IntegerField(help_text="Outcomes that are known by now.")
    model = serializers.SerializerMethodField()
    naive = serializers.SerializerMethodField()

    def get_model(self, row: Coverage) -> dict[str, float | None]:
        return _by_promise(row.model)

    def get_naive(self, row: Coverage) -> dict[str, float | None]:
        return _by_promise(row.naive)


def _by_promise(shares: list[float | None]) -> dict[str, float | None]:
    return {f"coverage_{promised}": share for promised, share in zip(PROMISED, shares, strict=True)}


class ReplaySerializer(serializers.ModelSerializer[Replay]):
    """What a method would have said on each of the last sessions. Made today; never counted."""

    symbol = serializers.CharField(source="instrument.symbol")
    error = ErrorSerializer(allow_null=True)
    model = serializers.JSONField(help_text="name, version, sha256 and trained_until; null until it is done.")
    coverage = serializers.SerializerMethodField(help_text="By step; empty until it is done.")

    class Meta:
        model = Replay
        fields = [
            "id",
            "symbol",
            "method",
            "as_of",
            "status",
            "error",
            "created_at",
            "finished_at",
            "first_origin",
            "last_origin",
            "origins",
            "in_sample",
            "model",
            "coverage",
        ]
        read_only_fields = fields

    def get_coverage(self, replay: Replay) -> list[dict[str, Any]]:
        done = replay.status == Replay.Status.SUCCEEDED
        return [dict(CoverageSerializer(row).data) for row in coverage_of(replay)] if done else []
