"""`watchlists/`: named lists of symbols, and forecasts of all of them in one call."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from forecasts import services
from forecasts.api.serializers import (
    WatchlistForecastsSerializer,
    WatchlistNameSerializer,
    WatchlistQuestionSerializer,
    WatchlistSerializer,
    WatchlistSymbolSerializer,
)
from forecasts.api.views.base import ApiViewSet
from forecasts.errors import RequestRefused
from forecasts.models import Watchlist


@extend_schema_view(
    list=extend_schema(summary="Your watchlists, the oldest first"),
    retrieve=extend_schema(summary="One watchlist"),
    destroy=extend_schema(summary="Delete a watchlist; forecasts of its symbols stay"),
)
class WatchlistViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, ApiViewSet[Watchlist]
):
    write_scope = "watchlists:write"
    serializer_class = WatchlistSerializer
    queryset = Watchlist.objects.none()
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Watchlist]:
        return Watchlist.objects.for_user(self.user).with_symbols()

    def _shown(self, watchlist: Watchlist, code: int = status.HTTP_200_OK) -> Response:
        """Answer with the list as it is now; a new or longer one says where it is."""
        fresh = get_object_or_404(self.get_queryset(), pk=watchlist.pk)
        where = reverse("api:watchlist-detail", args=[fresh.pk], request=self.request)
        headers = {"Location": where} if code == status.HTTP_201_CREATED else None
        return Response(self.get_serializer(fresh).data, code, headers=headers)

    @extend_schema(
        summary="Make a watchlist", request=WatchlistNameSerializer, responses={201: WatchlistSerializer}
    )
    def create(self, _request: Request) -> Response:
        body = self.read_body(WatchlistNameSerializer)
        return self._shown(services.create_watchlist(owner=self.user, **body), status.HTTP_201_CREATED)

    @extend_schema(
        summary="Rename a watchlist", request=WatchlistNameSerializer, responses=WatchlistSerializer
    )
    def partial_update(self, _request: Request, **_path: UUID) -> Response:
        watchlist = self.get_object()
        services.rename_watchlist(watchlist=watchlist, **self.read_body(WatchlistNameSerializer))
        return self._shown(watchlist)

    def perform_destroy(self, instance: Watchlist) -> None:
        services.delete_watchlist(watchlist=instance)

    @extend_schema(
        operation_id="watchlists_add_symbol",
        summary="Add a symbol; adding it twice changes nothing",
        request=WatchlistSymbolSerializer,
        responses={201: WatchlistSerializer},
    )
    @action(detail=True, methods=["post"])
    def symbols(self, _request: Request, **_path: UUID) -> Response:
        watchlist = self.get_object()
        services.add_to_watchlist(watchlist=watchlist, **self.read_body(WatchlistSymbolSerializer))
        return self._shown(watchlist, status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="watchlists_remove_symbol",
        summary="Remove a symbol",
        parameters=[OpenApiParameter("symbol", str, OpenApiParameter.PATH)],
        responses={204: None},
    )
    @action(detail=True, methods=["delete"], url_path="symbols/<str:symbol>")
    def symbol(self, _request: Request, symbol: str, **_path: UUID) -> Response:
        try:
            services.remove_from_watchlist(watchlist=self.get_object(), symbol=symbol)
        except RequestRefused as refusal:
            raise NotFound(refusal.message) from refusal
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="watchlists_forecast",
        summary="Ask for a forecast of every symbol",
        description="Answers 202 with a forecast for each symbol that can have one, and for each other the "
        "reason why not. Asking again returns the forecasts that there are.",
        request=WatchlistQuestionSerializer,
        responses={202: WatchlistForecastsSerializer},
    )
    @action(detail=True, methods=["post"], write_scope="forecasts:write")
    def forecasts(self, _request: Request, **_path: UUID) -> Response:
        watchlist = self.get_object()
        outcome = services.request_watchlist_forecasts(
            watchlist=watchlist, **self.read_body(WatchlistQuestionSerializer)
        )
        return Response(WatchlistForecastsSerializer(outcome).data, status.HTTP_202_ACCEPTED)
