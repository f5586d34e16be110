"""manage.py backtest: the house model beside every fast baseline, walk-forward on one instrument."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from forecasts import pipeline, services
from forecasts.errors import ForecastFailed, RequestRefused
from forecasts.models import BARS_NEEDED

COLUMNS = (
    "crps",
    "rmse",
    "mae",
    "brier",
    "coverage_50",
    "coverage_80",
    "coverage_90",
    "coverage_95",
    "width_80",
)


class Command(BaseCommand):
    help = "Score the house model and the baselines on an instrument's past origins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("symbol", help="for example SAMPLE:IBM")
        parser.add_argument("--origins", type=int, default=250, help="how many of the last origins (250)")
        parser.add_argument("--slow", action="store_true", help="beside gradient-boosted trees too; seconds")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, symbol: str, origins: int, **options: Any) -> None:
        try:
            instrument = services.find_instrument(user=None, symbol=symbol)
            if instrument.bars.final().count() <= min(BARS_NEEDED.values()):
                raise CommandError(f"{instrument.symbol} has too few prices to score anything.")
            report = pipeline.backtest_instrument(instrument, origins, slow=options["slow"])
        except (RequestRefused, ForecastFailed) as refusal:
            raise CommandError(refusal.message) from refusal
        if options["json"]:
            self.stdout.write(json.dumps(report, default=str))
        else:
            self._print(report)

    def _print(self, report: dict[str, Any]) -> None:
        self.stdout.write(f"{report['origins']} origins, {report['first_origin']} to {report['last_origin']}")
        self.stdout.write(f"{'step':>4} {'method':<22}" + "".join(f"{name:>12}" for name in COLUMNS))
        for row in report["metrics"]:
            values = "".join(
                "           -" if row[name] is None else f"{row[name]:>12.4f}" for name in COLUMNS
            )
            self.stdout.write(f"{row['step']:>4} {row['method']:<22}{values}")
        self.stdout.write(report["verdict"])
