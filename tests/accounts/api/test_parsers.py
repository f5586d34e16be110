import pytest

TOKENS = "/api/v1/tokens/"


def nested(levels):
    """Return a list in a list in a list …, as JSON."""
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    "body",
    ["[" * 100_000, nested(100_000), '{"a":' * 100_000, nested(17), f'{{"name": {nested(900)}}}'],
    ids=["open", "closed", "objects", "just too deep", "deep in a field"],
)
@pytest.mark.parametrize("url", [TOKENS, "/api/v1/forecasts/"])
def test_json_nested_too_deeply_is_refused_in_words(api, url, body):
    response = api("account", "write").post(url, body, content_type="application/json")

    (error,) = response.json()["errors"]
    assert (response.status_code, error["code"]) == (400, "parse_error")
    assert "nested too deeply" in error["detail"]


@pytest.mark.parametrize("levels", [1, 15, 16])
def test_json_of_some_levels_is_read(api, levels):
    response = api("account").post(TOKENS, nested(levels), content_type="application/json")

    assert response.json()["errors"][0]["code"] == "empty_body"


def test_json_is_strict(api):
    response = api("account").post(TOKENS, '{"name": NaN}', content_type="application/json")

    assert response.json()["errors"][0]["code"] == "parse_error"
