"""StockCast's forecast engine: price histories in, calibrated quantiles of future prices out.

It knows no Django, no network, no clock and no exchange calendar. Import what you need from its modules:
importing the package itself loads nothing, importing `ml_engine.forecaster` loads torch.
"""
