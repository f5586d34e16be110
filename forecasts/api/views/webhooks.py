"""`webhooks/`: where alerts are posted to, and the log of what came of it."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts import scopes
from forecasts import services
from forecasts.api.serializers import (
    DeliverySerializer,
    NewWebhookSerializer,
    ProblemSerializer,
    SecretSerializer,
    WebhookAddressSerializer,
    WebhookChangeSerializer,
    WebhookSerializer,
)
from forecasts.api.views.base import ApiViewSet
from forecasts.models import Delivery, Webhook

WRITE = "alerts:write"
NOT_KEPT = {"Cache-Control": "no-store"}


@extend_schema_view(
    list=extend_schema(summary="Your webhooks, the oldest first"),
    retrieve=extend_schema(summary="One webhook"),
    destroy=extend_schema(summary="Delete a webhook, with its log; the alerts stay"),
)
class WebhookViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, ApiViewSet[Webhook]
):
    read_scope = scopes.READ
    write_scope = WRITE
    serializer_class = WebhookSerializer
    queryset = Webhook.objects.none()
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Webhook]:
        return Webhook.objects.for_user(self.user)

    @extend_schema(
        summary="Make a webhook",
        description="`secret` is what its receiver checks signatures with.",
        request=WebhookAddressSerializer,
        responses={201: NewWebhookSerializer},
    )
    def create(self, request: Request) -> Response:
        made = services.create_webhook(owner=self.user, **self.read_body(WebhookAddressSerializer))
        where = reverse("api:webhook-detail", args=[made.pk], request=request)
        headers = {"Location": where, **NOT_KEPT}
        return Response(NewWebhookSerializer(made).data, status.HTTP_201_CREATED, headers=headers)

    @extend_schema(
        summary="Change the address, disable or enable it",
        request=WebhookChangeSerializer,
        responses=WebhookSerializer,
    )
    def partial_update(self, _request: Request, **_path: UUID) -> Response:
        webhook, body = self.get_object(), self.read_body(WebhookChangeSerializer)
        if "url" in body:
            services.move_webhook(webhook=webhook, url=body["url"])
        if "enabled" in body:
            change = services.enable_webhook if body["enabled"] else services.disable_webhook
            change(webhook=webhook)
        return Response(self.get_serializer(self.get_object()).data)

    def perform_destroy(self, instance: Webhook) -> None:
        services.delete_webhook(webhook=instance)

    @extend_schema(operation_id="webhooks_secret", summary="The secret of now", responses=SecretSerializer)
    @action(detail=True, read_scope=WRITE)
    def secret(self, _request: Request, **_path: UUID) -> Response:
        return Response({"secret": services.webhook_secret(webhook=self.get_object())}, headers=NOT_KEPT)

    @extend_schema(
        operation_id="webhooks_rotate_secret",
        summary="Replace the secret; for 24 hours posts are signed with both",
        request=None,
        responses=SecretSerializer,
    )
    @secret.mapping.post
    def rotate_secret(self, _request: Request, **_path: UUID) -> Response:
        return Response({"secret": services.rotate_secret(webhook=self.get_object())}, headers=NOT_KEPT)

    @extend_schema(
        operation_id="webhooks_test",
        summary="Post a test event within seconds",
        request=None,
        responses={202: DeliverySerializer, 409: ProblemSerializer},
    )
    @action(detail=True, methods=["post"])
    def test(self, _request: Request, **_path: UUID) -> Response:
        sent = services.send_test(webhook=self.get_object())
        return Response(DeliverySerializer(sent).data, status.HTTP_202_ACCEPTED)

    @extend_schema(
        operation_id="webhooks_deliveries",
        summary="What was posted to it, the newest first",
        responses=DeliverySerializer(many=True),
    )
    @action(detail=True)
    def deliveries(self, _request: Request, **_path: UUID) -> Response:
        log: Any = self._log()  # of deliveries, where this view is of webhooks
        shown: Any = self.paginate_queryset(log)
        return self.get_paginated_response(DeliverySerializer(shown, many=True).data)

    @extend_schema(
        operation_id="webhooks_replay",
        summary="Send a delivery again, under a new id",
        parameters=[OpenApiParameter("delivery", UUID, OpenApiParameter.PATH)],
        request=None,
        responses={202: DeliverySerializer, 409: ProblemSerializer},
    )
    @action(detail=True, methods=["post"], url_path="deliveries/<uuid:delivery>/replay")
    def replay(self, _request: Request, delivery: UUID, **_path: UUID) -> Response:
        again = services.replay_delivery(delivery=get_object_or_404(self._log(), pk=delivery))
        return Response(DeliverySerializer(again).data, status.HTTP_202_ACCEPTED)

    def _log(self) -> QuerySet[Delivery]:
        deliveries = self.get_object().deliveries.select_related("alert", "webhook")
        return deliveries.prefetch_related("log")
