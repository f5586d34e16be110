"""One watchlist: its page, and what can be done to it. The list of all is the first page."""

from typing import cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from forecasts import services
from forecasts.errors import RequestRefused
from forecasts.forms import ScheduleForm, SymbolForm, WatchlistForm
from forecasts.models import Watchlist
from forecasts.views.actions import action
from forecasts.views.watch_rows import watch_lists

page = require_http_methods(["GET", "HEAD", "POST"])


def own_watchlist(request: HttpRequest, pk: UUID) -> Watchlist:
    return get_object_or_404(Watchlist.objects.for_user(cast(User, request.user)), pk=pk)


@login_required
@page
def watchlist_create(request: HttpRequest) -> HttpResponse:
    form = WatchlistForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_watchlist(owner=cast(User, request.user), name=form.cleaned_data["name"])
            return redirect(made)
        except RequestRefused as refusal:
            form.refuse(refusal)
    return render(request, "forecasts/watchlist_form.html", {"form": form})


@login_required
@require_safe
def watchlist_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    return detail_page(request, own_watchlist(request, pk))


def detail_page(
    request: HttpRequest, watchlist: Watchlist, *, status: int = 200, **refused: forms.Form
) -> HttpResponse:
    """Show a watchlist; `symbol_form` and `schedule_form` are what was refused, if anything was."""
    user = cast(User, request.user)
    listed = next(iter(watch_lists(user, Watchlist.objects.for_user(user).filter(pk=watchlist.pk))), None)
    if listed is None:
        raise Http404("This watchlist was deleted just now.")
    outlook = services.foresee_schedule(listed.watchlist)
    context = {
        "listed": listed,
        "watchlist": watchlist,
        "symbol_form": SymbolForm(auto_id=False),
        "outlook": outlook,
        "schedule": outlook.schedule,
        "schedule_form": ScheduleForm(outlook.schedule),
    }
    return render(request, "forecasts/watchlist_detail.html", context | refused, status=status)


@login_required
@page
def watchlist_rename(request: HttpRequest, pk: UUID) -> HttpResponse:
    watchlist = own_watchlist(request, pk)
    form = WatchlistForm(request.POST or None, initial={"name": watchlist.name})
    if request.method == "POST" and form.is_valid():
        try:
            services.rename_watchlist(watchlist=watchlist, name=form.cleaned_data["name"])
            return redirect(watchlist)
        except RequestRefused as refusal:
            form.refuse(refusal)
    return render(
        request, "forecasts/watchlist_form.html", {"form": form, "watchlist": own_watchlist(request, pk)}
    )


@login_required
@page
def watchlist_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    watchlist = own_watchlist(request, pk)
    if request.method != "POST":
        return render(request, "forecasts/watchlist_delete.html", {"watchlist": watchlist})
    services.delete_watchlist(watchlist=watchlist)
    messages.success(request, f"The watchlist “{watchlist.name}” is deleted.")
    return redirect("forecasts:home")


@action("forecasts:watchlist_detail")
def watchlist_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    watchlist, form = own_watchlist(request, pk), SymbolForm(request.POST, auto_id=False)
    if form.is_valid():
        try:
            services.add_to_watchlist(watchlist=watchlist, symbol=form.cleaned_data["symbol"])
            return redirect(watchlist)
        except RequestRefused as refusal:
            form.refuse(refusal)
    return detail_page(request, watchlist, status=400, symbol_form=form)


@action("forecasts:watchlist_detail")
def watchlist_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    watchlist = own_watchlist(request, pk)
    try:
        services.remove_from_watchlist(watchlist=watchlist, symbol=request.POST.get("symbol", ""))
    except RequestRefused as refusal:
        messages.warning(request, refusal.message)
    return redirect(watchlist)


@action("forecasts:watchlist_detail")
def watchlist_forecast(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for a forecast of every instrument of the list, and say which could not be asked for and why."""
    watchlist = own_watchlist(request, pk)
    outcome = services.request_watchlist_forecasts(watchlist=watchlist)
    for symbol, refusal in outcome.refused:
        messages.warning(request, f"{symbol}: {refusal.message}")
    if not outcome.requests and not outcome.refused:
        messages.info(request, "There is nothing to forecast yet: add a symbol first.")
    return redirect(watchlist)
