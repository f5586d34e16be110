"""`instruments/search/`: symbols that can be asked for, with prices here or without."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forecasts import services
from forecasts.api.serializers import SymbolQuerySerializer, SymbolSearchSerializer
from forecasts.api.views.base import ApiViewSet
from forecasts.models import Instrument


class SymbolSearchViewSet(ApiViewSet[Instrument]):
    serializer_class = SymbolSearchSerializer
    queryset = Instrument.objects.none()
    pagination_class = None

    @extend_schema(
        operation_id="instruments_search",
        summary="Find symbols, with prices here or without",
        description="Answers at once with what is known here: instruments with prices, and what sources have "
        "listed before. Where a source has not been asked for this text lately, it is asked, and `complete` "
        "is false: ask again in a second to have its answer.",
        parameters=[SymbolQuerySerializer],
        responses=SymbolSearchSerializer,
    )
    def list(self, _request: Request) -> Response:
        query = self.read_query(SymbolQuerySerializer)
        found = services.search_symbols(user=self.user, text=query["q"])
        return Response(SymbolSearchSerializer(found).data)
