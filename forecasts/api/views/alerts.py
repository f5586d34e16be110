"""`alerts/`: what a person wants to be told; `alerts/events/`: what they were told; `alerts/settings/`."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from forecasts import services
from forecasts.api.serializers import (
    AlertQuerySerializer,
    AlertReadSerializer,
    AlertRuleBodySerializer,
    AlertRuleChangeSerializer,
    AlertRuleSerializer,
    AlertSerializer,
    AlertsReadSerializer,
    NotificationsBodySerializer,
    NotificationsSerializer,
)
from forecasts.api.views.base import ApiViewSet
from forecasts.models import Alert, AlertRule, NotificationSettings


@extend_schema_view(
    list=extend_schema(summary="What you want to be told, the newest first"),
    retrieve=extend_schema(summary="One alert that is set"),
    destroy=extend_schema(summary="Delete an alert; what it has told stays"),
)
class AlertRuleViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, ApiViewSet[AlertRule]
):
    write_scope = "alerts:write"
    serializer_class = AlertRuleSerializer
    queryset = AlertRule.objects.none()
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[AlertRule]:
        return AlertRule.objects.for_user(self.user).with_subject()

    @extend_schema(
        summary="Set an alert",
        description="Of one symbol or of a watchlist. It tells of what happens from now on.",
        request=AlertRuleBodySerializer,
        responses={201: AlertRuleSerializer},
    )
    def create(self, request: Request) -> Response:
        body = self.read_body(AlertRuleBodySerializer)
        wish = services.RuleWish(**body | {name: body[name] or "" for name in ("symbol", "method")})
        made = services.make_rule(owner=self.user, wish=wish)
        where = reverse("api:alert-detail", args=[made.pk], request=request)
        shown = self.get_serializer(made).data
        return Response(shown, status.HTTP_201_CREATED, headers={"Location": where})

    @extend_schema(
        summary="Pause or resume an alert, or change its channels",
        description="What happens while it is paused is not told later.",
        request=AlertRuleChangeSerializer,
        responses=AlertRuleSerializer,
    )
    def partial_update(self, _request: Request, **_path: UUID) -> Response:
        rule = self.get_object()
        services.change_rule(rule=rule, **self.read_body(AlertRuleChangeSerializer))
        return Response(self.get_serializer(self.get_object()).data)

    def perform_destroy(self, instance: AlertRule) -> None:
        services.delete_rule(rule=instance)


@extend_schema_view(
    list=extend_schema(summary="What you were told, the newest first", parameters=[AlertQuerySerializer])
)
class AlertEventViewSet(mixins.ListModelMixin, ApiViewSet[Alert]):
    write_scope = "alerts:write"
    serializer_class = AlertSerializer
    queryset = Alert.objects.none()

    def get_queryset(self) -> QuerySet[Alert]:
        query = self.read_query(AlertQuerySerializer)
        mine = Alert.objects.for_user(self.user).select_related("instrument")
        if query["unread"]:
            mine = mine.unread()
        if kind := query.get("kind"):
            mine = mine.filter(kind=kind)
        if symbol := query.get("symbol"):
            mine = mine.filter(instrument__symbol=symbol.upper())
        return mine

    @extend_schema(
        operation_id="alerts_events_read",
        summary="Mark as read",
        request=AlertReadSerializer,
        responses=AlertsReadSerializer,
    )
    @action(detail=False, methods=["post"])
    def read(self, _request: Request) -> Response:
        marked = services.mark_alerts_read(owner=self.user, alerts=self.read_body(AlertReadSerializer)["ids"])
        unread = Alert.objects.for_user(self.user).unread().count()
        return Response(AlertsReadSerializer({"marked": marked, "unread": unread}).data)


class NotificationsViewSet(ApiViewSet[NotificationSettings]):
    write_scope = "alerts:write"
    serializer_class = NotificationsSerializer
    queryset = NotificationSettings.objects.none()
    pagination_class = None

    @extend_schema(operation_id="alerts_settings_retrieve", summary="How you are reached by e-mail")
    def retrieve(self, _request: Request) -> Response:
        return Response(self.get_serializer(services.notifications_of(self.user)).data)

    @extend_schema(
        operation_id="alerts_settings_change",
        summary="Change how you are reached by e-mail",
        request=NotificationsBodySerializer,
        responses=NotificationsSerializer,
    )
    def partial_update(self, _request: Request) -> Response:
        changed = services.change_notifications(
            owner=self.user, **self.read_body(NotificationsBodySerializer)
        )
        return Response(self.get_serializer(changed).data)
