"""manage.py train_house_model: train one vintage of the house model from a panel of many stocks."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from forecasts import pipeline
from forecasts.errors import ForecastFailed


class Command(BaseCommand):
    help = "Train a house model on a panel's rows up to a date, and save weights and card into a folder."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--panel", type=Path, required=True, metavar="FILE", help="Parquet or CSV")
        parser.add_argument("--until", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
        parser.add_argument("--output", type=Path, required=True, metavar="DIR")
        parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")

    def handle(self, *, panel: Path, until: date, output: Path, device: str, **_: Any) -> None:
        if not panel.is_file():
            raise CommandError(f"There is no file {panel}. Give the path of a Parquet or CSV panel.")
        with tqdm(total=100, unit="%", desc=f"house model until {until}", disable=None) as bar:
            try:
                card = pipeline.train_house_model(
                    panel, until, output, device, lambda fraction: _advance(bar, fraction)
                )
            except ForecastFailed as failure:
                raise CommandError(f"{failure.message} {failure.remedy}") from failure
        self.stdout.write(f"{output}: {card['parameters']} parameters, SHA-256 {card['sha256']}")


def _advance(bar: Any, fraction: float) -> None:
    bar.update(round(100 * fraction) - bar.n)
