"""Every address of the site, by app."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from stockcast_site import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("forecasts.urls")),
    path("account/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("forecasts.api.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
