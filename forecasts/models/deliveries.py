"""Alerts on their way to an inbox or to a program of the owner's, and the log of it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from forecasts.models.alerts import Alert

if TYPE_CHECKING:
    from collections.abc import Collection

    from accounts.models import User

# Longer than a delivery can take; a worker that was killed loses its deliveries after so long.
LEASE = timedelta(minutes=2)
# Posts to one person's webhooks that are under way at once: their slow receivers leave room for others'.
MOST_OF_ONE = 2
KEPT = timedelta(days=90)


class WebhookQuerySet(QuerySet["Webhook"]):
    def for_user(self, user: User) -> WebhookQuerySet:
        return self.filter(owner=user)

    def enabled(self) -> WebhookQuerySet:
        return self.filter(disabled_at=None)

    def locked(self, pk: uuid.UUID | None) -> Webhook | None:
        """Return a webhook under its lock, or None if it has gone; deliveries can be added meanwhile."""
        return self.select_for_update(no_key=True).filter(pk=pk).first() if pk else None


class Webhook(models.Model):
    """An address of the owner's that alerts are posted to, signed.

    The secret is not stored: it is derived from the site's key, the id and `secret_version`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks")
    url = models.URLField(max_length=500)
    secret_version = models.PositiveIntegerField(default=1)
    rotated_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the secret was last replaced; the one before holds for a while.",
    )
    failures = models.PositiveIntegerField(default=0, help_text="Deliveries in a row that were given up.")
    disabled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["owner", "url"], name="webhook_once")]

    def __str__(self) -> str:
        return self.url

    def get_absolute_url(self) -> str:
        return reverse("forecasts:webhook_detail", args=[self.pk])

    @property
    def enabled(self) -> bool:
        return self.disabled_at is None

    def disable(self) -> None:
        """Post nothing more to it, not even what waits. The caller holds the lock."""
        self.disabled_at = timezone.now()
        self.save(update_fields=["disabled_at"])
        self.deliveries.all().drop()


class DeliveryQuerySet(QuerySet["Delivery"]):
    """Claims. `attempts` counts them and only rises, so a write that names it is that claim's or nobody's."""

    def due(self) -> DeliveryQuerySet:
        """Deliveries whose time has come and that no worker holds."""
        now = timezone.now()
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        return self.filter(free, status="waiting", next_at__lte=now)

    def claim(self) -> Delivery | None:
        """Take the due delivery that has waited longest; whoever asks at the same moment gets another."""
        with transaction.atomic():
            waiting = self.due().order_by("next_at", "pk").select_for_update(skip_locked=True)
            key = waiting.values_list("pk", flat=True).first()
            if key is None:
                return None
            claimed = Delivery.objects.filter(pk=key)
            claimed.update(attempts=F("attempts") + 1, lease_until=timezone.now() + LEASE)
        return claimed.select_related("webhook__owner", "alert__owner", "alert__instrument").first()

    def to_inboxes(self) -> DeliveryQuerySet:
        return self.filter(webhook=None)

    def to_webhooks(self, *, without: Collection[uuid.UUID | None] = ()) -> DeliveryQuerySet:
        """Leave out webhooks that are being posted to, and those of people who have enough under way."""
        posts = Delivery.objects.filter(status="waiting", lease_until__gte=timezone.now())
        posts = posts.exclude(webhook=None).order_by()
        many = posts.values("webhook__owner").annotate(count=Count("pk")).filter(count__gte=MOST_OF_ONE)
        free = Webhook.objects.exclude(pk__in=[*without]).exclude(pk__in=posts.values("webhook"))
        return self.filter(webhook__in=free.exclude(owner__in=many.values("webhook__owner")))

    def held(self, delivery: Delivery) -> DeliveryQuerySet:
        """The delivery's row, if this claim still holds it."""
        return self.filter(pk=delivery.pk, status="waiting", attempts=delivery.attempts)

    def prune(self, most: int = 500) -> int:
        """Delete what was settled long ago, the oldest first; return how many rows went.

        What was sent again since stays: its replays would go with it.
        """
        old = Q(settled_at__lt=timezone.now() - KEPT)
        replays = Delivery.objects.filter(replay_of=OuterRef("pk")).exclude(old)
        expired = self.filter(old, ~Exists(replays)).order_by("settled_at")
        keys = list(expired.values_list("pk", flat=True)[:most])
        return self.filter(pk__in=keys).delete()[0] if keys else 0

    def drop(self) -> int:
        """End what still waits: it is no longer wanted."""
        return self.filter(status="waiting").update(
            status="dropped", settled_at=timezone.now(), lease_until=None
        )


class Delivery(models.Model):
    """One alert on one channel: to the owner's e-mail address, or to one webhook.

    Without an alert it is a test of the webhook, which its owner asked for.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "waiting"
        DELIVERED = "delivered", "delivered"
        FAILED = "failed", "given up"
        DROPPED = "dropped", "dropped: no longer wanted"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    alert = models.ForeignKey(
        Alert, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    webhook = models.ForeignKey(
        Webhook, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    replay_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "webhook"],
                condition=Q(replay_of=None, alert__isnull=False),
                nulls_distinct=False,
                name="delivery_once",
            )
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(status="waiting"), name="delivery_waiting"),
            models.Index(fields=["settled_at"], name="delivery_settled"),
        ]

    def __str__(self) -> str:
        return f"{self.alert_id} {'webhook' if self.webhook_id else 'e-mail'} {self.status}"

    @property
    def is_under_way(self) -> bool:
        """Whether a worker is at it, or will be within seconds."""
        return self.status == Delivery.Status.WAITING and self.next_at <= timezone.now()

    @property
    def owner(self) -> User:
        return cast(Webhook, self.webhook).owner if self.alert is None else self.alert.owner


class DeliveryAttempt(models.Model):
    """What came of one try."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(default=timezone.now)
    response_code = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    seconds = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.at:%Y-%m-%d %H:%M} {self.response_code or self.error}"
