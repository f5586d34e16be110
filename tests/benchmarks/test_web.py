from benchmarks.web import Visit, report


def test_a_pages_times_stand_in_its_line() -> None:
    lines = report([Visit("chart, all", 300.5, 70.1, 90.0, 50.2, 5, 236_300)]).splitlines()

    assert lines[1].split() == ["chart,", "all", "300.5", "70.1", "90.0", "50.2", "5", "236.3"]
