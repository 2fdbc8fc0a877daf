"""Strategies: one method of protection a file, each a frozen value with one plain scalar rule."""

from insure.strategies.buy_and_hold import BuyAndHold
from insure.strategies.constant_mix import ConstantMix
from insure.strategies.cppi import Cppi
from insure.strategies.delta_neutral import DeltaNeutral, Option
from insure.strategies.hybrid import Hybrid
from insure.strategies.legs import Leg
from insure.strategies.rule import Opening, Rule, Sight, Start, State, Strategy, Terms
from insure.strategies.static_put import StaticPut
from insure.strategies.stop_loss import StopLoss
from insure.strategies.synthetic_put import SyntheticPut
from insure.strategies.tipp import Tipp

__all__ = [
    "BuyAndHold",
    "ConstantMix",
    "Cppi",
    "DeltaNeutral",
    "Hybrid",
    "Leg",
    "Opening",
    "Option",
    "Rule",
    "Sight",
    "Start",
    "State",
    "StaticPut",
    "StopLoss",
    "Strategy",
    "SyntheticPut",
    "Terms",
    "Tipp",
]
