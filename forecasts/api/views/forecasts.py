"""`forecasts/`: ask, follow, stop, forget; the figure and the table."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from forecasts import services
from forecasts.api.errors import Conflict
from forecasts.api.examples import FORECAST, QUESTION
from forecasts.api.exports import EXPORTS, AnyAccept, file_name
from forecasts.api.serializers import (
    ChanceQuerySerializer,
    ChanceSerializer,
    ForecastQuerySerializer,
    ForecastQuestionSerializer,
    ForecastSerializer,
    ForecastSummarySerializer,
    ProblemSerializer,
    RiskQuerySerializer,
    RiskSerializer,
)
from forecasts.api.views.base import ApiViewSet
from forecasts.chances import chance_of_price, risk_of_position
from forecasts.models import Forecast, ForecastRequest

MAX_KEY_LENGTH = 255
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Any text of yours, of up to 255 characters. Asking again with the same key and body returns "
    "the same forecast, even one that has failed or was cancelled; with another body it is refused (422).",
)


def idempotency_key(request: Request) -> str | None:
    """Return the header's key, or None; one that cannot be kept is answered 400."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > MAX_KEY_LENGTH or not key.isprintable():
        words = f"Use an Idempotency-Key of at most {MAX_KEY_LENGTH} printable characters."
        raise serializers.ValidationError({"idempotency_key": [ErrorDetail(words, "invalid")]})
    return key or None


@extend_schema_view(
    list=extend_schema(
        summary="Your forecasts, the newest first",
        description="In short: the numbers are in each forecast itself.",
        parameters=[ForecastQuerySerializer],
        responses=ForecastSummarySerializer(many=True),
    ),
    retrieve=extend_schema(
        summary="A forecast",
        description="Poll it every second or two until `status` is succeeded, failed or cancelled.",
        examples=[FORECAST],
    ),
    destroy=extend_schema(summary="Forget a forecast; unfinished work that nobody else wants stops"),
)
class ForecastViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, ApiViewSet[ForecastRequest]
):
    write_scope = "forecasts:write"
    serializer_class = ForecastSerializer
    queryset = ForecastRequest.objects.none()
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[ForecastRequest]:
        own = ForecastRequest.objects.for_user(self.user).with_forecast().newest_first()
        if self.action != "list":
            return own
        query = self.read_query(ForecastQuerySerializer)
        return own.matching(**{name: value for name, value in query.items() if value})

    def get_serializer_class(self) -> type[serializers.BaseSerializer[ForecastRequest]]:
        return ForecastSummarySerializer if self.action == "list" else ForecastSerializer

    @extend_schema(
        summary="Ask for a forecast",
        description="Answers at once; a worker makes it within seconds. `Location` says where to follow it.",
        parameters=[IDEMPOTENCY_KEY],
        request=ForecastQuestionSerializer,
        responses={202: ForecastSerializer, 422: ProblemSerializer},
        examples=[QUESTION],
    )
    def create(self, request: Request) -> Response:
        question = services.Question(**self.read_body(ForecastQuestionSerializer))
        asked = services.request_forecast(
            owner=self.user, question=question, idempotency_key=idempotency_key(request)
        )
        where = reverse("api:forecast-detail", args=[asked.pk], request=request)
        return Response(
            self.get_serializer(asked).data, status.HTTP_202_ACCEPTED, headers={"Location": where}
        )

    def perform_destroy(self, instance: ForecastRequest) -> None:
        services.delete_forecast(request=instance)

    @extend_schema(
        operation_id="forecasts_cancel",
        summary="Stop a forecast",
        request=None,
        responses={200: ForecastSerializer, 409: ProblemSerializer},
    )
    @action(detail=True, methods=["post"])
    def cancel(self, _request: Request, **_path: UUID) -> Response:
        services.cancel_forecast(request=self.get_object())
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        operation_id="forecasts_chart",
        summary="The fan chart as a Plotly figure",
        description="Give `data` and `layout` to Plotly. 409 until the forecast has succeeded.",
        responses={200: OpenApiResponse(OpenApiTypes.OBJECT, "A Plotly figure."), 409: ProblemSerializer},
    )
    @action(detail=True)
    def chart(self, _request: Request, **_path: UUID) -> Response:
        from forecasts.charts import forecast_chart  # draws with Plotly, which takes its time to import

        return Response(forecast_chart(self._result(self.get_object())).to_plotly_json())

    @extend_schema(
        operation_id="forecasts_export",
        summary="The points as a file",
        description="409 until the forecast has succeeded.",
        parameters=[OpenApiParameter("as", str, enum=list(EXPORTS), default="csv")],
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/json"): ForecastSerializer,
            409: ProblemSerializer,
        },
    )
    @action(detail=True, content_negotiation_class=AnyAccept)
    def export(self, request: Request, **_path: UUID) -> HttpResponse:
        asked = self.get_object()
        kind = request.query_params.get("as", "csv")
        if kind not in EXPORTS:
            words = f"There is no export as {kind[:40]}. Choose csv or json."
            raise serializers.ValidationError({"as": [ErrorDetail(words, "invalid_choice")]})
        self._result(asked)
        content_type, write = EXPORTS[kind]
        attached = f'attachment; filename="{file_name(asked, kind)}"'
        return HttpResponse(
            write(asked), content_type=content_type, headers={"Content-Disposition": attached}
        )

    @extend_schema(
        operation_id="forecasts_chances",
        summary="The chances of a price",
        description="Of closing above it at a step, of touching it until then, and the range to expect. "
        "409 until the forecast has succeeded.",
        parameters=[ChanceQuerySerializer],
        responses={200: ChanceSerializer, 409: ProblemSerializer},
    )
    @action(detail=True)
    def chances(self, _request: Request, **_path: UUID) -> Response:
        result = self._result(self.get_object())
        return Response(
            ChanceSerializer(chance_of_price(result, **self.read_query(ChanceQuerySerializer))).data
        )

    @extend_schema(
        operation_id="forecasts_risk",
        summary="The risk of a position",
        description="Value at risk and expected shortfall of shares held, or sold short, until a step. "
        "409 until the forecast has succeeded.",
        parameters=[RiskQuerySerializer],
        responses={200: RiskSerializer, 409: ProblemSerializer},
    )
    @action(detail=True)
    def risk(self, _request: Request, **_path: UUID) -> Response:
        result = self._result(self.get_object())
        return Response(RiskSerializer(risk_of_position(result, **self.read_query(RiskQuerySerializer))).data)

    def _result(self, asked: ForecastRequest) -> Forecast:
        if asked.result is None:
            raise Conflict(
                f"This forecast is {asked.status}; only one that succeeded has numbers. "
                + ("Ask for a new one." if asked.is_finished else "Wait until it has succeeded.")
            )
        return asked.result
