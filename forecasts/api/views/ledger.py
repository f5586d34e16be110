"""`ledger/`: every forecast that ended, in the order in which it did."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers

from forecasts.api.serializers import (
    LedgerEntryDetailSerializer,
    LedgerEntrySerializer,
    LedgerQuerySerializer,
)
from forecasts.api.views.base import ApiViewSet
from forecasts.models import LedgerEntry


@extend_schema_view(
    list=extend_schema(
        summary="The ledger's entries, the newest first",
        description="Those of other people's uploads are left out, so numbers may lack.",
        parameters=[LedgerQuerySerializer],
        responses=LedgerEntrySerializer(many=True),
    ),
    retrieve=extend_schema(summary="An entry, with its content and the scores so far"),
)
class LedgerViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet[LedgerEntry]):
    serializer_class = LedgerEntryDetailSerializer
    queryset = LedgerEntry.objects.none()
    lookup_field = "number"
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[LedgerEntry]:
        entries = LedgerEntry.objects.for_reader(self.user)
        if self.detail:
            return entries
        return entries.matching(**self.read_query(LedgerQuerySerializer)).newest_first()

    def get_serializer_class(self) -> type[serializers.BaseSerializer[LedgerEntry]]:
        return LedgerEntryDetailSerializer if self.detail else LedgerEntrySerializer
