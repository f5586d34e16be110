"""The API's shape of webhooks and of what was sent to them."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from accounts.api.strict import StrictSerializer, worded
from forecasts import services
from forecasts.alerts.webhooks import event_of
from forecasts.models import Delivery, DeliveryAttempt, Webhook

URL_WORDS = "Give an address of at most 500 characters, such as https://example.com/hooks/stockcast."


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    enabled = serializers.BooleanField(help_text="Whether alerts are posted to it.")

    class Meta:
        model = Webhook
        fields = ["id", "url", "enabled", "disabled_at", "failures", "created_at"]
        read_only_fields = fields


class SecretSerializer(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="What posts are signed with, as documented in alerts.md.")


class NewWebhookSerializer(WebhookSerializer):
    secret = serializers.SerializerMethodField(help_text="What posts are signed with.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]

    def get_secret(self, webhook: Webhook) -> str:
        return services.webhook_secret(webhook=webhook)


class WebhookAddressSerializer(StrictSerializer):
    example = '{"url": "https://example.com/hooks/stockcast"}'

    url = serializers.CharField(
        max_length=500,
        help_text="https, and a public host.",
        error_messages=worded(URL_WORDS, "required", "null", "blank", "invalid", "max_length"),
    )


class WebhookChangeSerializer(StrictSerializer):
    example = '{"enabled": true}'

    url = serializers.CharField(
        required=False,
        max_length=500,
        error_messages=worded(URL_WORDS, "null", "blank", "invalid", "max_length"),
    )
    enabled = serializers.BooleanField(
        required=False,
        help_text="False drops what waits.",
        error_messages=worded("Give true or false.", "invalid", "null"),
    )


class AttemptSerializer(serializers.ModelSerializer[DeliveryAttempt]):
    class Meta:
        model = DeliveryAttempt
        fields = ["at", "response_code", "error", "seconds"]
        read_only_fields = fields


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One post, however often it was tried."""

    event = serializers.SerializerMethodField(help_text="The kind of alert, or `test`.")
    alert = serializers.UUIDField(source="alert_id", allow_null=True, help_text="Null: a test.")
    replay_of = serializers.UUIDField(source="replay_of_id", allow_null=True)
    next_at = serializers.SerializerMethodField(help_text="When it is tried next; null: no more.")
    attempts = AttemptSerializer(many=True, source="log", help_text="The oldest first.")

    class Meta:
        model = Delivery
        fields = [
            "id",
            "event",
            "alert",
            "status",
            "created_at",
            "next_at",
            "settled_at",
            "replay_of",
            "attempts",
        ]
        read_only_fields = fields

    def get_event(self, delivery: Delivery) -> str:
        return event_of(delivery)

    def get_next_at(self, delivery: Delivery) -> datetime | None:
        return delivery.next_at if delivery.status == Delivery.Status.WAITING else None
