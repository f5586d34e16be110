"""The API's shape of questions to a finished forecast: the chance of a price, the risk of a position."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.api.strict import worded
from forecasts.chances import (
    LEVEL_WORDS,
    PRICE_WORDS,
    QUANTITY_WORDS,
    RANGE_LEVELS,
    RISK_LEVELS,
    PriceChance,
)
from forecasts.models import Forecast

STEP_WORDS = "Give step, a whole number of sessions up to the forecast's horizon."


def _number(words: str, **kwargs: Any) -> serializers.FloatField:
    problems = worded(words, "required", "invalid", "null", "max_string_length", "overflow")
    return serializers.FloatField(error_messages=problems, **kwargs)


class StepField(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        words = worded(STEP_WORDS, "required", "invalid", "null", "min_value", "max_string_length")
        kwargs.setdefault("help_text", "Sessions after `data_as_of`, up to the horizon.")
        super().__init__(min_value=1, error_messages=words, **kwargs)


class ChanceQuerySerializer(serializers.Serializer[Any]):
    price = _number(PRICE_WORDS, help_text="Above zero, on today's share basis.")
    step = StepField()


class RiskQuerySerializer(serializers.Serializer[Any]):
    quantity = _number(QUANTITY_WORDS, help_text="Shares; below zero they are sold short.")
    step = StepField()
    level = _number(LEVEL_WORDS, default=RISK_LEVELS[0], help_text="Of the value at risk: 0.95 or 0.99.")


class AnswerSerializer(serializers.Serializer[Any]):
    """What every answer says of where it comes from."""

    step = serializers.IntegerField(source="reach.step")
    date = serializers.DateField(source="reach.date", help_text="Of that session.")
    shown = serializers.ChoiceField(
        Forecast.Shown.choices,
        source="reach.shown",
        help_text="Which quantiles answer: those that the forecast shows.",
    )
    currency = serializers.CharField(source="reach.currency")
    last_close = serializers.FloatField(source="reach.last_close")


class RangeSerializer(serializers.Serializer[Any]):
    """Prices at `levels`."""

    levels = serializers.SerializerMethodField()
    close = serializers.ListField(child=serializers.FloatField(), help_text="The close at `step`.")
    highest_close = serializers.ListField(
        child=serializers.FloatField(), help_text="The highest close up to `step`."
    )
    lowest_close = serializers.ListField(
        child=serializers.FloatField(), help_text="The lowest close up to `step`."
    )

    def get_levels(self, _chance: PriceChance) -> list[float]:
        return list(RANGE_LEVELS)


class ChanceSerializer(AnswerSerializer):
    """Chances of a price; sessions hang together as those of a random walk do."""

    price = serializers.FloatField()
    above = serializers.FloatField(help_text="Chance of a close above the price at `step`.")
    below = serializers.FloatField(help_text="Chance of a close at or below it at `step`.")
    touch_on_a_close = serializers.FloatField(
        help_text="Chance that a close up to `step` reaches the price, from where `last_close` is."
    )
    touch_at_any_moment = serializers.FloatField(
        help_text="Chance that the price is reached at any moment up to `step`."
    )
    range = RangeSerializer(source="*")


class RiskSerializer(AnswerSerializer):
    """What a position may lose by `step`, in the instrument's currency; a loss below zero is a gain."""

    quantity = serializers.FloatField()
    level = serializers.FloatField()
    worth = serializers.FloatField(help_text="At the last close; below zero for shares sold short.")
    value_at_risk = serializers.FloatField(help_text="The loss stays below it with probability `level`.")
    expected_shortfall = serializers.FloatField(help_text="The mean of the losses beyond it.")
