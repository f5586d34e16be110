"""What people fill in on the pages. What can be asked is decided by the services; forms only read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.forms.models import model_to_dict

from forecasts.calendars import EVERY_DAY, WEEKDAYS
from forecasts.chances import LEVEL_WORDS, PRICE_WORDS, QUANTITY_WORDS, RISK_LEVELS, step_words
from forecasts.market_data.upload import Options
from forecasts.models import MAX_HORIZON, AlertRule, Forecast, Schedule
from forecasts.services import (
    ALERT_BANDS,
    ALL_STEPS,
    FORECAST_DEFAULT_HORIZON,
    FORECAST_DEFAULT_METHOD,
    RULE_DETAILS,
    SCHEDULE_METHODS,
    STEP_GROUPS,
    RuleWish,
    printable,
)

if TYPE_CHECKING:
    from forecasts.errors import RequestRefused

METHODS = [
    (Forecast.Method.FINE_TUNED.value, "Fine-tuned on this instrument (seconds)"),
    (Forecast.Method.HOUSE.value, "House model as shipped (at once)"),
    (Forecast.Method.FROM_SCRATCH.value, "From scratch on this instrument (slowest)"),
]

CADENCES = [(value, label.capitalize()) for value, label in Schedule.Cadence.choices]


class RefusableForm(forms.Form):
    def refuse(self, refusal: RequestRefused) -> None:
        """Put a service's words beside the field that they are about."""
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal.message)


def horizon_field() -> forms.IntegerField:
    return forms.IntegerField(
        label="Sessions ahead",
        min_value=1,
        max_value=MAX_HORIZON,
        initial=FORECAST_DEFAULT_HORIZON,
        error_messages={
            "required": f"Say how many sessions ahead, from 1 to {MAX_HORIZON}.",
            "invalid": f"Give a whole number of sessions from 1 to {MAX_HORIZON}.",
        },
    )


class ForecastForm(RefusableForm):
    """`as_of` None is the last session that closed."""

    method = forms.ChoiceField(choices=METHODS, initial=FORECAST_DEFAULT_METHOD)
    horizon = horizon_field()
    as_of = forms.DateField(
        label="As of (optional)",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Give a date such as 2012-06-29, or leave it empty."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "ask_%s")
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)


class ScheduleForm(RefusableForm):
    """How a watchlist is forecast again and again."""

    cadence = forms.ChoiceField(label="How often", choices=CADENCES)
    method = forms.ChoiceField(choices=[choice for choice in METHODS if choice[0] in SCHEDULE_METHODS])
    horizon = horizon_field()

    def __init__(self, schedule: Schedule | None, data: Any = None) -> None:
        initial = {"method": Forecast.Method.HOUSE} if schedule is None else model_to_dict(schedule)
        super().__init__(data, initial=initial, auto_id="schedule_%s", label_suffix="")


class StepForm(RefusableForm):
    """A question to a forecast about one of its sessions."""

    step = forms.IntegerField(label="Sessions ahead", min_value=1)

    def __init__(self, horizon: int, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        step = self.fields["step"]
        step.initial = horizon
        step.widget.attrs["max"] = horizon
        step.error_messages |= dict.fromkeys(("required", "invalid", "min_value"), step_words(horizon))


def number_field(label: str, words: str, **attributes: str) -> forms.FloatField:
    """Return a field that says the same whatever is wrong with its number."""
    return forms.FloatField(
        label=label,
        widget=forms.NumberInput(attrs={"step": "any", **attributes}),
        error_messages=dict.fromkeys(("required", "invalid"), words),
    )


class ChanceForm(StepForm):
    price = number_field("Price", PRICE_WORDS, min="0", inputmode="decimal")
    field_order = ["price", "step"]


class RiskForm(StepForm):
    quantity = number_field("Shares (− if short)", QUANTITY_WORDS)
    level = forms.ChoiceField(
        choices=[(str(level), f"{100 * level:.0f} %") for level in RISK_LEVELS],
        required=False,
        error_messages={"invalid_choice": LEVEL_WORDS},
    )
    field_order = ["quantity", "step", "level"]

    def clean_level(self) -> float:
        return float(self.cleaned_data["level"] or RISK_LEVELS[0])


class WatchlistForm(RefusableForm):
    name = forms.CharField(
        label="Name of the watchlist",
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Give the watchlist a name."},
    )


class WebhookForm(RefusableForm):
    url = forms.CharField(
        label="Address",
        max_length=500,
        widget=forms.URLInput(
            attrs={"autocomplete": "off", "placeholder": "https://example.com/hooks/stockcast"}
        ),
        error_messages={"required": "Give an address such as https://example.com/hooks/stockcast."},
    )


class SymbolForm(RefusableForm):
    symbol = forms.CharField(
        label="Symbol or name",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "AAPL, SAMPLE:IBM, Apple…"}),
        error_messages={"required": "Give a symbol, for example SAMPLE:AAPL or MSFT."},
    )


