"""Text in an address that is looked for in the database."""

from typing import Any

from rest_framework import serializers

from forecasts.services import printable


class SearchField(serializers.CharField):
    """Drop what cannot be printed, as the pages do; nothing at all finds everything."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_blank=True, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(printable(data) if isinstance(data, str) else data)
