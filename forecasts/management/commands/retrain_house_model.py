"""manage.py retrain_house_model: train a challenger on this site's own prices, or undo a promotion."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from forecasts import pipeline
from forecasts.errors import ForecastFailed
from forecasts.models import HouseModel


class Command(BaseCommand):
    help = (
        "Train a house model on stored prices. It forecasts in the shadow, and answers for the house when "
        "the ledger shows that it is better."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--panel", type=Path, metavar="FILE", help="more stocks: Parquet or CSV")
        parser.add_argument(
            "--until", type=date.fromisoformat, metavar="YYYY-MM-DD", help="default: the end of last month"
        )
        parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--rollback", action="store_true", help="retire the model that answers now")
        instead.add_argument("--status", action="store_true", help="list the models trained here")

    def handle(self, *, rollback: bool, status: bool, **options: Any) -> None:
        try:
            if status:
                self._list()
            elif rollback:
                self.stdout.write(pipeline.roll_back())
            else:
                self._train(options["until"], options["panel"], options["device"])
        except ForecastFailed as failure:
            raise CommandError(f"{failure.message} {failure.remedy}") from failure

    def _train(self, until: date | None, panel: Path | None, device: str) -> None:
        if panel is not None and not panel.is_file():
            raise CommandError(f"There is no file {panel}. Give the path of a Parquet or CSV panel.")
        until = until or pipeline.last_month(timezone.now().date())
        with tqdm(total=100, unit="%", desc=f"house model until {until}", disable=None) as bar:
            trained = pipeline.retrain(
                pipeline.Training(until, panel, device),
                lambda fraction: _advance(bar, fraction),
            )
        if trained.status == HouseModel.Status.REJECTED:
            raise CommandError(trained.note)
        self.stdout.write(f"{trained.sha256} forecasts in the shadow from now on.")

    def _list(self) -> None:
        rows = HouseModel.objects.defer("weights", "card").order_by("pk")
        for row in rows:
            self.stdout.write(f"{row.created_at:%Y-%m-%d} {row}. {row.note}".rstrip())
        if HouseModel.objects.champion() is None:
            self.stdout.write("The shipped models answer for the house.")


def _advance(bar: Any, fraction: float) -> None:
    bar.update(round(100 * fraction) - bar.n)
