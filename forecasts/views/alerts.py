"""What a person was told, how they are told by e-mail, and leaving that by a link."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from forecasts import services
from forecasts.alerts.links import paths_of
from forecasts.alerts.unsubscribe import read_token
from forecasts.errors import RequestRefused
from forecasts.forms import NotificationsForm
from forecasts.models import Alert
from forecasts.views.actions import action

page = require_http_methods(["GET", "HEAD", "POST"])
PAGE_SIZE = 25


@login_required
@require_safe
@never_cache
def alert_list(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    mine = Alert.objects.for_user(user).select_related("instrument")
    shown: Page[Alert] = Paginator(mine, PAGE_SIZE).get_page(request.GET.get("page"))
    paths = paths_of(list(shown))
    rows = [(alert, paths[alert.pk]) for alert in shown]
    has_unread = Alert.objects.for_user(user).unread().exists()
    return render(
        request, "forecasts/alert_list.html", {"page": shown, "rows": rows, "has_unread": has_unread}
    )


@action("forecasts:alert_list")
def alert_read_all(request: HttpRequest) -> HttpResponse:
    services.mark_alerts_read(owner=cast(User, request.user))
    return redirect("forecasts:alert_list")


@login_required
@page
def alert_read(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Mark one as read."""
    user = cast(User, request.user)
    alert = get_object_or_404(Alert.objects.for_user(user), pk=pk)
    if request.method == "POST":
        services.mark_alerts_read(owner=user, alerts=[alert.pk])
    return redirect("forecasts:alert_list")


@login_required
@page
def alert_settings(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    known = services.notifications_of(user)
    names = ("email_alerts", "daily_digest", "digest_hour")
    initial = {name: getattr(known, name) for name in names}
    form = NotificationsForm(request.POST or None, initial=initial, label_suffix="")
    if request.method == "POST" and form.is_valid():
        try:
            services.change_notifications(owner=user, **form.cleaned_data)
        except RequestRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("forecasts:alert_settings")
    context = {"form": form, "mail_trouble": services.mail_trouble(user)}
    return render(request, "forecasts/alert_settings.html", context)


@csrf_exempt  # a mail reader posts without having seen a page; the signed token is the proof
@page
@never_cache
def alert_unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether to leave, or leave: a GET changes nothing, for machines follow links in mail."""
    context: dict[str, Any] = {"is_done": False}
    try:
        subscription = read_token(token)
    except RequestRefused as refusal:
        context["refusal"] = refusal
        return render(request, "forecasts/alert_unsubscribe.html", context, status=400)
    if request.method == "POST":
        subscription.end()
        context["is_done"] = True
    context |= {"subscription": subscription, "address": subscription.owner.email}
    return render(request, "forecasts/alert_unsubscribe.html", context)
