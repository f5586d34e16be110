"""The API's shape of a search for symbols."""

from typing import Any

from rest_framework import serializers

from accounts.api.strict import worded
from forecasts.api.serializers.search import SearchField
from forecasts.models import Instrument
from forecasts.services import LONGEST_TEXT

TEXT_WORDS = f"Give a symbol, a name or part of them in “q”, of up to {LONGEST_TEXT} characters."


class SymbolQuerySerializer(serializers.Serializer[Any]):
    q = SearchField(
        max_length=LONGEST_TEXT,
        help_text="Part of a symbol or a name, of two characters at least, such as “7203” or “toyota”.",
        error_messages=worded(TEXT_WORDS, "required", "max_length"),
    )


class FoundSymbolSerializer(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    name = serializers.CharField(help_text="Empty where it is not known.")
    kind = serializers.ChoiceField(choices=Instrument.Kind.choices)
    exchange = serializers.CharField(help_text="As people call it, such as Tokyo; empty if not known.")
    stored = serializers.BooleanField(help_text="Whether its prices are here already.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # Fields have a `source` of their own, so it cannot be declared as the attribute of a class.
        source = serializers.CharField(help_text="The source that its prices are from, or would be.")
        return super().get_fields() | {"source": source}


class SymbolSearchSerializer(serializers.Serializer[Any]):
    results = FoundSymbolSerializer(many=True, help_text="The best match first; twenty at most.")
    complete = serializers.BooleanField(
        help_text="False while a source is being asked: ask again in a second. After eight it is true."
    )
    message = serializers.CharField(
        help_text="Who is being asked, or why nobody can be asked now; empty if the search went well."
    )
