"""`track-record/`: what became of the forecasts."""

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from forecasts.api.serializers import TrackRecordQuerySerializer, TrackRecordSerializer
from forecasts.api.views.base import ApiViewSet
from forecasts.errors import RequestRefused
from forecasts.models import TrackRecord
from forecasts.services import find_track_record


class TrackRecordViewSet(ApiViewSet[TrackRecord]):
    serializer_class = TrackRecordSerializer
    queryset = TrackRecord.objects.none()
    pagination_class = None

    @extend_schema(
        operation_id="track_record",
        summary="What became of the forecasts",
        description="Of all public instruments, or of one, by one method or by all. Where nothing has been "
        "scored yet, the counts are zero. Figures are worked out by workers within minutes of a score.",
        parameters=[TrackRecordQuerySerializer],
        responses=TrackRecordSerializer,
    )
    def retrieve(self, _request: Request) -> Response:
        query = self.read_query(TrackRecordQuerySerializer)
        chosen = {name: query.get(name, "") for name in ("symbol", "method")}
        try:
            record = find_track_record(user=self.user, **chosen)
        except RequestRefused as refusal:
            raise NotFound(refusal.message) from refusal
        return Response(self.get_serializer(record).data)
