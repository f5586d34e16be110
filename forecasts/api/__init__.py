"""The REST API of instruments, watchlists and forecasts; its reference is docs/api.md."""
