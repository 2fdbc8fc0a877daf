"""Stress reports on the lives of ``tests.reports.lives``, computed once: few scenarios, few paths, every table."""

import datetime as dt
from functools import lru_cache

import numpy as np

from insure.simulation.scenarios import CashHaircut, Gap, Outage, PartialFill, Shape
from insure.stress import Pack, Position, StressResult, crises, stress
from reports.compliance.stress import StatedPack, stated
from reports.stress import StressReport, build
from reports.stress.assumptions import Program
from reports.stress.headline import headline, sentence
from tests.reports.lives import ANCHOR, PUT, VERSION, lived

MOMENT = 20
"""The decision after which the fund is stressed: calm, before the crash."""
PROGRAM = Program(VERSION, {"numpy": "2.3.4", "numba": "0.62.1"})
PATHS = 512


def history() -> list[float]:
    """Six years of closes with four jumps, all made up."""
    rng = np.random.default_rng(8)
    returns = rng.normal(3e-4, 0.01, 1500)
    returns[[100, 500, 900, 1300]] -= 0.07
    return [float(close) for close in 1000.0 * np.exp(np.cumsum(returns))]


def pack(model: str | None = "gbm") -> Pack:
    """A crisis with part fills, one with a halt, one from inside, and shapes of each kind."""
    shapes: tuple[Shape, ...] = (
        Gap(),
        CashHaircut(),
        Outage(),
        PartialFill(),
        *crises(["1987-10", "1997-10"]),
        *crises(["2010-05-06"], within=dt.date(2010, 5, 6)),
    )
    return Pack(shapes=shapes, model=model, paths=PATHS, seed=7, workers=1, points=True)


@lru_cache(maxsize=8)
def stressed(strategy: str = PUT, model: str | None = "gbm", moment: int = MOMENT) -> StressResult:
    """The result."""
    fund, records = lived(strategy)
    record = records[moment]
    position = Position.recorded(fund, record.after, record)
    closes = history()
    days = [record.session - dt.timedelta(days=len(closes) - 1 - k) for k in range(len(closes))]
    return stress(position, pack(model), closes, days)


@lru_cache(maxsize=8)
def stress_report(strategy: str = PUT, model: str | None = "gbm", moment: int = MOMENT) -> StressReport:
    """The report on it."""
    fund, records = lived(strategy)
    return build(fund, records[moment], stressed(strategy, model, moment), ANCHOR, PROGRAM)


def stated_pack(
    report: StressReport,
    result: StressResult,
    session: dt.date = dt.date(2008, 9, 30),
    entry: int = 88,
    page: str = "",
) -> StatedPack:
    """The row that a stress report leaves on the chain."""
    content = {
        "sentence": sentence(report),
        "session": session.isoformat(),
        "page": page or f"guarded/stress-{session}.html",
        "version": "1",
        "sha256": report.sha256,
        "figures": headline(report, result),
    }
    return stated(entry, content)
