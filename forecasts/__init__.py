"""Instruments, watchlists and forecasts: what people ask for, what workers do, and how it is shown."""
