import pytest

from accounts.models import AuthToken, User

NEW = {"email": "New@example.com", "usable_password": "true", "password1": "tromboni volanti"}


@pytest.fixture
def admin(client, db):
    client.force_login(User.objects.create_superuser("root@example.com", "secret"))
    return client


def test_admin_finds_a_user_by_address(admin, user):
    page = admin.get("/admin/accounts/user/", {"q": "ADA@"})

    assert [row.email for row in page.context["cl"].result_list] == ["ada@example.com"]


def test_admin_makes_a_user_by_address(admin):
    admin.post("/admin/accounts/user/add/", NEW | {"password2": "tromboni volanti"})

    assert User.objects.get(email="new@example.com").check_password("tromboni volanti")


def test_admin_opens_a_user(admin, user):
    assert admin.get(f"/admin/accounts/user/{user.pk}/change/").status_code == 200


def test_admin_shows_and_revokes_tokens_but_makes_none(admin, make_token):
    token = make_token()
    page = f"/admin/accounts/authtoken/{token.pk}/"

    assert token.digest not in admin.get(f"{page}change/").context["adminform"].form.fields
    assert admin.get("/admin/accounts/authtoken/add/").status_code == 403
    admin.post(f"{page}delete/", {"post": "yes"})

    assert not AuthToken.objects.exists()


def test_admin_is_closed_to_ordinary_users(signed_in):
    assert signed_in.get("/admin/accounts/user/").status_code == 302
