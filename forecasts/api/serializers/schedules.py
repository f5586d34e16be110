"""The API's shape of a watchlist's schedule."""

from typing import Any

from rest_framework import serializers

from accounts.api.strict import StrictSerializer, worded
from forecasts.api.serializers.forecasts import HorizonField, MethodField
from forecasts.models import Forecast, Schedule
from forecasts.services import FORECAST_DEFAULT_HORIZON, SCHEDULE_METHODS, Foresight

CADENCE_WORDS = f"There is no such cadence. Choose one of {', '.join(Schedule.Cadence.values)}."
ACTIVE_WORDS = "Give is_active as true or false."


class ScheduleBodySerializer(StrictSerializer):
    """A watchlist's wish; what is left out takes its default."""

    example = '{"horizon": 20, "cadence": "session"}'

    method = MethodField(
        default=Forecast.Method.HOUSE.value, help_text=f"One of {', '.join(SCHEDULE_METHODS)}."
    )
    horizon = HorizonField(default=FORECAST_DEFAULT_HORIZON)
    cadence = serializers.ChoiceField(
        Schedule.Cadence.choices,
        default=Schedule.Cadence.SESSION.value,
        help_text="After each close, or after the last one of a week.",
        error_messages=worded(CADENCE_WORDS, "invalid_choice", "null"),
    )
    is_active = serializers.BooleanField(
        default=True,
        help_text="False pauses it. Resumed, it goes on with the next close.",
        error_messages=worded(ACTIVE_WORDS, "invalid", "null"),
    )


class SkippedSerializer(serializers.Serializer[Any]):
    symbol = serializers.CharField(source="instrument.symbol")
    session = serializers.DateField()
    detail = serializers.CharField(source="note", help_text="Why the forecast after it was not made.")


class ScheduleSerializer(serializers.Serializer[Any]):
    """A schedule, and what it does with the list as it is now."""

    method = serializers.ChoiceField(Forecast.Method.choices, source="schedule.method")
    horizon = serializers.IntegerField(source="schedule.horizon", help_text="Sessions ahead.")
    cadence = serializers.ChoiceField(Schedule.Cadence.choices, source="schedule.cadence")
    is_active = serializers.BooleanField(source="schedule.is_active")
    since = serializers.DateTimeField(
        source="schedule.since", help_text="When it was made or last resumed; earlier closes are not for it."
    )
    symbols = serializers.SerializerMethodField(help_text="Those that are forecast.")
    left_out = serializers.SerializerMethodField(help_text="Those of which no newer prices come.")
    next_at = serializers.DateTimeField(
        allow_null=True, help_text="When the next forecast is asked for; null while none will be."
    )
    next_symbol = serializers.CharField(help_text="Of what; empty while none will be.")
    skipped = SkippedSerializer(many=True, help_text="Symbols whose last forecast could not be made.")

    def get_symbols(self, outlook: Foresight) -> list[str]:
        return [instrument.symbol for instrument in outlook.covered]

    def get_left_out(self, outlook: Foresight) -> list[str]:
        return [instrument.symbol for instrument in outlook.left_out]
