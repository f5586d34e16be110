"""manage.py forecast: ask and compute in this process, with no browser, worker or broker."""

import json
import time
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from forecasts import pipeline, presentation, services, sweeper, trust
from forecasts.errors import RequestRefused
from forecasts.models import LEVELS, Forecast, ForecastRequest

SHOWN_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


class Command(BaseCommand):
    help = "Forecast an instrument and print the expected range of prices."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("symbol", help="for example SAMPLE:AAPL")
        parser.add_argument(
            "--horizon", type=int, default=services.FORECAST_DEFAULT_HORIZON, metavar="SESSIONS"
        )
        parser.add_argument("--method", default=services.FORECAST_DEFAULT_METHOD)
        parser.add_argument("--as-of", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--user", metavar="EMAIL", help="whose forecast it is; without, the site's own")
        parser.add_argument("--json", action="store_true", help="print what the API answers")

    def handle(self, *, symbol: str, user: str | None, **options: Any) -> None:
        wish = {name: options[name] for name in ("horizon", "method", "as_of")}
        try:
            request = services.ask_forecast(owner=_owner(user), question=services.Question(symbol, **wish))
        except RequestRefused as refusal:
            raise CommandError(refusal.message) from refusal
        forecast = self._finish(request)
        if options["json"]:
            self._print_json(request)
        else:
            self._print_table(forecast)

    def _finish(self, request: ForecastRequest) -> Forecast:
        """Compute here, or wait for the worker that was quicker."""
        pipeline.run_here(request.forecast_id)
        while not (forecast := Forecast.objects.get(pk=request.forecast_id)).is_finished:
            time.sleep(0.5)
            sweeper.free_silent()  # there may be no scheduler to do it
            pipeline.run_here(forecast.pk)
        if forecast.status != Forecast.Status.SUCCEEDED:
            error = forecast.error or {"message": f"The forecast was {forecast.status}.", "remedy": ""}
            raise CommandError(f"{error['message']} {error['remedy']}".strip())
        return forecast

    def _print_json(self, request: ForecastRequest) -> None:
        from forecasts.api.serializers import ForecastSerializer

        found = ForecastRequest.objects.with_forecast().get(pk=request.pk)
        self.stdout.write(json.dumps(ForecastSerializer(found).data, default=str))

    def _print_table(self, forecast: Forecast) -> None:
        instrument = forecast.instrument
        close = presentation.last_close(forecast)
        self.stdout.write(f"{instrument.symbol} {instrument.name}: {close:.2f} on {forecast.data_as_of}")
        self.stdout.write("".join(["date      ", *(f"{level:>10.0%}" for level in SHOWN_LEVELS)]))
        columns = [LEVELS.index(level) for level in SHOWN_LEVELS]
        for point in presentation.price_points(forecast):
            prices = "".join(f"{point.quantiles[column]:>10.2f}" for column in columns)
            self.stdout.write(f"{point.date}{prices}")
        now = trust.standing(forecast)
        self.stdout.write(f"{now.words.capitalize()}. {now.verdict}")


def _owner(email: str | None) -> User | None:
    if email is None:
        return None
    owner = User.objects.filter(email=email.lower()).first()
    if owner is None:
        raise CommandError(f"Nobody here has the e-mail address {email}. Register on the site first.")
    return owner
