import pytest
from django.core.exceptions import ImproperlyConfigured
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from accounts.api.permissions import HasScope


class Watchlists(APIView):
    write_scope = "watchlists:write"

    def get(self, _request):
        return Response("read")

    def post(self, _request):
        return Response("written")


class Undeclared(Watchlists):
    write_scope = None


def answer(method, user, token=None, view=Watchlists):
    request = getattr(APIRequestFactory(), method)("/")
    if user:
        force_authenticate(request, user, token)
    return view.as_view()(request)


@pytest.mark.parametrize(
    ("scope", "get", "post"),
    [
        ("read", 200, 403),
        ("watchlists:write", 403, 200),
        ("write", 403, 200),
        ("forecasts:write", 403, 403),
        ("account", 403, 403),
    ],
)
def test_a_token_may_do_what_its_scope_says(user, make_token, scope, get, post):
    token = make_token(scope)

    assert (answer("get", user, token).status_code, answer("post", user, token).status_code) == (get, post)


def test_a_refusal_names_the_missing_scope(user, make_token):
    response = answer("post", user, make_token("read"))

    assert response.data["errors"][0]["detail"] == (
        "This token lacks the scope “watchlists:write”. Make one that has it on the account page."
    )


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_signed_in_browser_holds_every_scope(user, method):
    assert answer(method, user).status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_is_asked_who_they_are(db, method):
    assert answer(method, None).status_code == 401


def test_a_method_that_the_view_lacks_is_405_whatever_the_token(user, make_token):
    assert answer("delete", user, make_token("read")).status_code == 405


def test_a_view_that_writes_must_say_which_scope_it_takes(user):
    request = APIRequestFactory().post("/")
    request.user, request.auth = user, None

    with pytest.raises(ImproperlyConfigured, match=r"Undeclared\.write_scope"):
        HasScope().has_permission(request, Undeclared())
