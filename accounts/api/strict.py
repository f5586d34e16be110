"""Bodies that are read exactly: a field that is not known is said to be so, and not dropped."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings


def worded(words: str, *problems: str) -> dict[str, Any]:
    """Return a field's `error_messages` that says the same whichever of these problems there is."""
    return dict.fromkeys(problems, words)


class StrictSerializer(serializers.Serializer[Any]):
    """Read a JSON object; `example` is what an empty body is told to send."""

    example: str

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation({} if data is None else data)  # `null` is an empty body too

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping) or (not data and self._needs_something()):
            words = ErrorDetail(f"Send a JSON object, for example {self.example}.", "empty_body")
            raise serializers.ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [words]})
        if unknown := [name for name in data if name not in self.fields]:
            raise serializers.ValidationError({str(name): [self._unknown(name)] for name in unknown})
        return super().to_internal_value(data)

    def _needs_something(self) -> bool:
        return any(field.required for field in self.fields.values())

    def _unknown(self, name: object) -> ErrorDetail:
        known = ", ".join(self.fields)
        return ErrorDetail(
            f"There is no field “{str(name)[:40]}” here. Choose from: {known}.", "unknown_field"
        )
