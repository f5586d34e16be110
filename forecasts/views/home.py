"""The first page, for strangers and for those who signed in, and how forecasts are made."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from forecasts import charts
from forecasts.forms import SymbolForm, WatchlistForm
from forecasts.models import Watchlist
from forecasts.services import landing_forecast
from forecasts.trust import standing
from forecasts.views.reports import summarise_shown
from forecasts.views.watch_rows import watch_lists

DASHBOARD_ENTRIES = 10


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, AnonymousUser):
        return _landing(request)
    mine = Watchlist.objects.for_user(request.user)
    context = {
        "lists": watch_lists(request.user, mine, DASHBOARD_ENTRIES),
        "form": WatchlistForm(),
        "symbol_form": SymbolForm(auto_id=False),
    }
    return render(request, "forecasts/watchlist_list.html", context)


def _landing(request: HttpRequest) -> HttpResponse:
    sample = landing_forecast()
    context: dict[str, Any] = {"forecast": sample}
    if sample:
        context |= {"summary": summarise_shown(sample), "standing": standing(sample)}
    return render(request, "forecasts/landing.html", context)


@require_safe
def sample_chart(_request: HttpRequest) -> HttpResponse:
    """The landing page's chart, which needs no account."""
    sample = landing_forecast()
    if sample is None:
        raise Http404("There is no sample forecast yet.")
    return JsonResponse(charts.forecast_chart(sample, with_ghosts=False).to_plotly_json())


@require_safe
def methodology(request: HttpRequest) -> HttpResponse:
    return render(request, "forecasts/methodology.html")
