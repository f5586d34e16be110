"""The API's shape of an account and its tokens."""

from rest_framework import serializers

from accounts import scopes
from accounts.api.permissions import held_scopes
from accounts.api.strict import StrictSerializer
from accounts.models import AuthToken, User
from accounts.services import DEFAULT_EXPIRY_DAYS, MAX_EXPIRY_DAYS


class TokenSerializer(serializers.ModelSerializer[AuthToken]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(list(scopes.DESCRIPTIONS)), read_only=True)
    created_at = serializers.DateTimeField(source="created", read_only=True)
    expires_at = serializers.DateTimeField(source="expiry", read_only=True)

    class Meta:
        model = AuthToken
        fields = ["id", "name", "scopes", "created_at", "expires_at", "last_used_at"]
        read_only_fields = ["name", "last_used_at"]


class NewTokenSerializer(TokenSerializer):
    token = serializers.CharField(read_only=True, help_text="The token itself, shown this once.")

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]


class TokenRequestSerializer(StrictSerializer):
    """What a new token is called, may do and how long it lives."""

    example = '{"name": "nightly script", "scopes": ["read"]}'

    name = serializers.CharField(max_length=100, help_text="What will use it, for example “nightly script”.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(list(scopes.DESCRIPTIONS)),
        allow_empty=False,
        help_text="“write” stands for every scope that ends in “:write”.",
    )
    expiry_days = serializers.IntegerField(
        min_value=1,
        max_value=MAX_EXPIRY_DAYS,
        default=DEFAULT_EXPIRY_DAYS,
        help_text="A token made with a token does not outlive it.",
    )


class MeSerializer(serializers.ModelSerializer[User]):
    scopes = serializers.SerializerMethodField(help_text="What this request may do.")
    token_count = serializers.SerializerMethodField(help_text="Tokens that have not expired.")

    class Meta:
        model = User
        fields = ["id", "email", "name", "date_joined", "scopes", "token_count"]

    def get_scopes(self, user: User) -> list[str]:  # noqa: ARG002 - they are the request's, not the user's
        return scopes.ordered(held_scopes(self.context["request"]))

    def get_token_count(self, user: User) -> int:
        return AuthToken.objects.for_user(user).active().count()
