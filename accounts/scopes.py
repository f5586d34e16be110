"""What a token may be allowed to do."""

from collections.abc import Iterable

READ = "read"
ACCOUNT = "account"
WRITE = "write"  # stands for every `…:write`

DESCRIPTIONS = {
    READ: "See instruments, forecasts and watchlists",
    "forecasts:write": "Ask for forecasts, cancel and delete them; upload prices to forecast",
    "watchlists:write": "Create, change and delete watchlists",
    "alerts:write": "Set, change and delete alerts and webhooks",
    WRITE: "All that end in :write, also those that are added later",
    ACCOUNT: "See, make and revoke tokens",
}
ALL = frozenset(DESCRIPTIONS) - {WRITE}


def expand(scopes: Iterable[str]) -> frozenset[str]:
    """Return `scopes` with `write` spelled out as every scope it stands for."""
    held = frozenset(scopes)
    if WRITE in held:
        held = held - {WRITE} | {scope for scope in ALL if scope.endswith(":write")}
    return held


def ordered(scopes: Iterable[str]) -> list[str]:
    """Return each of `scopes` once, in the order in which people are shown them."""
    asked = set(scopes)
    return [scope for scope in DESCRIPTIONS if scope in asked]
