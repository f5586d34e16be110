"""Which scheduled forecasts are due, and asking for them as their owners would."""
