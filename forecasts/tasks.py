"""Celery doors: one id in, one call, nothing else. The pipeline brings torch, so it is imported inside."""

from celery import shared_task


@shared_task(name="forecasts.prepare")
def prepare(forecast_id: int) -> None:
    from forecasts import pipeline

    pipeline.prepare(forecast_id)


@shared_task(name="forecasts.compute")
def compute(forecast_id: int) -> None:
    from forecasts import pipeline

    pipeline.compute(forecast_id)


@shared_task(name="forecasts.extend_evaluation")
def extend_evaluation(evaluation_id: int) -> None:
    from forecasts import pipeline

    pipeline.extend_evaluation(evaluation_id)


@shared_task(name="forecasts.sweep")
def sweep() -> None:
    from forecasts import sweeper

    sweeper.sweep()


@shared_task(name="forecasts.refresh")
def refresh(instrument_id: int) -> None:
    from forecasts import refreshing

    refreshing.refresh(instrument_id)


@shared_task(name="forecasts.refresh_in_background")
def refresh_in_background(instrument_id: int) -> None:
    from forecasts import refreshing

    refreshing.refresh_in_background(instrument_id)


@shared_task(name="forecasts.refresh_due")
def refresh_due() -> None:
    from forecasts import refreshing

    refreshing.refresh_due()


@shared_task(name="forecasts.search_symbols")
def search_symbols(text: str) -> None:
    from forecasts import symbols

    symbols.search(text)
