"""What is thought of a forecast now, and what the ledger did to it before it was issued."""

from typing import Any

from rest_framework import serializers

from forecasts import trust


class StandingChoiceField(serializers.ChoiceField):
    """A part of what is decided of a forecast (its source) now, by the field's own name."""

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(getattr(trust.standing(value), str(self.field_name)))


class VerdictField(serializers.CharField):
    def to_representation(self, value: Any) -> str:
        return super().to_representation(trust.standing(value).verdict)


class ForecastListSerializer(serializers.ListSerializer[Any]):
    """Decide on all forecasts of a list at once."""

    def to_representation(self, data: Any) -> Any:
        listed = list(data)
        trust.standings([request.result for request in listed if request.result])
        return super().to_representation(listed)


class CalibrationSerializer(serializers.Serializer[Any]):
    """What the ledger did to the model's bands before it was issued; null where it did nothing."""

    log_widths = serializers.ListField(
        child=serializers.FloatField(),
        help_text="By step, from 1: the log of the factor by which quantiles lie farther from their median.",
    )
    scored = serializers.IntegerField(help_text="Scored forecasts that this was learned from.")
    entry = serializers.IntegerField(help_text="The last of their entries in the ledger.")
