"""The page that tells how good an instrument's stored prices are."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from forecasts.errors import RequestRefused
from forecasts.quality import quality_of
from forecasts.services import find_instrument
from forecasts.views.instruments import reader_of, strangers_see_samples


@require_safe
@strangers_see_samples
def instrument_quality(request: HttpRequest, symbol: str) -> HttpResponse:
    try:
        instrument = find_instrument(user=reader_of(request), symbol=symbol)
    except RequestRefused as refusal:
        raise Http404(refusal.message) from refusal
    context = {"instrument": instrument, "quality": quality_of(instrument)}
    return render(request, "forecasts/instrument_quality.html", context)
