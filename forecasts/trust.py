"""Decides, from backtest and ledger, whether a forecast deserves trust, and what is drawn first.

Backtests are many and old, the ledger is small and real. So the backtest speaks first; from `FEWEST` scored
origins on the ledger of the same instrument and method is heard too, and where it is significant it decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forecasts.models import Evaluation, Forecast, TrackRecord, Trust

FEWEST = 100  # scored origins from which the ledger has a say
SIGNIFICANT = 0.05
OUTSIDE = (
    "The model has not learned from such instruments (kind, exchange or volatility), so only the ledger can "
    "show skill here."
)
SEEN = "The model had seen these years in training, so only the ledger can show skill here."
LOST = "The skill of the backtest is lost."
_KEPT = "_standing"


@dataclass(frozen=True)
class Backtest:
    """What walk-forward evidence said, and whether the model was at home there.

    `in_domain` is whether it has learned from such instruments, `in_sample` whether it had seen the sessions
    that it was judged on.
    """

    trust: str
    verdict: str
    in_domain: bool = True
    in_sample: bool = False


@dataclass(frozen=True)
class Decision:
    """`trust` in one word, `verdict` in sentences."""

    trust: str
    verdict: str

    @property
    def words(self) -> str:
        """Say `trust` as people do."""
        return str(Trust(self.trust).label)

    @property
    def shown(self) -> str:
        """The series to draw first: a page should not begin with what its own evidence advises against."""
        worse = self.trust == Trust.WORSE_THAN_NAIVE
        return Forecast.Shown.NAIVE if worse else Forecast.Shown.MODEL


def decide(backtest: Backtest, record: TrackRecord | None) -> Decision:
    """Weigh a backtest and the record of the same instrument and method, if there is one.

    To call a model worse, a plain p < 0.05 is enough; to call it sharper whatever the backtest says, its
    record must be significant among those of all instruments (`TrackRecord.is_significant`).
    """
    ledger = _Ledger(record)
    if ledger.is_worse:
        return Decision(Trust.WORSE_THAN_NAIVE, ledger.leading("Worse", backtest))
    if ledger.is_sharper:
        return Decision(Trust.SHARPER, ledger.leading("Sharper", backtest))
    if backtest.trust == Trust.SHARPER:
        return _sharper_in_the_past(backtest, ledger)
    return Decision(backtest.trust, _joined(backtest.verdict, ledger.words))


def _sharper_in_the_past(backtest: Backtest, ledger: _Ledger) -> Decision:
    unproven = Trust.NO_DEMONSTRATED_SKILL
    if not backtest.in_domain:
        return Decision(unproven, _joined(OUTSIDE, f"Backtest: {backtest.verdict}", ledger.words))
    if backtest.in_sample:
        return Decision(unproven, _joined(SEEN, ledger.words))
    if ledger.is_heard and ledger.skill <= 0:
        return Decision(unproven, _joined(LOST, ledger.words, f"Backtest: {backtest.verdict}"))
    return Decision(Trust.SHARPER, _joined(backtest.verdict, ledger.words))


class _Ledger:
    """What a track record says, if it has enough to say."""

    def __init__(self, record: TrackRecord | None) -> None:
        self.record = record
        self.skill = (record.crps_skill if record else None) or 0.0
        self.p_value = record.p_value if record else None
        self.is_heard = bool(record and record.origins >= FEWEST and record.crps_skill is not None)

    @property
    def is_worse(self) -> bool:
        proven = self.p_value is not None and self.p_value < SIGNIFICANT
        return self.is_heard and self.skill < 0 and proven

    @property
    def is_sharper(self) -> bool:
        return bool(self.is_heard and self.skill > 0 and self.record and self.record.is_significant)

    @property
    def words(self) -> str:
        """Say what the ledger counts; empty where nothing of it is scored."""
        if self.record is None or not self.record.scored:
            return ""
        if not self.is_heard:
            count = self.record.origins
            counted = f"{count} issued forecast{'' if count == 1 else 's'}"
            return f"Ledger: {counted} can be checked 20 sessions ahead so far, at least {FEWEST} are needed."
        return f"Ledger: {self._numbers}."

    def leading(self, word: str, backtest: Backtest) -> str:
        verdict = f"{word} than a simple volatility cone on the ledger: {self._numbers}."
        return f"{verdict} Backtest: {backtest.verdict}"

    @property
    def _numbers(self) -> str:
        count = self.record.origins if self.record else 0
        side = "lower" if self.skill > 0 else "higher"
        p_value = "" if self.p_value is None else f" (p = {self.p_value:.2f})"
        percent = f"{abs(100 * self.skill):.1f} %"
        return f"over {count} issued forecasts the error (CRPS) was {percent} {side}{p_value}"


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def backtest_of(evaluation: Evaluation, *, in_domain: bool | None) -> Backtest:
    """Return what an evaluation says of a forecast.

    `in_domain` None is of a forecast made before this was kept: its evaluation had taken care of it.
    """
    return Backtest(evaluation.trust, evaluation.verdict, in_domain is not False, evaluation.in_sample)


def record_of(forecast: Forecast) -> TrackRecord | None:
    """Return the track record of the forecast's instrument and method as it is now."""
    return _records([forecast]).get((forecast.instrument_id, forecast.method))


def standing(forecast: Forecast) -> Decision:
    """Decide on a forecast that succeeded, as of now; the answer stays with this instance."""
    return standings([forecast])[0]


def standings(forecasts: Sequence[Forecast]) -> list[Decision]:
    """Decide on many at once, in one query; `standing` then answers for each without another.

    Their evaluations should be at hand (`select_related`).
    """
    undecided = [forecast for forecast in forecasts if _KEPT not in vars(forecast)]
    if undecided:
        records = _records(undecided)
        for forecast in undecided:
            record = records.get((forecast.instrument_id, forecast.method))
            vars(forecast)[_KEPT] = decide(_backtest_behind(forecast), record)
    return [vars(forecast)[_KEPT] for forecast in forecasts]


def _records(forecasts: Sequence[Forecast]) -> dict[tuple[int, str], TrackRecord]:
    instruments = {forecast.instrument_id for forecast in forecasts}
    found = TrackRecord.objects.filter(instrument__in=instruments).exclude(method="").defer("figures")
    return {(record.instrument_id or 0, record.method): record for record in found}


def _backtest_behind(forecast: Forecast) -> Backtest:
    if forecast.evaluation is None:  # nothing but what it was issued with
        return Backtest(forecast.trust, forecast.verdict)
    return backtest_of(forecast.evaluation, in_domain=forecast.in_domain)
