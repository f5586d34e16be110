"""What people fill in."""

from datetime import date

import pytest

from forecasts.errors import RequestRefused
from forecasts.forms import ForecastForm, SymbolForm


def test_forecast_form_begins_with_the_services_defaults() -> None:
    form = ForecastForm()

    assert (form["horizon"].value(), form["method"].value(), form["as_of"].value()) == (
        20,
        "fine-tuned",
        None,
    )


def test_forecast_form_reads_what_a_service_takes() -> None:
    form = ForecastForm({"horizon": "5", "method": "house", "as_of": "2012-06-29"})

    assert form.is_valid()
    assert form.cleaned_data == {"method": "house", "horizon": 5, "as_of": date(2012, 6, 29)}


@pytest.mark.parametrize("as_of", ["29/06", "2012-13-01", "yesterday"])
def test_forecast_form_says_how_a_date_is_written(as_of: str) -> None:
    form = ForecastForm({"horizon": "5", "method": "house", "as_of": as_of})

    assert form.errors == {"as_of": ["Give a date such as 2012-06-29, or leave it empty."]}


@pytest.mark.parametrize(("field", "place"), [("symbol", "symbol"), ("owner", "__all__"), (None, "__all__")])
def test_refuse_puts_the_words_beside_the_field_if_there_is_one(field: str | None, place: str) -> None:
    form = SymbolForm({"symbol": "AAPL"})

    form.refuse(RequestRefused("Not this.", field=field))

    assert form.errors == {place: ["Not this."]}
