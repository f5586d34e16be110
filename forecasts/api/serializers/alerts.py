"""The API's shape of alerts: what a person wants to be told, what they were told, and by which channels."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.strict import StrictSerializer, worded
from forecasts.api.serializers.forecasts import SYMBOL_WORDS, MethodField
from forecasts.api.serializers.search import SearchField
from forecasts.models import Alert, AlertRule, NotificationSettings
from forecasts.services import ALERT_BANDS
from forecasts.services.alert_rules import WORDS

HOUR_WORDS = "Give the hour as a whole number from 0 to 23."
KIND_WORDS = f"There is no such kind of alert. Choose one of {', '.join(AlertRule.Kind.values)}."


class RuleKindField(serializers.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("choices", None)
        words = worded(KIND_WORDS, "required", "invalid_choice", "null")
        super().__init__(AlertRule.Kind.choices, error_messages=words, **kwargs)


class AlertRuleSerializer(serializers.ModelSerializer[AlertRule]):
    """`symbol` or `watchlist` is null; so is what its kind does not need."""

    symbol = serializers.SerializerMethodField(help_text="Of a rule of one instrument.")
    watchlist = serializers.UUIDField(
        source="watchlist_id", allow_null=True, read_only=True, help_text="Of a rule of all on a watchlist."
    )
    method = serializers.SerializerMethodField(help_text="Null: forecasts by any method.")
    price = serializers.FloatField(
        read_only=True, allow_null=True, help_text="As it was set, on the share basis of that day."
    )

    class Meta:
        model = AlertRule
        fields = [
            "id",
            "kind",
            "symbol",
            "watchlist",
            "method",
            "band",
            "price",
            "threshold",
            "by_email",
            "by_webhook",
            "is_active",
            "active_since",
            "created_at",
        ]
        read_only_fields = fields

    def get_symbol(self, rule: AlertRule) -> str | None:
        return rule.instrument.symbol if rule.instrument else None

    @extend_schema_field(MethodField(allow_null=True))
    def get_method(self, rule: AlertRule) -> str | None:
        return rule.method or None


class AlertRuleBodySerializer(StrictSerializer):
    example = '{"kind": "outside_band", "symbol": "MSFT", "band": 80}'

    kind = RuleKindField()
    symbol = serializers.CharField(
        max_length=40,
        default=None,
        allow_null=True,
        help_text="One instrument; or leave it out and give a watchlist.",
        error_messages=worded(SYMBOL_WORDS, "blank", "invalid"),
    )
    watchlist = serializers.UUIDField(
        default=None,
        allow_null=True,
        help_text="All on one of your watchlists, by its id.",
        error_messages=worded("Give the id of one of your watchlists.", "invalid"),
    )
    method = MethodField(
        default=None, allow_null=True, help_text="Heed forecasts by this method alone; null heeds all."
    )
    band = serializers.ChoiceField(
        ALERT_BANDS,
        default=None,
        allow_null=True,
        help_text="Of `outside_band`, which needs it.",
        error_messages=worded(WORDS["band"], "invalid_choice"),
    )
    price = serializers.FloatField(
        default=None,
        allow_null=True,
        help_text="Of `price_chance`, which needs it; on today's share basis.",
        error_messages=worded(WORDS["price"], "invalid"),
    )
    threshold = serializers.FloatField(
        default=None,
        allow_null=True,
        help_text="Of `price_chance`, which needs it: a chance between 0 and 1.",
        error_messages=worded(WORDS["threshold"], "invalid"),
    )
    by_email = serializers.BooleanField(default=False, help_text="Send it to your e-mail address too.")
    by_webhook = serializers.BooleanField(default=False, help_text="Post it to your webhooks too.")


class AlertRuleChangeSerializer(StrictSerializer):
    """What is left out stays as it is."""

    example = '{"is_active": false}'

    is_active = serializers.BooleanField(required=False, help_text="False pauses it.")
    by_email = serializers.BooleanField(required=False)
    by_webhook = serializers.BooleanField(required=False)


class AlertSerializer(serializers.ModelSerializer[Alert]):
    symbol = serializers.CharField(source="instrument.symbol", read_only=True)
    rule = serializers.UUIDField(
        source="rule_id", allow_null=True, read_only=True, help_text="Null once that rule is deleted."
    )
    facts = serializers.DictField(
        read_only=True, help_text="The figures behind the words; which, depends on the kind."
    )

    class Meta:
        model = Alert
        fields = ["id", "kind", "symbol", "rule", "title", "text", "facts", "created_at", "read_at"]
        read_only_fields = fields


class AlertQuerySerializer(serializers.Serializer[Any]):
    unread = serializers.BooleanField(default=False, help_text="Only those that are not read yet.")
    kind = RuleKindField(required=False, allow_blank=True)
    symbol = SearchField(required=False, max_length=40, help_text="Only of this symbol.")


class AlertReadSerializer(StrictSerializer):
    """Which to mark as read; without `ids`, all."""

    example = '{"ids": ["0f8b2c1e-5a44-4c57-9d0a-3f1f6a7f2b11"]}'

    ids = serializers.ListField(
        child=serializers.UUIDField(error_messages=worded("Give ids of alerts.", "invalid")),
        required=False,
        allow_null=True,
        default=None,
        max_length=500,
    )


class AlertsReadSerializer(serializers.Serializer[Any]):
    marked = serializers.IntegerField(help_text="How many were unread and are read now.")
    unread = serializers.IntegerField(help_text="How many are unread still.")


class NotificationsSerializer(serializers.ModelSerializer[NotificationSettings]):
    class Meta:
        model = NotificationSettings
        fields = ["email_alerts", "daily_digest", "digest_hour"]
        read_only_fields = fields


class NotificationsBodySerializer(StrictSerializer):
    """What is left out stays as it is."""

    example = '{"daily_digest": true, "digest_hour": 7}'

    email_alerts = serializers.BooleanField(
        required=False, help_text="Whether alerts come by e-mail at all, where their rules say so."
    )
    daily_digest = serializers.BooleanField(required=False)
    digest_hour = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=23,
        help_text="Of the day, UTC.",
        error_messages=worded(HOUR_WORDS, "min_value", "max_value", "invalid"),
    )
