"""The API's shape of instruments and their daily bars."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from accounts.api.strict import worded
from forecasts.api.serializers.problems import ErrorSerializer
from forecasts.api.serializers.search import SearchField
from forecasts.calendars import is_approximate
from forecasts.models import Instrument, PriceBar

DATE_ERRORS = worded("Give a date such as 2012-06-29.", "invalid")


class InstrumentSerializer(serializers.ModelSerializer[Instrument]):
    first_session = serializers.DateField(
        read_only=True, allow_null=True, help_text="The day of the oldest bar stored here."
    )
    last_session = serializers.DateField(
        read_only=True, allow_null=True, help_text="The day of the newest bar stored here."
    )
    calendar_is_approximate = serializers.SerializerMethodField(
        help_text="Whether sessions are taken to be Monday to Friday, for nothing better is known."
    )

    error = ErrorSerializer(
        source="fetch_error",
        read_only=True,
        allow_null=True,
        help_text="Why there are no newer prices, if the last look at the source failed.",
    )

    class Meta:
        model = Instrument
        fields = [
            "symbol",
            "name",
            "source",
            "kind",
            "currency",
            "exchange",
            "timezone",
            "calendar",
            "calendar_is_approximate",
            "data_revision",
            "first_session",
            "last_session",
            "fetched_at",
            "error",
        ]
        read_only_fields = fields

    def get_calendar_is_approximate(self, instrument: Instrument) -> bool:
        return is_approximate(instrument.calendar)


class BarSerializer(serializers.ModelSerializer[PriceBar]):
    """Prices are adjusted for splits and not for dividends; `adj_close` is adjusted for both."""

    is_final = serializers.BooleanField(help_text="Whether it is final or repaired: it will not change.")

    class Meta:
        model = PriceBar
        fields = [
            "date",
            "open",
            "high",
            "low",
            "close",
            "adj_close",
            "volume",
            "is_final",
            "state",
            "source",
            "fetched_at",
        ]
        read_only_fields = fields


class InstrumentQuerySerializer(serializers.Serializer[Any]):
    q = SearchField(
        required=False,
        max_length=200,
        default="",
        help_text="Part of a symbol or a name, such as “AAPL” or “apple”; all instruments without it.",
    )


class BarQuerySerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a word of Python's own, so it cannot be declared as the attribute of a class.
        return {
            "from": serializers.DateField(
                required=False, help_text="The first day wanted.", error_messages=DATE_ERRORS
            ),
            "to": serializers.DateField(
                required=False, help_text="The last day wanted.", error_messages=DATE_ERRORS
            ),
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "from" in attrs and "to" in attrs and attrs["from"] > attrs["to"]:
            raise serializers.ValidationError(
                {"from": [ErrorDetail("“from” is later than “to”. Swap them.", "invalid")]}
            )
        return attrs
