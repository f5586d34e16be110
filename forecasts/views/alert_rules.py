"""What a person wants to be told of: the list of rules, and making, changing and deleting them."""

from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from forecasts import services
from forecasts.alerts.price_chances import prices_today
from forecasts.errors import RequestRefused
from forecasts.forms import AlertChannelsForm, AlertRuleForm
from forecasts.models import AlertRule, Instrument, Watchlist

page = require_http_methods(["GET", "HEAD", "POST"])


def _mine(request: HttpRequest, pk: UUID) -> AlertRule:
    rules = AlertRule.objects.for_user(cast(User, request.user)).with_subject()
    return get_object_or_404(rules, pk=pk)


@login_required
@require_safe
def alert_rule_list(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    rules = list(AlertRule.objects.for_user(user).with_subject())
    prices = prices_today(rules)
    rows = [(rule, prices[rule.pk]) for rule in rules]
    context = {"rows": rows, "watchlists": Watchlist.objects.for_user(user)}
    return render(request, "forecasts/alert_rule_list.html", context)


@login_required
@page
def alert_rule_create(request: HttpRequest) -> HttpResponse:
    """Make a rule of `?symbol=` or `?watchlist=`, which must be there and the person's to see."""
    if not {"symbol", "watchlist"} & request.GET.keys():
        return redirect("forecasts:alert_rule_list")  # which says how to choose one
    user = cast(User, request.user)
    subject, about = _subject(request, user)
    form = AlertRuleForm(
        request.POST if request.method == "POST" else None,
        mail=settings.MAIL_CONFIGURED,
        auto_id="rule_%s",
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.make_rule(owner=user, wish=form.wish(**subject))
        except RequestRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"The alert on {about} is set.")
            return redirect("forecasts:alert_rule_list")
    context = {"form": form, "about": about, "mail_trouble": services.mail_trouble(user)}
    return render(request, "forecasts/alert_rule_create.html", context)


def _subject(request: HttpRequest, user: User) -> tuple[dict[str, Any], Instrument | Watchlist]:
    """Return the part of the wish that says what it is about, and that thing itself."""
    symbol, watchlist = request.GET.get("symbol"), request.GET.get("watchlist")
    try:
        if symbol:
            return {"symbol": symbol}, services.find_instrument(user=user, symbol=symbol)
        key = UUID(watchlist or "")
        return {"watchlist": key}, get_object_or_404(Watchlist.objects.for_user(user), pk=key)
    except (RequestRefused, ValueError) as error:
        raise Http404("There is nothing here to be told of.") from error


@login_required
@page
def alert_rule_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Pause or resume a rule, and choose its channels."""
    rule = _mine(request, pk)
    sent = request.POST if request.method == "POST" else None
    form = AlertChannelsForm(rule, sent, mail=settings.MAIL_CONFIGURED)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_rule(rule=rule, **form.cleaned_data)
        except RequestRefused as refusal:
            messages.warning(request, refusal.message)
        else:
            messages.success(request, "Saved.")
        return redirect("forecasts:alert_rule_list")
    trouble = services.mail_trouble(cast(User, request.user))
    context = {"rule": rule, "price": prices_today([rule])[rule.pk], "form": form, "mail_trouble": trouble}
    return render(request, "forecasts/alert_rule_detail.html", context)


@login_required
@page
def alert_rule_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    rule = _mine(request, pk)
    if request.method != "POST":
        context = {"rule": rule, "price": prices_today([rule])[rule.pk]}
        return render(request, "forecasts/alert_rule_delete.html", context)
    services.delete_rule(rule=rule)
    messages.success(request, "The alert is deleted. What it has told you stays in your list.")
    return redirect("forecasts:alert_rule_list")
