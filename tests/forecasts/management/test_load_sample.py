import pytest
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries


@pytest.mark.django_db
def test_loading_the_sample_again_costs_two_look_ups(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    call_command("load_sample", verbosity=0)

    with django_assert_num_queries(2) as captured:
        call_command("load_sample", verbosity=0)

    assert all(query["sql"].startswith("SELECT") for query in captured.captured_queries)
