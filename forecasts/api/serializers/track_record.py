"""The API's shape of a track record; what the figures are is said in docs/ledger.md."""

from typing import Any

from rest_framework import serializers

from forecasts.api.serializers.forecasts import MethodField
from forecasts.api.serializers.search import SearchField
from forecasts.models import Forecast, TrackRecord
from forecasts.services import STEP_GROUPS

SHARE = "A share from 0 to 1; null where there is nothing to tell."


def _share(help_text: str = SHARE) -> serializers.FloatField:
    return serializers.FloatField(allow_null=True, help_text=help_text)


def _count(help_text: str = "", **kwargs: Any) -> serializers.IntegerField:
    return serializers.IntegerField(help_text=help_text, **kwargs)


class TrackRecordQuerySerializer(serializers.Serializer[Any]):
    symbol = SearchField(required=False, max_length=40, help_text="Without it: all public instruments.")
    method = MethodField(required=False, allow_blank=True, help_text="Without it: all methods.")


class SpreadSerializer(serializers.Serializer[Any]):
    points = _count("Outcomes checked: an origin and a step each.")
    origins = _count("Scored forecasts, each origin once.")
    origin_days = _count("Different days that these were made after.")
    repeats = _count("Outcomes left out, since an earlier entry had said something of the same.")
    sessions = _count("Different sessions that outcomes are of.")
    first_anchor = serializers.DateField(allow_null=True)
    last_anchor = serializers.DateField(allow_null=True)
    last_session = serializers.DateField(allow_null=True)


class LedgerCountsSerializer(serializers.Serializer[Any]):
    """What became of the forecasts that the ledger tells of."""

    issued = _count(default=0)
    waiting = _count("Issued, with sessions to come.", default=0)
    never_counted = _count("Issued after all their sessions had begun.", default=0)
    begun_steps = _count("Sessions not counted, as they had begun when the forecast was made.", default=0)
    failed = _count(default=0)
    withdrawn = _count(default=0)
    pre_ledger = _count("From before the ledger was kept.", default=0)
    last_entry = _count("The ledger's newest entry that is in these figures.", default=0)


class HeldSerializer(serializers.Serializer[Any]):
    """What share of outcomes each band held: the model's, and the naive cone's."""

    points = _count()
    held_50 = _share()
    held_80 = _share()
    held_90 = _share()
    held_95 = _share()
    naive_held_50 = _share()
    naive_held_80 = _share()
    naive_held_90 = _share()
    naive_held_95 = _share()


class MonthSerializer(HeldSerializer):
    month = serializers.CharField(help_text="Of the session forecast, such as 2026-11.")


class RegimeSerializer(HeldSerializer):
    regime = serializers.ChoiceField(
        Forecast.Regime.choices,
        allow_blank=True,
        help_text="Of the volatility at the origin; blank: unknown.",
    )


class MedianSerializer(serializers.Serializer[Any]):
    rmse = _share("Root mean squared error of the median's log return.")
    naive_rmse = _share("The naive cone's.")
    rmse_ratio = _share("Below 1 the model's median is better.")
    told = _count("Outcomes for which the median took a direction.")
    direction_accuracy = _share("Of these, the share whose direction was right.")
    up_rate = _share("Share of outcomes above the anchor's close.")


class MeanScoresSerializer(serializers.Serializer[Any]):
    """Means over outcomes."""

    crps = _share("Continuous ranked probability score of the log return.")
    naive_crps = _share("The naive cone's.")
    pinball = _share("Over all levels.")
    naive_pinball = _share("The naive cone's.")


class ChanceBinSerializer(serializers.Serializer[Any]):
    points = _count()
    stated = _share("Mean chance stated.")
    happened = _share()


class EventSerializer(serializers.Serializer[Any]):
    moves = serializers.FloatField(
        help_text="The event is a return above so many usual moves: volatility at the origin · √step."
    )
    brier = _share("Mean squared difference of the chance from what happened, 1 or 0.")
    naive_brier = _share("The naive cone's.")
    happened = _share()
    bins = ChanceBinSerializer(many=True, help_text="By tenth of the chance stated.")


class StepGroupSerializer(serializers.Serializer[Any]):
    group = serializers.ChoiceField(list(STEP_GROUPS.items()), help_text="Sessions ahead.")
    points = _count()
    coverage = HeldSerializer()
    months = MonthSerializer(many=True)
    regimes = RegimeSerializer(many=True)
    pit = serializers.ListField(
        child=serializers.IntegerField(), help_text="Outcomes by tenth of the range forecast."
    )
    median = MedianSerializer()
    scores = MeanScoresSerializer()
    events = EventSerializer(many=True)


class RecordSkillSerializer(serializers.Serializer[Any]):
    reference = serializers.CharField(help_text="The series beside; `random-walk` is the naive cone.")
    step = serializers.IntegerField(allow_null=True, help_text="Null: steps 1, 5, 10 and 20 pooled.")
    origins = _count()
    days = _count("Different days; the test counts each once.")
    crps_skill = _share("How much lower the model's CRPS is, as a share of the reference's.")
    p_value = _share("Of Diebold and Mariano's test, two-sided; null: too few.")


class InstrumentResultSerializer(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    scored = _count()
    origins = _count()
    crps_skill = _share()
    p_value = _share()
    is_significant = serializers.BooleanField(help_text="After correction for all instruments.")


class InstrumentsSerializer(serializers.Serializer[Any]):
    count = _count("Public instruments with a record.")
    ended = _count("Of these, those that have ended at their source; they stay in.")
    tested = _count("Those with enough origins for the test.")
    sharper = _count("Significantly better than the naive cone after correction.")
    worse = _count("Significantly worse.")
    rows = InstrumentResultSerializer(many=True, help_text="The hundred with most origins.")


class TrackRecordSerializer(serializers.ModelSerializer[TrackRecord]):
    """Steps 1, 5, 10 and 20 pooled, beside the naive cone, are `crps_skill` and what follows it."""

    symbol = serializers.CharField(
        source="instrument.symbol", allow_null=True, default=None, help_text="Null: all public instruments."
    )
    method = serializers.ChoiceField(
        Forecast.Method.choices, allow_blank=True, help_text="Blank: all methods together."
    )
    computed_at = serializers.DateTimeField(allow_null=True, help_text="Null: there is no record yet.")
    spread = SpreadSerializer(source="figures.spread")
    ledger = LedgerCountsSerializer(source="figures.ledger")
    groups = StepGroupSerializer(source="figures.groups", many=True)
    skill = RecordSkillSerializer(source="figures.skill", many=True)
    instruments = InstrumentsSerializer(
        source="figures.instruments", allow_null=True, default=None, help_text="Null for a single one."
    )

    class Meta:
        model = TrackRecord
        fields = [
            "symbol",
            "method",
            "computed_at",
            "scored",
            "origins",
            "crps_skill",
            "p_value",
            "is_significant",
            "spread",
            "ledger",
            "groups",
            "skill",
            "instruments",
        ]
        read_only_fields = fields
