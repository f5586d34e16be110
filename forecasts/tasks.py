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


@shared_task(name="forecasts.replay")
def replay(replay_id: str) -> None:
    from forecasts import pipeline

    pipeline.replay(replay_id)


# Training may take hours; whoever hears its message again meanwhile finds the place in training taken.
@shared_task(name="forecasts.retrain_monthly", soft_time_limit=4 * 3600, time_limit=4 * 3600 + 600)
def retrain_monthly() -> None:
    from forecasts import pipeline

    pipeline.retrain_monthly()


@shared_task(name="forecasts.judge_challenger")
def judge_challenger() -> None:
    from forecasts import pipeline

    pipeline.judge_challenger()


@shared_task(name="forecasts.score_due")
def score_due() -> None:
    from forecasts import pipeline

    pipeline.score_due()


@shared_task(name="forecasts.update_records")
def update_records() -> None:
    from forecasts import pipeline

    pipeline.update_records()


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


@shared_task(name="forecasts.deliver_due")
def deliver_due() -> None:
    from forecasts.alerts import deliveries

    deliveries.deliver_due()


@shared_task(name="forecasts.schedule_due")
def schedule_due() -> None:
    from forecasts import scheduling

    scheduling.schedule_due()


@shared_task(name="forecasts.raise_alerts")
def raise_alerts() -> None:
    from forecasts.alerts import raising

    raising.raise_alerts()


@shared_task(name="forecasts.send_digests")
def send_digests() -> None:
    from forecasts.alerts import digests

    digests.send_digests()
