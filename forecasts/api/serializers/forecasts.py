"""The API's shape of a forecast, and of asking for one."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.strict import StrictSerializer, worded
from forecasts import presentation
from forecasts.api.serializers.problems import ErrorSerializer
from forecasts.api.serializers.search import SearchField
from forecasts.api.serializers.standing import (
    CalibrationSerializer,
    ForecastListSerializer,
    StandingChoiceField,
    VerdictField,
)
from forecasts.models import LEVELS, MAX_HORIZON, Evaluation, Forecast, ForecastPoint, ForecastRequest, Trust
from forecasts.services import FORECAST_DEFAULT_HORIZON, FORECAST_DEFAULT_METHOD

SYMBOL_WORDS = "Give a symbol, for example SAMPLE:AAPL or MSFT."
METHODS = ", ".join(Forecast.Method.values)
HORIZON_WORDS = f"The horizon is a whole number of sessions from 1 to {MAX_HORIZON}."
METHOD_WORDS = f"There is no such method. Choose one of {METHODS}."
ORIGIN_WORDS = f"There is no such origin. Choose one of {', '.join(ForecastRequest.Origin.values)}."
STATUS_WORDS = f"There is no such status. Choose one of {', '.join(Forecast.Status.values)}."


class HorizonField(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 1)
        kwargs.setdefault("max_value", MAX_HORIZON)
        kwargs.setdefault("help_text", "Sessions (trading days) ahead.")
        problems = ("invalid", "null", "min_value", "max_value", "max_string_length")
        super().__init__(error_messages=worded(HORIZON_WORDS, *problems), **kwargs)


class MethodField(serializers.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("choices", None)
        words = worded(METHOD_WORDS, "invalid_choice", "null")
        super().__init__(Forecast.Method.choices, error_messages=words, **kwargs)


class WatchlistQuestionSerializer(StrictSerializer):
    """How to forecast every symbol of a list; an empty body takes the defaults."""

    example = '{"horizon": 20, "method": "house"}'

    horizon = HorizonField(default=FORECAST_DEFAULT_HORIZON)
    method = MethodField(default=FORECAST_DEFAULT_METHOD)


class ForecastQuestionSerializer(StrictSerializer):
    example = '{"symbol": "SAMPLE:AAPL", "horizon": 20, "method": "house"}'

    symbol = serializers.CharField(
        max_length=40,
        help_text="As Yahoo writes it (MSFT, 7203.T, ^GSPC), or SAMPLE:AAPL for sample data.",
        error_messages=worded(SYMBOL_WORDS, "required", "null", "blank", "invalid"),
    )
    horizon = HorizonField(default=FORECAST_DEFAULT_HORIZON)
    method = MethodField(default=FORECAST_DEFAULT_METHOD)
    as_of = serializers.DateField(
        default=None,
        allow_null=True,
        help_text="Forecast as if this were today; null is the last session that closed.",
        error_messages=worded("Give as_of as a date such as 2012-06-29, or leave it out.", "invalid"),
    )


class ForecastQuerySerializer(serializers.Serializer[Any]):
    symbol = SearchField(required=False, max_length=40, help_text="Only forecasts of this symbol.")
    status = serializers.ChoiceField(
        Forecast.Status.choices,
        required=False,
        allow_blank=True,
        error_messages=worded(STATUS_WORDS, "invalid_choice"),
    )
    method = MethodField(required=False, allow_blank=True)
    origin = serializers.ChoiceField(
        ForecastRequest.Origin.choices,
        required=False,
        allow_blank=True,
        help_text="Only those asked for by hand, or only those of schedules.",
        error_messages=worded(ORIGIN_WORDS, "invalid_choice"),
    )


class ForecastSummarySerializer(serializers.ModelSerializer[ForecastRequest]):
    """A forecast in a list: where it stands and what to think of it, without its numbers."""

    symbol = serializers.CharField(source="forecast.instrument.symbol")
    name = serializers.CharField(source="forecast.instrument.name")
    currency = serializers.CharField(source="forecast.instrument.currency")
    method = serializers.ChoiceField(Forecast.Method.choices, source="forecast.method")
    horizon = serializers.IntegerField(source="forecast.horizon", help_text="Sessions ahead.")
    as_of = serializers.DateField(
        source="forecast.as_of", help_text="The session after whose close it is made."
    )
    data_as_of = serializers.DateField(
        source="result.data_as_of",
        allow_null=True,
        help_text="The last bar really used; steps count from it.",
    )
    origin = serializers.ChoiceField(
        ForecastRequest.Origin.choices, help_text="Whether you asked for it, or a schedule of yours did."
    )
    status = serializers.ChoiceField(Forecast.Status.choices)
    stage = serializers.ChoiceField(Forecast.Stage.choices)
    progress = serializers.FloatField(help_text="0 to 1.")
    error = ErrorSerializer(allow_null=True)
    started_at = serializers.DateTimeField(source="forecast.started_at", allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    shown = StandingChoiceField(
        choices=Forecast.Shown.choices,
        source="result",
        allow_null=True,
        help_text="Which of `points` and `naive_points` to draw.",
    )
    trust = StandingChoiceField(
        choices=Trust.choices,
        source="result",
        allow_null=True,
        help_text="By backtest and ledger, now.",
    )
    verdict = VerdictField(source="result", allow_null=True, help_text="`trust` in words.")
    issued_trust = serializers.ChoiceField(
        Trust.choices,
        source="result.trust",
        allow_null=True,
        help_text="What was said when it was issued; the ledger keeps it.",
    )
    in_sample = serializers.BooleanField(
        source="result.in_sample",
        allow_null=True,
        help_text="Whether the model had seen the sessions it was judged on; then it can't claim skill.",
    )
    in_domain = serializers.BooleanField(
        source="result.in_domain",
        allow_null=True,
        help_text="Whether the model has learned from such instruments: kind, exchange and volatility.",
    )

    class Meta:
        model = ForecastRequest
        list_serializer_class = ForecastListSerializer
        fields = [
            "id",
            "symbol",
            "name",
            "currency",
            "method",
            "horizon",
            "as_of",
            "data_as_of",
            "origin",
            "status",
            "stage",
            "progress",
            "error",
            "created_at",
            "started_at",
            "finished_at",
            "shown",
            "trust",
            "verdict",
            "issued_trust",
            "in_sample",
            "in_domain",
        ]
        read_only_fields = fields


class PointSerializer(serializers.Serializer[Any]):
    """One session ahead, in prices on today's share basis."""

    step = serializers.IntegerField(help_text="Sessions after `data_as_of`.")
    date = serializers.DateField()
    quantiles = serializers.ListField(child=serializers.FloatField(), help_text="One for each of `levels`.")
    median = serializers.FloatField()
    actual = serializers.FloatField(allow_null=True, help_text="What the price came to, once it is known.")


