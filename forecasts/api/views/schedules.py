"""`watchlists/{id}/schedule/`: forecasts of a whole list after each close."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.permissions import held_scopes
from forecasts import services
from forecasts.api.serializers import ScheduleBodySerializer, ScheduleSerializer
from forecasts.api.views.base import ApiViewSet
from forecasts.errors import RequestRefused
from forecasts.models import Watchlist

ASKS = "forecasts:write"


class ScheduleViewSet(ApiViewSet[Watchlist]):
    """What changes a list needs watchlists:write; what will ask for forecasts, forecasts:write too."""

    write_scope = "watchlists:write"
    serializer_class = ScheduleSerializer
    queryset = Watchlist.objects.none()
    lookup_url_kwarg = "id"
    pagination_class = None

    def get_queryset(self) -> QuerySet[Watchlist]:
        return Watchlist.objects.for_user(self.user).with_symbols()

    @extend_schema(operation_id="watchlists_schedule_retrieve", summary="A watchlist's schedule")
    def retrieve(self, _request: Request, **_path: UUID) -> Response:
        return self._shown(self.get_object())

    @extend_schema(
        operation_id="watchlists_schedule_set",
        summary="Forecast a watchlist after each close",
        description="Makes its schedule, or changes the one there is. It begins with the next close. The "
        "token needs both watchlists:write and forecasts:write.",
        request=ScheduleBodySerializer,
        responses=ScheduleSerializer,
    )
    def update(self, request: Request, **_path: UUID) -> Response:
        if ASKS not in held_scopes(request):
            words = f"This token lacks the scope “{ASKS}”. Make one that has it on the account page."
            self.permission_denied(request, message=words)
        watchlist = self.get_object()
        services.set_schedule(watchlist=watchlist, **self.read_body(ScheduleBodySerializer))
        return self._shown(watchlist)

    @extend_schema(
        operation_id="watchlists_schedule_remove",
        summary="Remove a watchlist's schedule; the forecasts that it made stay",
    )
    def destroy(self, _request: Request, **_path: UUID) -> Response:
        try:
            services.remove_schedule(watchlist=self.get_object())
        except RequestRefused as refusal:
            raise NotFound(refusal.message) from refusal
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _shown(self, watchlist: Watchlist) -> Response:
        outlook = services.foresee_schedule(watchlist)
        if outlook.schedule is None:
            raise NotFound("This watchlist has no schedule. PUT one here to make it.")
        return Response(self.get_serializer(outlook).data)
