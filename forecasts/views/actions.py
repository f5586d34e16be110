"""Views that change something."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

View = Callable[..., HttpResponse]


def action(shown_at: str) -> Callable[[View], View]:
    """Let a view run for a POST by somebody signed in.

    Asked for in another way, as when signing in again leads back to it, it changes nothing and leads to the
    page `shown_at`, which has the same arguments.
    """

    def wrap(view: View) -> View:
        signed_in: View = login_required(view)

        @wraps(view)
        def run(request: HttpRequest, **arguments: Any) -> HttpResponse:
            if request.method != "POST":
                return HttpResponseRedirect(reverse(shown_at, kwargs=arguments))
            return signed_in(request, **arguments)

        return run

    return wrap
