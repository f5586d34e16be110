"""What to think of forecasts now, for templates that show a badge of trust."""

from collections.abc import Iterable

from django import template

from forecasts import trust
from forecasts.models import ForecastRequest

register = template.Library()
register.filter("standing", trust.standing)


@register.filter
def with_standing(requests: Iterable[ForecastRequest]) -> list[ForecastRequest]:
    """Return the same requests, those that succeeded decided on all at once."""
    listed = list(requests)
    trust.standings([request.result for request in listed if request.result])
    return listed
