import pytest

from accounts import scopes


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ([], set()),
        (["read"], {"read"}),
        (["write"], {"forecasts:write", "watchlists:write", "alerts:write"}),
        (["write", "account"], {"forecasts:write", "watchlists:write", "alerts:write", "account"}),
    ],
)
def test_expand_spells_write_out(given, meant):
    assert scopes.expand(given) == meant


def test_ordered_drops_repeats():
    assert scopes.ordered(["account", "read", "read"]) == ["read", "account"]
