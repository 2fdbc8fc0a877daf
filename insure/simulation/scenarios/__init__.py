"""Scenarios: paths of the market with their trading conditions, and the shapes that draw them.

A shape is a frozen value (its parameters, checked when it is made) with ``path(spot, rate=..., vol=...)``, which begins
at today's spot, rate and volatility. A crisis (``insure.simulation.crises``) turns into the same ``Scenario``; a
scenario file (``insure.simulation.scenario_file``) holds either, or a path of one's own. Moves are fractions (0.2 is
20 %), rates and volatilities per year as everywhere.
"""

from insure.simulation.scenarios.drawn import Drawn, Point
from insure.simulation.scenarios.falls import Gap, Grind, MeltUp, Rebound, Whipsaw
from insure.simulation.scenarios.frictions import CashHaircut, Outage, PartialFill, RatesDown, VolatilitySpike
from insure.simulation.scenarios.path import SESSION, Scenario, Step
from insure.simulation.scenarios.shape import Shape, Synthetic

__all__ = [
    "SESSION",
    "CashHaircut",
    "Drawn",
    "Gap",
    "Grind",
    "MeltUp",
    "Outage",
    "PartialFill",
    "Point",
    "RatesDown",
    "Rebound",
    "Scenario",
    "Shape",
    "Step",
    "Synthetic",
    "VolatilitySpike",
    "Whipsaw",
    "synthetic",
]


def synthetic() -> tuple[Shape, ...]:
    """The ten shapes at their defaults: the synthetic part of the standard pack."""
    return (
        Gap(),
        Grind(),
        Rebound(),
        Whipsaw(),
        MeltUp(),
        VolatilitySpike(),
        RatesDown(),
        CashHaircut(),
        Outage(),
        PartialFill(),
    )
