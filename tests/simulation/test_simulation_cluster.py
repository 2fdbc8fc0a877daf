"""Studies handed out to a cluster: the same bits as in one process, whoever computes and whoever is lost."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from insure.errors import InvalidInput
from insure.simulation import Merton, Recipe, compare, simulate
from insure.simulation import cluster as handed
from insure.simulation.engine import Arrangement
from insure.simulation.study import Study
from insure.strategies import Cppi, SyntheticPut

distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")

MODEL = Merton(0.15, 0.06, 2.0, -0.05, 0.05)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two workers in this process."""
    place = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0", protocol="inproc://"
    )
    with place:
        yield place


def study(**more: Any) -> Study:
    return simulate(Cppi(90.0), MODEL, steps=21, paths=9000, seed=5, cost_bps=10.0, **more)


def test_a_cluster_gives_the_bits_of_one_process(cluster: Any) -> None:
    alone, away = study(), study(cluster=cluster.scheduler_address)
    assert np.array_equal(alone.terminal, away.terminal)
    assert np.array_equal(alone.twin, away.twin)
    assert alone.summary().equals(away.summary())
    assert alone.attribution().equals(away.attribution())


@pytest.mark.parametrize("most", [256, 1024, 4096])
def test_any_split_gives_the_same_bits(cluster: Any, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(handed, "_MOST_PATHS", most)
    recipe = Recipe(strategies=(Cppi(90.0), SyntheticPut(90.0)), model=MODEL, steps=10, paths=5000, seed=6)
    told: list[float] = []
    away = compare(recipe, cluster=cluster.scheduler_address, progress=lambda _, done: told.append(done))
    for one, other in zip(compare(recipe).studies, away.studies, strict=True):
        assert np.array_equal(one.terminal, other.terminal)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_lost_workers_ranges_are_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of two workers is closed after the first range has come back."""
    monkeypatch.setattr(handed, "_MOST_PATHS", 256)
    alone = study()
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0", protocol="inproc://"
    ) as place:
        lost: list[str] = []

        def lose_one(_what: str, _done: float) -> None:
            if not lost:
                worker = place.workers[0]
                lost.append(worker.address)
                place.sync(worker.close, timeout=1, nanny=False)

        away = study(cluster=place.scheduler_address, progress=lose_one)
    assert lost, "no worker was lost"
    assert np.array_equal(alone.terminal, away.terminal)
    assert alone.summary().equals(away.summary())


def test_other_sources_are_refused() -> None:
    recipe = Recipe(strategies=(Cppi(90.0),), model=MODEL, steps=2, paths=256)
    with pytest.raises(InvalidInput, match="other sources"):
        handed.part(Arrangement(recipe), 0, 256, "0" * 64)
