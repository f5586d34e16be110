"""`tokens/` and `me/`."""

from typing import cast
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import scopes
from accounts.api.serializers import MeSerializer, NewTokenSerializer, TokenRequestSerializer, TokenSerializer
from accounts.models import AuthToken, User
from accounts.services import create_token, revoke_token


@extend_schema_view(
    list=extend_schema(summary="Your tokens, the newest first"),
    destroy=extend_schema(summary="Revoke a token"),
)
class TokenViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[AuthToken]):
    read_scope = write_scope = scopes.ACCOUNT
    serializer_class = TokenSerializer
    queryset = AuthToken.objects.none()
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[AuthToken]:
        return AuthToken.objects.for_user(cast(User, self.request.user))

    @extend_schema(
        summary="Make a token",
        request=TokenRequestSerializer,
        responses={status.HTTP_201_CREATED: NewTokenSerializer},
    )
    def create(self, request: Request) -> Response:
        asked = TokenRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        maker = request.auth if isinstance(request.auth, AuthToken) else None
        try:
            token, plain = create_token(user=cast(User, request.user), limit_to=maker, **asked.validated_data)
        except ValidationError as error:
            raise serializers.ValidationError(serializers.as_serializer_error(error)) from error
        shown = {**TokenSerializer(token).data, "token": plain}
        return Response(shown, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})

    def destroy(self, request: Request, id: UUID) -> Response:
        if not revoke_token(user=cast(User, request.user), public_id=id):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(summary="Your account, and what this token may do")
class MeView(generics.RetrieveAPIView[User]):
    serializer_class = MeSerializer

    def get_object(self) -> User:
        return cast(User, self.request.user)
