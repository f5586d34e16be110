"""`replays/`: what a method would have said on each of the last sessions."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from forecasts import services
from forecasts.api.errors import Conflict
from forecasts.api.serializers import (
    ProblemSerializer,
    ReplayChartQuerySerializer,
    ReplayQuestionSerializer,
    ReplaySerializer,
)
from forecasts.api.views.base import ApiViewSet
from forecasts.models import Replay


@extend_schema_view(
    retrieve=extend_schema(
        summary="A replay", description="Poll it every second or two until `status` is succeeded or failed."
    )
)
class ReplayViewSet(mixins.RetrieveModelMixin, ApiViewSet[Replay]):
    write_scope = "forecasts:write"
    serializer_class = ReplaySerializer
    queryset = Replay.objects.none()
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Replay]:
        return Replay.objects.visible_to(self.user).select_related("instrument")

    @extend_schema(
        summary="Ask for a replay",
        description="What the method would have said on each of the last 250 sessions, made today with what "
        "was known then. It is not counted in any track record. `Location` says where to follow it.",
        request=ReplayQuestionSerializer,
        responses={202: ReplaySerializer},
    )
    def create(self, request: Request) -> Response:
        question = self.read_body(ReplayQuestionSerializer)
        replay = services.request_replay(owner=self.user, **question)
        where = reverse("api:replay-detail", args=[replay.pk], request=request)
        return Response(
            self.get_serializer(replay).data, status.HTTP_202_ACCEPTED, headers={"Location": where}
        )

    @extend_schema(
        operation_id="replays_chart",
        summary="The replay's chart as a Plotly figure",
        description="The 80 % band as it was `step` sessions before, around what happened. 409 until the "
        "replay has succeeded.",
        parameters=[ReplayChartQuerySerializer],
        responses={200: OpenApiResponse(OpenApiTypes.OBJECT, "A Plotly figure."), 409: ProblemSerializer},
    )
    @action(detail=True)
    def chart(self, _request: Request, **_path: UUID) -> Response:
        from forecasts.charts import replay_chart  # draws with Plotly, which takes its time to import

        replay = self.get_object()
        if replay.status != Replay.Status.SUCCEEDED:
            raise Conflict(f"This replay is {replay.status}; only one that succeeded has a chart.")
        step = self.read_query(ReplayChartQuerySerializer)["step"]
        return Response(replay_chart(replay, int(step)).to_plotly_json())
