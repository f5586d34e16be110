"""The API's documentation, and what is answered where there is nothing."""

from typing import Any

from drf_spectacular.views import SpectacularAPIView as SchemaView
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.exceptions import NotFound
from rest_framework.views import APIView

__all__ = ["DocsView", "NothingHereView", "SchemaView"]


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI in a page of our own, whose style is a file: so it obeys the site's strict CSP."""

    url_name = "api:schema"
    template_name = "forecasts/api_docs.html"


class NothingHereView(APIView):
    """Say in the API's shape that an address is wrong, above all that it lacks its final slash.

    Django would redirect a POST that lacks it, and most clients then send a GET.
    """

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    schema = None

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        path = request.path
        hint = "" if path.endswith("/") else f" Addresses of the API end with a slash: try {path}/"
        raise NotFound(f"There is nothing at {path[:200]}.{hint}")
