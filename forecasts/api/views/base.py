"""What every view of this API does."""

from typing import Any, TypeVar, cast

from django.db.models import Model
from rest_framework import serializers, viewsets
from rest_framework.response import Response

from accounts.models import User
from forecasts.api.errors import as_api_error
from forecasts.errors import RequestRefused

M = TypeVar("M", bound=Model)


class ApiViewSet(viewsets.GenericViewSet[M]):
    """Know who asks, and answer what a service refuses in the API's one shape."""

    @property
    def user(self) -> User:
        return cast(User, self.request.user)

    def handle_exception(self, exc: Exception) -> Response:
        return super().handle_exception(as_api_error(exc) if isinstance(exc, RequestRefused) else exc)

    def read_query(self, serializer_class: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """Return the address's query, checked; a bad one is answered 400."""
        return _checked(serializer_class(data=self.request.query_params))

    def read_body(self, serializer_class: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """Return the body, checked; a bad one is answered 400."""
        return _checked(serializer_class(data=self.request.data))


def _checked(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return cast(dict[str, Any], serializer.validated_data)