class TrackRecordForm(RefusableForm):
    """Which track record to show: with nothing said, that of all public instruments and all methods."""

    symbol = forms.CharField(
        label="Instrument",
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "All of them"}),
    )
    method = forms.ChoiceField(
        choices=[
            ("", "All methods"),
            *((value, label.capitalize()) for value, label in Forecast.Method.choices),
        ],
        required=False,
        error_messages={"invalid_choice": "There is no such method."},
    )
    steps = forms.ChoiceField(
        label="Horizon",
        choices=list(STEP_GROUPS.items()),
        required=False,
        error_messages={"invalid_choice": "There is no such group of sessions."},
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="record_%s", label_suffix="")

    def clean_symbol(self) -> str:
        return printable(self.cleaned_data["symbol"])

    def clean_steps(self) -> str:
        return str(self.cleaned_data["steps"] or ALL_STEPS)


FIND_OUT = ("", "Find out from the file")
DATE_ORDERS = [
    FIND_OUT,
    ("ymd", "Year, month, day: 2012-06-29"),
    ("dmy", "Day, month, year: 29.06.2012"),
    ("mdy", "Month, day, year: 06/29/2012"),
]
# The ones that people mostly want; the API takes any that forecasts.calendars knows.
CALENDARS = [
    ("", "Find out from the prices"),
    (EVERY_DAY, "Every day, as cryptocurrencies"),
    (WEEKDAYS, "Monday to Friday, without holidays"),
    ("XNYS", "New York"), ("XTSE", "Toronto"), ("XMEX", "Mexico"), ("BVMF", "São Paulo"),
    ("XLON", "London"), ("XETR", "Frankfurt (Xetra)"), ("XPAR", "Paris"), ("XAMS", "Amsterdam"),
    ("XMIL", "Milan"), ("XMAD", "Madrid"), ("XSWX", "Zurich"), ("XWBO", "Vienna"), ("XSTO", "Stockholm"),
    ("XCSE", "Copenhagen"), ("XOSL", "Oslo"), ("XHEL", "Helsinki"), ("XWAR", "Warsaw"),
    ("XJSE", "Johannesburg"), ("XTKS", "Tokyo"), ("XHKG", "Hong Kong"), ("XSHG", "Shanghai"),
    ("XKRX", "Seoul"), ("XTAI", "Taipei"), ("XBOM", "Mumbai"), ("XSES", "Singapore"), ("XASX", "Sydney"),
    ("XNZE", "Wellington"),
]  # fmt: skip
DECIMALS = [FIND_OUT, (".", "Point: 12.5"), (",", "Comma: 12,5")]


