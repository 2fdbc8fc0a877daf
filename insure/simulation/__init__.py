"""The laboratory: fast, exact, attributed slippage of a protected fund against the true put.

``simulate`` runs one strategy, ``compare`` several on the same paths, ``sweep`` every way to trade them; ``rare`` finds
breaches too rare to wait for; ``calibration`` makes models out of a history. Importing this package loads neither the
compiler nor pandas; the first study compiles what it needs (told through ``progress``) and keeps it in the user's cache
folder.
"""

from insure.simulation.engine import Progress, Recipe, Trading
from insure.simulation.greeks import greeks
from insure.simulation.market import Market
from insure.simulation.models import (
    GBM,
    Bates,
    Bootstrap,
    FilteredHistory,
    Heston,
    Kou,
    Merton,
    Model,
    RegimeSwitching,
)
from insure.simulation.rare import Rare, rare
from insure.simulation.simulate import Comparison, compare, simulate
from insure.simulation.study import Figure, Study
from insure.simulation.sweep import Sweep, sweep, variants

__all__ = [
    "GBM",
    "Bates",
    "Bootstrap",
    "Comparison",
    "Figure",
    "FilteredHistory",
    "Heston",
    "Kou",
    "Market",
    "Merton",
    "Model",
    "Progress",
    "Rare",
    "Recipe",
    "RegimeSwitching",
    "Study",
    "Sweep",
    "Trading",
    "compare",
    "greeks",
    "rare",
    "simulate",
    "sweep",
    "variants",
]
