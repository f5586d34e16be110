"""A watchlist's schedule: set, paused, resumed and removed on the list's page."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from forecasts import services
from forecasts.errors import RequestRefused
from forecasts.forms import ScheduleForm
from forecasts.models import Schedule
from forecasts.views.actions import action
from forecasts.views.watchlists import detail_page, own_watchlist


@action("forecasts:watchlist_detail")
def schedule_set(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make or change the schedule; one that is paused stays so."""
    watchlist = own_watchlist(request, pk)
    schedule = Schedule.objects.filter(watchlist=watchlist).first()
    form = ScheduleForm(schedule, request.POST)
    if form.is_valid():
        try:
            is_active = schedule is None or schedule.is_active
            services.set_schedule(watchlist=watchlist, is_active=is_active, **form.cleaned_data)
            return redirect(watchlist)
        except RequestRefused as refusal:
            form.refuse(refusal)
    return detail_page(request, watchlist, status=400, schedule_form=form)


@action("forecasts:watchlist_detail")
def schedule_pause(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Pause the schedule, or with `resume` resume it."""
    watchlist = own_watchlist(request, pk)
    try:
        services.pause_schedule(watchlist=watchlist, is_active="resume" in request.POST)
    except RequestRefused as refusal:
        messages.warning(request, refusal.message)
    return redirect(watchlist)


@action("forecasts:watchlist_detail")
def schedule_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    watchlist = own_watchlist(request, pk)
    try:
        services.remove_schedule(watchlist=watchlist)
        messages.success(request, "The schedule is removed. The forecasts that it made stay.")
    except RequestRefused as refusal:
        messages.warning(request, refusal.message)
    return redirect(watchlist)
