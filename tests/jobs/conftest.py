"""A small published lake, made once; tests copy it."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from tests.jobs.places import Place
from tests.jobs.worlds import cut_worlds
from warehouse.engine import using

TWO_WORLDS = cut_worlds(2, seed=1, batches=2)


@pytest.fixture(scope="session")
def small_lake(spark_session: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A place whose whole pipeline has taken in the first batch."""
    place = Place.new(tmp_path_factory.mktemp("small") / "shop")
    TWO_WORLDS.land(place.landing, 0)
    with using(spark_session):
        place.run_here(spark_session)
    return place


@pytest.fixture(scope="session")
def with_a_new_batch(small_lake: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The same, and the second batch has landed."""
    place = small_lake.copy(tmp_path_factory.mktemp("small") / "with_a_new_batch")
    TWO_WORLDS.land(place.landing, 1)
    return place
