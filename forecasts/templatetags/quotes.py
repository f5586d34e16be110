"""How numbers and methods read on a page."""

from django import template

from forecasts.charts import price_decimals
from forecasts.exchanges import exchange_name
from forecasts.market_data import source_name
from forecasts.models import Forecast
from forecasts.services import is_live_symbol, new_symbol_of

register = template.Library()
register.filter(source_name)
register.filter(exchange_name)
register.filter(new_symbol_of)
register.filter(is_live_symbol)

NOTHING = "–"
# Currencies whose prices come in hundredths, as sources write them.
HUNDREDTHS = {"GBp": "pence", "GBX": "pence", "ILA": "agorot", "ZAc": "cents"}
METHOD_NAMES = {
    "model": "This model",
    "random-walk": "Random walk with EWMA volatility (the naive cone)",
    "drift": "Random walk with drift",
    "historical": "Historical simulation",
    "filtered-historical": "Filtered historical simulation",
    "garch-t": "GARCH(1,1) with Student’s t",
    "gjr-garch-skewt": "GJR-GARCH with skewed t",
    "theta": "Theta method",
    "gradient-boosting": "Gradient-boosted quantiles",
    "tutorial-lstm": "The LSTM of the tutorials",
    **dict(Forecast.Method.choices),
}


@register.filter
def price(value: float | None, like: float | None = None) -> str:
    """Write a price with the decimals that suit it, or suit `like`, so that a table keeps to one number."""
    return NOTHING if value is None else f"{value:,.{price_decimals(like or value)}f}"


@register.filter
def ratio(value: float) -> str:
    """Write a factor, or an amount per share, with at most six figures and no zeros at the end."""
    return f"{value:.6g}"


@register.filter
def change(value: float | None, decimals: int = 1) -> str:
    """Write a fraction as a signed percentage, with a real minus sign."""
    if value is None:
        return NOTHING
    text = f"{100 * value:+.{decimals}f} %".replace("-", "−")
    return text.lstrip("+−") if not float(f"{100 * value:.{decimals}f}") else text


@register.filter
def unit(currency: str) -> str:
    """Write a currency, and in words what one of its prices is where it is a hundredth."""
    return f"{currency} (prices in {HUNDREDTHS[currency]})" if currency in HUNDREDTHS else currency


@register.filter
def percent(value: float | None, decimals: int = 0) -> str:
    """Write a fraction as a percentage."""
    return NOTHING if value is None else f"{100 * value:.{decimals}f} %"


@register.filter
def chance(value: float) -> str:
    """Write a probability as a percentage; the smallest and the largest are no certainties."""
    if 0 < value < 0.005:
        return "< 1 %"
    return "> 99 %" if 0.995 <= value < 1 else f"{100 * value:.0f} %"


@register.filter
def score(value: float | None, decimals: int = 3) -> str:
    return NOTHING if value is None else f"{value:.{decimals}f}"


@register.filter
def per_mille(value: float | None) -> str:
    """Write a score of returns a thousandfold, so that its digits are not all zeros."""
    return NOTHING if value is None else f"{1000 * value:.2f}"


@register.filter
def p_value(value: float | None) -> str:
    """Write a p-value as papers do; the smallest have no digits worth reading."""
    if value is None:
        return NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


@register.filter
def tone(value: float | None) -> str:
    """Name the class of a rise or a fall."""
    return "up" if value and value > 0 else "down" if value and value < 0 else "flat"


@register.filter
def words(name: str) -> str:
    """Write a setting's name without underscores."""
    return name.replace("_", " ")


@register.filter
def method_name(method: str) -> str:
    return METHOD_NAMES.get(method, method)