class MetricSerializer(serializers.Serializer[Any]):
    """How a method did at one step; `model` is the forecast's own, the others are baselines.

    Forecasts issued before a score was there have null for it.
    """

    method = serializers.CharField()
    step = serializers.IntegerField()
    origins = serializers.IntegerField()
    pit = serializers.ListField(
        child=serializers.IntegerField(),
        allow_null=True,
        help_text="How many outcomes fell in each tenth of the forecast law, lowest first.",
    )
    brier = serializers.FloatField(
        allow_null=True,
        help_text="Of the chances to close above the last close less, plus nothing and plus the usual move.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        numbers = "mse rmse mae mape mase pinball crps coverage_50 coverage_80 coverage_90 coverage_95"
        widths = "width_50 width_80 width_90 width_95"
        names = [*numbers.split(), *widths.split(), "direction_accuracy", "up_rate"]
        return super().get_fields() | {name: serializers.FloatField(allow_null=True) for name in names}


class SkillSerializer(serializers.Serializer[Any]):
    """How much lower the model's CRPS is than a reference's, as a share of it."""

    step = serializers.IntegerField(allow_null=True, help_text="Null pools steps 1, 5, 10 and 20.")
    reference = serializers.CharField()
    crps_skill = serializers.FloatField(allow_null=True)
    p_value = serializers.FloatField(allow_null=True, help_text="Diebold-Mariano with HAC errors, two-sided.")


class EvaluationSerializer(serializers.Serializer[Evaluation]):
    """The walk-forward evidence, on past origins. Whether the model had seen them, `in_sample` says."""

    origins = serializers.IntegerField()
    metrics = MetricSerializer(many=True)
    skill = serializers.SerializerMethodField()
    slow_baselines = serializers.ChoiceField(
        Evaluation.SlowBaselines.choices,
        source="slow_baselines_shown",
        help_text="Whether GARCH, trees and the like are among the metrics: they join later.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a word of Python's own, so it cannot be declared as the attribute of a class.
        span = {
            "from": serializers.DateField(source="first_origin", allow_null=True),
            "to": serializers.DateField(source="last_origin", allow_null=True),
        }
        return span | super().get_fields()

    @extend_schema_field(SkillSerializer(many=True))
    def get_skill(self, evaluation: Evaluation) -> Any:
        own = [row for row in evaluation.skill if row["method"] == ForecastPoint.MODEL]
        return SkillSerializer(own, many=True).data


class LossSerializer(serializers.Serializer[Any]):
    epoch = serializers.IntegerField()
    train = serializers.FloatField()
    validation = serializers.FloatField(allow_null=True)


class MarketSerializer(serializers.Serializer[Any]):
    """The broad index whose closes the model was told."""

    symbol = serializers.CharField()
    as_of = serializers.DateField(help_text="Its last close used.")
    sha256 = serializers.CharField(help_text="Of the closes used.")


class ModelSerializer(serializers.Serializer[Any]):
    """What made the forecast; while it is being trained there is nothing here but its losses."""

    name = serializers.CharField(allow_null=True)
    version = serializers.CharField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True, help_text="Of the weights.")
    trained_until = serializers.DateField(allow_null=True)
    market = MarketSerializer(allow_null=True, help_text="Null: it worked without an index.")
    origin = serializers.CharField(
        allow_null=True,
        help_text="Whether the bar of `data_as_of` was `final`, `repaired` or `provisional` then.",
    )
    origin_note = serializers.CharField(
        allow_blank=True,
        help_text="In words, where that bar was provisional or that of `as_of` was missing; else empty.",
    )
    loss_history = LossSerializer(many=True)


class ForecastSerializer(ForecastSummarySerializer):
    """A whole forecast; everything that comes of it is null or empty until it has succeeded."""

    last_close = serializers.SerializerMethodField(
        help_text="The close of `data_as_of`, on today's share basis."
    )
    levels = serializers.SerializerMethodField(help_text="The quantile levels of all points.")
    points = serializers.SerializerMethodField(help_text="The model's.")
    naive_points = serializers.SerializerMethodField(help_text="A random walk's with EWMA volatility.")
    calibration = CalibrationSerializer(source="result.calibration", allow_null=True)
    ledger_entry = serializers.IntegerField(
        source="result.entry_id", allow_null=True, help_text="The number of its entry in the ledger."
    )
    evaluation = EvaluationSerializer(source="result.evaluation", allow_null=True)
    model = serializers.SerializerMethodField()

    class Meta(ForecastSummarySerializer.Meta):
        _until = ForecastSummarySerializer.Meta.fields.index("shown")
        fields = [
            *ForecastSummarySerializer.Meta.fields[:_until],
            "last_close",
            "levels",
            "points",
            "naive_points",
            *ForecastSummarySerializer.Meta.fields[_until:],
            "ledger_entry",
            "calibration",
            "evaluation",
            "model",
        ]
        read_only_fields = fields

    def to_representation(self, instance: ForecastRequest) -> Any:
        # Both series at once, for the bars that tell what happened are the same.
        wanted = [ForecastPoint.MODEL, ForecastPoint.NAIVE]
        result = instance.result
        self._series = (
            presentation.points_of_series(result, wanted) if result else {series: [] for series in wanted}
        )
        return super().to_representation(instance)

    def _shown(self, series: str) -> Any:
        return PointSerializer(self._series[series], many=True).data

    def get_last_close(self, request: ForecastRequest) -> float | None:
        return presentation.last_close(request.result) if request.result else None

    def get_levels(self, _request: ForecastRequest) -> list[float]:
        return list(LEVELS)

    @extend_schema_field(PointSerializer(many=True))
    def get_points(self, _request: ForecastRequest) -> Any:
        return self._shown(ForecastPoint.MODEL)

    @extend_schema_field(PointSerializer(many=True))
    def get_naive_points(self, _request: ForecastRequest) -> Any:
        return self._shown(ForecastPoint.NAIVE)

    @extend_schema_field(ModelSerializer(allow_null=True))
    def get_model(self, request: ForecastRequest) -> Any:
        # Losses are there before the result; who has withdrawn gets neither.
        losses = [] if request.cancelled_at else request.forecast.loss_history
        card = request.result.model if request.result else None
        if card is None and not losses:
            return None
        unknown = dict.fromkeys(("name", "version", "sha256", "trained_until", "market", "origin"))
        note = presentation.origin_note(request.result) if request.result else ""
        return ModelSerializer(unknown | (card or {}) | {"loss_history": losses, "origin_note": note}).data
