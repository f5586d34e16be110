"""Questions to a finished forecast, on its page: the chance of a price, the risk of a position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from forecasts.chances import RANGE_LEVELS, chance_of_price, risk_of_position
from forecasts.charts import price_decimals
from forecasts.errors import RequestRefused
from forecasts.forms import ChanceForm, RiskForm, StepForm
from forecasts.models import Forecast, ForecastRequest
from forecasts.presentation import last_close

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.http import QueryDict

    from accounts.models import User


def questions(query: QueryDict, forecast: Forecast) -> dict[str, Any]:
    """Return the context of the two questions; whichever the address asks is answered."""
    return _chance(query, forecast) | _risk(query, forecast)


@login_required
@require_safe
def forecast_chance(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _answer(request, pk, "chance", _chance)


@login_required
@require_safe
def forecast_risk(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _answer(request, pk, "risk", _risk)


def _answer(
    request: HttpRequest, pk: UUID, name: str, ask: Callable[[QueryDict, Forecast], dict[str, Any]]
) -> HttpResponse:
    own = ForecastRequest.objects.for_user(cast("User", request.user)).with_forecast()
    result = get_object_or_404(own, pk=pk).result
    if result is None:
        raise Http404("This forecast has no result.")
    context = {"forecast": result, "instrument": result.instrument, **ask(request.GET, result)}
    return render(request, f"forecasts/_{name}_answer.html", context)


def _chance(query: QueryDict, forecast: Forecast) -> dict[str, Any]:
    close = last_close(forecast) or 1.0
    start = {"price": f"{close:.{price_decimals(close)}f}"}
    form = ChanceForm(forecast.horizon, _if_asked(query, "price"), auto_id="chance_%s", initial=start)
    return {
        "chance_form": form,
        "chance": _ask(form, forecast, chance_of_price),
        "range_levels": RANGE_LEVELS,
    }


def _risk(query: QueryDict, forecast: Forecast) -> dict[str, Any]:
    start = {"quantity": 100}
    form = RiskForm(forecast.horizon, _if_asked(query, "quantity"), auto_id="risk_%s", initial=start)
    return {"risk_form": form, "risk": _ask(form, forecast, risk_of_position)}


def _if_asked(query: QueryDict, field: str) -> QueryDict | None:
    return query if field in query else None


def _ask(form: StepForm, forecast: Forecast, question: Callable[..., Any]) -> Any:
    """Return the answer; None where nothing was asked, or what the form then says is wrong with it."""
    if not form.is_valid():
        return None
    try:
        return question(forecast, **form.cleaned_data)
    except RequestRefused as refusal:
        form.refuse(refusal)
        return None
