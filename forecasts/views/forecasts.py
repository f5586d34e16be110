"""A person's forecasts: the list, one with its progress or its result, and ending them."""

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.models import User
from forecasts import charts
from forecasts.errors import RequestRefused
from forecasts.models import Forecast, ForecastRequest
from forecasts.models.forecasts import ForecastRequestQuerySet
from forecasts.services import cancel_forecast, delete_forecast
from forecasts.views.actions import action
from forecasts.views.decisions import questions
from forecasts.views.reports import report

PAGE_SIZE = 25
# A page that waits asks often at first, then takes its time.
EAGER, PATIENT, EAGER_FOR = 2, 5, timedelta(seconds=30)


def _mine(request: HttpRequest) -> ForecastRequestQuerySet:
    return ForecastRequest.objects.for_user(cast(User, request.user)).with_forecast()


@login_required
@require_safe
def forecast_list(request: HttpRequest) -> HttpResponse:
    """List one's own, of all origins or, as the address's `origin` says, those asked for or scheduled."""
    origin = request.GET.get("origin", "")
    chosen = origin if origin in ForecastRequest.Origin.values else ""
    found = _mine(request).matching(origin=chosen).without_details().newest_first()
    context = {
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "origins": [("", "all"), *ForecastRequest.Origin.choices],
        "chosen": chosen,
    }
    return render(request, "forecasts/forecast_list.html", context)


@login_required
@require_safe
@never_cache
def forecast_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    wish = get_object_or_404(_mine(request), pk=pk)
    context: dict[str, Any] = {
        "wish": wish,
        "forecast": wish.forecast,
        "instrument": wish.forecast.instrument,
    }
    if not wish.is_finished:
        context |= _progress(wish)
    elif wish.status == Forecast.Status.SUCCEEDED:
        context |= report(wish.forecast) | questions(request.GET, wish.forecast)
    return render(request, "forecasts/forecast_detail.html", context)


@require_safe
@never_cache
def forecast_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Return what a waiting page asks for again and again; once there is an end, the page reloads."""
    if not request.user.is_authenticated:
        return HttpResponseClientRefresh()  # signed out meanwhile: the page itself leads to signing in
    wish = get_object_or_404(_mine(request), pk=pk)
    if wish.is_finished:
        return HttpResponseClientRefresh()
    context = {"wish": wish, "forecast": wish.forecast, **_progress(wish)}
    return render(request, "forecasts/_progress.html", context)


def _progress(wish: ForecastRequest) -> dict[str, Any]:
    waited = timezone.now() - wish.forecast.created_at
    return {
        "stages": Forecast.Stage.choices,
        "every": EAGER if waited < EAGER_FOR else PATIENT,
        "is_slow": wish.forecast.stage == Forecast.Stage.WAITING and waited > EAGER_FOR,
        "losses": wish.forecast.loss_history[-1:],
    }


@action("forecasts:forecast_detail")
def forecast_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    wish = get_object_or_404(_mine(request), pk=pk)
    try:
        cancel_forecast(request=wish)
    except RequestRefused as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, "The forecast is cancelled.")
    return redirect(wish)


@action("forecasts:forecast_detail")
def forecast_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    wish = get_object_or_404(_mine(request), pk=pk)
    delete_forecast(request=wish)
    messages.success(request, f"The forecast of {wish.forecast.instrument} is deleted.")
    return redirect("forecasts:forecast_list")


def _result(request: HttpRequest, pk: UUID) -> Forecast:
    result = get_object_or_404(_mine(request), pk=pk).result
    if result is None:
        raise Http404("This forecast has no result.")
    return result


@login_required
@require_safe
def calibration_chart(request: HttpRequest, pk: UUID) -> HttpResponse:
    evaluation = _result(request, pk).evaluation
    if evaluation is None:
        raise Http404("This forecast has no evaluation.")
    return JsonResponse(charts.calibration_chart(evaluation).to_plotly_json())


@login_required
@require_safe
def loss_chart(request: HttpRequest, pk: UUID) -> HttpResponse:
    return JsonResponse(charts.loss_chart(_result(request, pk).loss_history).to_plotly_json())
