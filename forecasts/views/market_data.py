"""What staff see of prices: lanes, freshness, failures and gaps; and what they can do about them."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.models import User
from forecasts import services
from forecasts.errors import RequestRefused
from forecasts.services import market_overview as overview
from forecasts.views.actions import action

PAGE_SIZE = 50


def _staff_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For all others there is no such page."""

    @wraps(view)
    def run(request: HttpRequest, **arguments: Any) -> HttpResponse:
        if not request.user.is_staff:
            raise Http404("There is no such page.")
        return view(request, **arguments)

    return run


@_staff_only
@require_safe
@never_cache
def market_data(request: HttpRequest) -> HttpResponse:
    chosen = request.GET.get("show", "all")
    chosen = chosen if chosen in overview.FILTERS else "all"
    counts = overview.counts()
    page = Paginator(overview.live_instruments(chosen), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "lanes": overview.lanes(),
        "progress": services.refresh_progress(),
        "filters": [(key, label, counts[key]) for key, label in overview.FILTERS.items()],
        "chosen": chosen,
        "page": page,
        "rows": overview.rows(page),
        "gaps": overview.newest_gaps(),
        "restatements": overview.newest_restatements(),
    }
    return render(request, "forecasts/market_data.html", context)


@_staff_only
@require_safe
@never_cache
def market_data_run(request: HttpRequest) -> HttpResponse:
    """Return how far the refresh of all is; once it is over, the page reloads."""
    progress = services.refresh_progress()
    if progress is None or progress.is_over:
        return HttpResponseClientRefresh()
    return render(request, "forecasts/_refresh_run.html", {"progress": progress})


@_staff_only
@action("forecasts:market_data")
def market_data_refresh(request: HttpRequest) -> HttpResponse:
    """Look for the prices of everything that anybody watches."""
    try:
        run = services.refresh_all_watched(asked_by=cast(User, request.user))
    except RequestRefused as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, f"Looking for the prices of {len(run.pks)} instruments.")
    return redirect("forecasts:market_data")


@_staff_only
@action("forecasts:market_data")
def market_data_reopen(request: HttpRequest) -> HttpResponse:
    """Forget a source's pause: the next request finds out whether it is over."""
    try:
        name = services.reopen_lane(source=request.POST.get("source", ""))
    except RequestRefused as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, f"{name} is asked again.")
    return redirect("forecasts:market_data")
