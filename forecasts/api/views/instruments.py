"""`instruments/`: find, describe, prices."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response

from forecasts.api.serializers import (
    BarQuerySerializer,
    BarSerializer,
    CorporateActionSerializer,
    InstrumentQuerySerializer,
    InstrumentSerializer,
    QualitySerializer,
)
from forecasts.api.views.base import ApiViewSet
from forecasts.api.views.uploads import DeletesOwnUpload, UploadViewSet
from forecasts.errors import RequestRefused
from forecasts.models import Instrument
from forecasts.quality import quality_of
from forecasts.services import find_instrument, search_instruments


class BarPagination(LimitOffsetPagination):
    """Nearly every history is one page: 20,000 daily bars are eighty years."""

    default_limit = max_limit = 20_000


@extend_schema_view(
    list=extend_schema(
        summary="Find instruments that have prices here", parameters=[InstrumentQuerySerializer]
    ),
    retrieve=extend_schema(summary="Describe an instrument"),
)
class InstrumentViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, DeletesOwnUpload, ApiViewSet[Instrument]
):
    write_scope = UploadViewSet.write_scope
    serializer_class = InstrumentSerializer
    queryset = Instrument.objects.none()
    lookup_field = "symbol"
    # One segment of the path: dots, colons, carets and dashes are part of a symbol.
    lookup_value_converter = "str"

    def get_queryset(self) -> QuerySet[Instrument]:
        if self.detail:
            return Instrument.objects.visible_to(self.user).with_span()
        query = self.read_query(InstrumentQuerySerializer)
        return search_instruments(user=self.user, text=query["q"]).with_span()

    def get_object(self) -> Instrument:
        try:
            found = find_instrument(user=self.user, symbol=self.kwargs["symbol"])
        except RequestRefused as refusal:
            raise NotFound(refusal.message) from refusal
        return self.get_queryset().get(pk=found.pk)

    @extend_schema(
        operation_id="instruments_bars",
        summary="Daily bars by rising date",
        parameters=[BarQuerySerializer],
        responses=BarSerializer(many=True),
    )
    @action(detail=True, pagination_class=BarPagination)
    def bars(self, _request: Request, **_path: str) -> Response:
        instrument, span = self.get_object(), self.read_query(BarQuerySerializer)
        wanted = {
            lookup: span[name]
            for name, lookup in (("from", "date__gte"), ("to", "date__lte"))
            if name in span
        }
        # Plain dictionaries, for twenty thousand of them through a serializer would take a second.
        rows: QuerySet[Any, dict[str, Any]] = (
            instrument.bars.filter(**wanted)
            .with_finality()
            .order_by("date")
            .values(*BarSerializer.Meta.fields)
        )
        return self.get_paginated_response(self.paginate_queryset(rows))

    @extend_schema(
        operation_id="instruments_quality",
        summary="How good the stored prices are",
        responses=QualitySerializer,
    )
    @action(detail=True, pagination_class=None)
    def quality(self, _request: Request, **_path: str) -> Response:
        return Response(QualitySerializer(quality_of(self.get_object())).data)

    @extend_schema(
        operation_id="instruments_actions",
        summary="Splits and dividends, newest first",
        responses=CorporateActionSerializer(many=True),
    )
    @action(detail=True, url_path="actions")
    def corporate_actions(self, _request: Request, **_path: str) -> Response:
        rows: QuerySet[Any] = self.get_object().actions.order_by("-date", "kind")
        page: Any = self.paginate_queryset(rows)
        return self.get_paginated_response(CorporateActionSerializer(page, many=True).data)