class ReadingForm(RefusableForm):
    """What the owner of a file of prices knows of it."""

    name = forms.CharField(
        label="Name",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "MY-FUND"}),
        help_text="Letters, digits, dashes and underscores. The symbol will be UPLOAD: and this name.",
        error_messages={"required": "Give the prices a name, such as MY-FUND."},
    )
    date_order = forms.ChoiceField(label="Order of dates", choices=DATE_ORDERS, required=False)
    decimal = forms.ChoiceField(label="Decimal mark", choices=DECIMALS, required=False)
    calendar = forms.CharField(
        label="Trading days",
        max_length=20,
        required=False,
        widget=forms.Select(choices=CALENDARS),
    )
    currency = forms.CharField(
        label="Currency",
        max_length=10,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "USD"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self._offer(self.initial.get("calendar"))

    def _offer(self, calendar: str | None) -> None:
        """Let a calendar that was chosen elsewhere stand among the choices."""
        select = cast(forms.Select, self.fields["calendar"].widget)
        if calendar and calendar not in dict(CALENDARS):
            select.choices = [*select.choices, (calendar, calendar)]

    def options(self) -> Options:
        """Return what was filled in; what was left empty is to be found out."""
        said = {name: value or None for name, value in self.cleaned_data.items()}
        return Options(
            date_order=said["date_order"],
            decimal=said["decimal"],
            calendar=said["calendar"],
            currency=said["currency"],
        )


class UploadForm(ReadingForm):
    file = forms.FileField(
        label="File",
        help_text="CSV or Parquet, with dates and prices in columns. Up to 20 MB and 200,000 rows.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.parquet"}),
        error_messages={
            "required": "Choose a file.",
            "empty": "This file is empty. Choose one with prices in it.",
            "invalid": "This is no file. Choose one with prices in it.",
        },
    )
    field_order = ["file", "name"]


class AlertRuleForm(RefusableForm):
    """What to be told of; the fields that a kind needs are checked by the service."""

    kind = forms.ChoiceField(
        label="Tell me of",
        choices=[(value, f"{label[:1].upper()}{label[1:]}") for value, label in AlertRule.Kind.choices],
    )
    band = forms.TypedChoiceField(
        choices=[(band, f"{band} %") for band in ALERT_BANDS], coerce=int, empty_value=None, required=False
    )
    price = forms.FloatField(
        required=False,
        widget=forms.NumberInput(attrs={"step": "any", "min": "0", "inputmode": "decimal"}),
        error_messages={"invalid": PRICE_WORDS},
    )
    threshold = forms.FloatField(
        label="From a chance of (%)",
        required=False,
        initial=50,
        widget=forms.NumberInput(attrs={"step": "any", "min": "0", "max": "100", "inputmode": "decimal"}),
        error_messages={"invalid": "Give the chance in per cent, such as 50."},
    )
    method = forms.ChoiceField(
        label="By forecasts of", choices=[("", "Any method"), *METHODS], required=False
    )
    by_email = forms.BooleanField(label="By e-mail too", required=False)
    by_webhook = forms.BooleanField(label="To my webhooks too", required=False)

    def __init__(self, data: Any = None, *, mail: bool, **kwargs: Any) -> None:
        super().__init__(data, label_suffix="", **kwargs)
        self.fields["by_email"].disabled = not mail

    def wish(self, **subject: Any) -> RuleWish:
        """Return what is wished for, of a symbol or a watchlist, without the fields of other kinds."""
        given = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        if "threshold" in given:
            given["threshold"] /= 100
        kept = {"kind", "by_email", "by_webhook", *RULE_DETAILS[given["kind"]]}
        return RuleWish(**{name: value for name, value in given.items() if name in kept}, **subject)


class AlertChannelsForm(forms.Form):
    """How a rule reaches its owner beside the site, and whether it is paused."""

    is_active = forms.BooleanField(label="Active", required=False)
    by_email = forms.BooleanField(label="By e-mail", required=False)
    by_webhook = forms.BooleanField(label="To my webhooks", required=False)

    def __init__(self, rule: AlertRule, data: Any = None, *, mail: bool) -> None:
        initial = model_to_dict(rule, fields=["is_active", "by_email", "by_webhook"])
        super().__init__(data, initial=initial, label_suffix="")
        self.fields["by_email"].disabled = not (mail or rule.by_email)


class NotificationsForm(RefusableForm):
    email_alerts = forms.BooleanField(
        label="Alerts by e-mail, at once, where an alert is set so", required=False
    )
    daily_digest = forms.BooleanField(
        label="A daily digest: alerts, scheduled forecasts, and closes outside their bands", required=False
    )
    digest_hour = forms.TypedChoiceField(
        label="The digest comes at (UTC)",
        choices=[(hour, f"{hour:02d}:00") for hour in range(24)],
        coerce=int,
    )
