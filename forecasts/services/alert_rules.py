"""What people want to be told of: making, pausing and deleting rules."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from forecasts.chances import LARGEST_PRICE, PRICE_RANGE_WORDS, PRICE_WORDS, SMALLEST_PRICE
from forecasts.errors import RequestRefused
from forecasts.models import AlertRule, CorporateAction, Forecast, Instrument, Watchlist
from forecasts.services.instruments import find_instrument

if TYPE_CHECKING:
    from accounts.models import User

MAX_RULES = 200
ALERT_BANDS = (80, 95)
Kind = AlertRule.Kind
# What a rule of each kind tells beside its subject; all but the method is needed.
RULE_DETAILS: dict[str, tuple[str, ...]] = {
    Kind.OUTSIDE_BAND: ("band", "method"),
    Kind.PRICE_CHANCE: ("price", "threshold", "method"),
    Kind.BAND_WIDTH: ("method",),
    Kind.SKILL_LOST: ("method",),
    Kind.STALE_DATA: (),
    Kind.FORECAST_READY: ("method",),
}
WORDS = {
    "band": "Choose the band: 80 or 95.",
    "price": PRICE_WORDS,
    "threshold": "Give the chance from which you want to be told: above 0 and below 1.",
}
NO_MAIL_WORDS = "This site sends no e-mail, so alerts are shown here only. Ask whoever runs it."


@dataclass(frozen=True)
class RuleWish:
    """Of one instrument, by `symbol`, or of all on one of the person's watchlists; `method` "" is any."""

    kind: str
    symbol: str = ""
    watchlist: UUID | None = None
    method: str = ""
    band: int | None = None
    price: float | None = None
    threshold: float | None = None
    by_email: bool = False
    by_webhook: bool = False


def make_rule(*, owner: User, wish: RuleWish) -> AlertRule:
    """Make a rule, which tells of what happens from now on. RequestRefused says what cannot be."""
    kind = _check_kind(wish)
    _check_channels(by_email=wish.by_email)
    subject = _subject(owner, wish)
    _check_subject(kind, subject.get("instrument"))
    with transaction.atomic():
        # Under the owner's lock, or two at once would both be the last that fits.
        get_user_model().objects.select_for_update(no_key=True).get(pk=owner.pk)
        details = {name: getattr(wish, name) for name in WORDS}
        wanted: dict[str, Any] = {**subject, **details, "kind": kind, "method": wish.method}
        _check_room(owner, wanted)
        channels = {"by_email": wish.by_email, "by_webhook": wish.by_webhook}
        rule = AlertRule.objects.create(owner=owner, **wanted, **channels)
        if rule.price is not None:
            _note_splits(rule)
    return rule


def _check_kind(wish: RuleWish) -> AlertRule.Kind:
    if wish.kind not in Kind.values:
        raise RequestRefused(
            f"There is no such kind of alert. Choose one of {', '.join(Kind.values)}.",
            code="invalid_choice",
            field="kind",
        )
    kind = Kind(wish.kind)
    for name in WORDS:
        _check_detail(kind, name, getattr(wish, name))
    if wish.method and "method" not in RULE_DETAILS[kind]:
        raise RequestRefused(f"{kind.label.capitalize()}: leave out the method.", field="method")
    if wish.method not in ("", *Forecast.Method.values):
        words = f"There is no such method. Choose one of {', '.join(Forecast.Method.values)}, or none."
        raise RequestRefused(words, code="invalid_choice", field="method")
    return kind


def _check_detail(kind: AlertRule.Kind, name: str, value: float | None) -> None:
    if name not in RULE_DETAILS[kind]:
        if value is not None:
            raise RequestRefused(f"{kind.label.capitalize()}: leave out the {name}.", field=name)
        return
    if value is None or not _fits(name, value):
        raise RequestRefused(WORDS[name], field=name)
    if name == "price" and not SMALLEST_PRICE <= value <= LARGEST_PRICE:
        raise RequestRefused(PRICE_RANGE_WORDS, field=name)


def _fits(name: str, value: float) -> bool:
    if name == "band":
        return value in ALERT_BANDS
    return math.isfinite(value) and value > 0 and (name == "price" or value < 1)


def _check_channels(*, by_email: bool) -> None:
    if by_email and not settings.MAIL_CONFIGURED:
        raise RequestRefused(NO_MAIL_WORDS, code="no_mail", field="by_email")


def _subject(owner: User, wish: RuleWish) -> dict[str, Instrument | Watchlist | None]:
    if bool(wish.symbol) == bool(wish.watchlist):
        raise RequestRefused("Say what it is about: one symbol, or one watchlist.", field="symbol")
    if wish.symbol:
        return {"instrument": find_instrument(user=owner, symbol=wish.symbol), "watchlist": None}
    mine = Watchlist.objects.for_user(owner)
    watchlist = mine.filter(pk=wish.watchlist).first() if wish.watchlist else None
    if watchlist is None:
        words = "You have no such watchlist. Choose one of yours."
        raise RequestRefused(words, code="unknown_watchlist", field="watchlist")
    if wish.kind == Kind.PRICE_CHANCE:
        words = "A price is one instrument's: give its symbol in place of the watchlist."
        raise RequestRefused(words, field="watchlist")
    return {"instrument": None, "watchlist": watchlist}


def _check_subject(kind: AlertRule.Kind, instrument: object) -> None:
    """Refuse what could never happen."""
    if not isinstance(instrument, Instrument) or kind == Kind.FORECAST_READY:
        return
    if instrument.is_sample:
        raise RequestRefused(
            f"{instrument.symbol} is sample data of the past, so nothing new happens to it but that a "
            "forecast of it is ready. Choose a symbol that still trades.",
            field="symbol",
        )
    if kind == Kind.STALE_DATA and not instrument.is_live:
        words = f"{instrument.symbol} is an upload: its prices are as new as its file."
        raise RequestRefused(words, field="symbol")


def _check_room(owner: User, wanted: dict[str, Any]) -> None:
    mine = AlertRule.objects.for_user(owner)
    if mine.filter(**wanted).exists():
        raise RequestRefused("You have this alert already. Change that one.", code="rule_exists")
    if mine.count() >= MAX_RULES:
        raise RequestRefused(
            f"You have {MAX_RULES} alerts set up, the most there can be. Delete one first.", code="too_many"
        )


def _note_splits(rule: AlertRule) -> None:
    splits = CorporateAction.objects.split_factor_since(rule.instrument_id or 0, rule.splits_from)
    rule.price_splits = splits
    rule.save(update_fields=["price_splits"])


def change_rule(
    *,
    rule: AlertRule,
    is_active: bool | None = None,
    by_email: bool | None = None,
    by_webhook: bool | None = None,
) -> AlertRule:
    """Pause or resume a rule, or change how it reaches its owner; None leaves a thing as it is.

    What happened while it was paused is not told after.
    """
    _check_channels(by_email=bool(by_email) and not rule.by_email)
    with transaction.atomic():
        held = AlertRule.objects.select_for_update().filter(pk=rule.pk).first()
        if held is None:
            raise RequestRefused("This alert was deleted meanwhile. Set a new one.", code="rule_gone")
        if is_active and not held.is_active:
            held.active_since = timezone.now()
        held.is_active = held.is_active if is_active is None else is_active
        held.by_email = held.by_email if by_email is None else by_email
        held.by_webhook = held.by_webhook if by_webhook is None else by_webhook
        held.save(update_fields=["is_active", "active_since", "by_email", "by_webhook"])
    return held


def delete_rule(*, rule: AlertRule) -> None:
    """Delete a rule; what it has told stays."""
    rule.delete()
