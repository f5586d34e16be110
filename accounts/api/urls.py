from django.urls import path
from rest_framework.routers import SimpleRouter

from accounts.api import (
    schema,  # noqa: F401 - importing it is what registers it
    views,
)

router = SimpleRouter(use_regex_path=False)
router.register("tokens", views.TokenViewSet, basename="token")

app_name = "accounts_api"
urlpatterns = [path("me/", views.MeView.as_view(), name="me"), *router.urls]
