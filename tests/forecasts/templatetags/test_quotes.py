"""How numbers read."""

import pytest

from forecasts.templatetags import quotes


@pytest.mark.parametrize(
    ("value", "like", "text"),
    [(1234.5, None, "1,234.50"), (1.0812, None, "1.0812"), (9.5, 120.0, "9.50"), (None, None, "–")],
)
def test_price(value: float | None, like: float | None, text: str) -> None:
    assert quotes.price(value, like) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123, "+1.2 %"), (-0.05, "−5.0 %"), (0.0, "0.0 %"), (-0.0001, "0.0 %"), (None, "–")],
)
def test_change_is_signed(value: float | None, text: str) -> None:
    assert quotes.change(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.8, "80 %"), (0.0, "0 %"), (None, "–")])
def test_percent(value: float | None, text: str) -> None:
    assert quotes.percent(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.0004, "< 0.001"), (0.034, "0.034"), (None, "–")])
def test_p_value(value: float | None, text: str) -> None:
    assert quotes.p_value(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.00912, "9.12"), (None, "–")])
def test_per_mille(value: float | None, text: str) -> None:
    assert quotes.per_mille(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.1, "up"), (-0.1, "down"), (0.0, "flat"), (None, "flat")])
def test_tone(value: float | None, text: str) -> None:
    assert quotes.tone(value) == text


def test_method_names_are_words() -> None:
    names = [quotes.method_name(name) for name in ("model", "fine-tuned", "garch")]

    assert names == ["This model", "fine-tuned", "garch"]


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (0.1, "0.1"), (1 / 3, "0.333333"), (10.0, "10"), (0.985621, "0.985621")]
)
def test_a_ratio_has_no_zeros_at_its_end(value: float, text: str) -> None:
    assert quotes.ratio(value) == text


@pytest.mark.parametrize(
    ("currency", "said"),
    [
        ("USD", "USD"),
        ("GBP", "GBP"),
        ("GBp", "GBp (prices in pence)"),
        ("ILA", "ILA (prices in agorot)"),
        ("ZAc", "ZAc (prices in cents)"),
        ("", ""),
    ],
)
def test_hundredths_of_a_currency_are_said_in_words(currency: str, said: str) -> None:
    assert quotes.unit(currency) == said
