from benchmarks.ledger import Load, Run, loads, report, weekdays


def test_both_loads_are_of_a_hundred_thousand_points() -> None:
    assert [load.points for load in loads(1.0)] == [100_000, 100_000]
    assert Load("", 3, 2, 4).points == 120


def test_days_are_weekdays_by_rising_date() -> None:
    days = weekdays()

    assert (len(days), days == sorted(days), {day.weekday() for day in days} <= set(range(5))) == (
        60,
        True,
        True,
    )


def test_speed_is_of_the_median_round() -> None:
    runs = [Run("a day", 1000, seconds) for seconds in (1.0, 2.0, 30.0)]

    header, row = report(runs).splitlines()

    assert header.split() == ["points", "seconds", "points/minute"]
    assert row.split() == ["a", "day", "1,000", "2.00", "30,000"]
