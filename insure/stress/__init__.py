"""Stress: what gaps, crises, thin markets and crowds do to a fund as it stands, and what it would take to break it.

``stress(position)`` answers with one object that has all tables: the gap ladder, crises and synthetic shapes driven by
the decisions of live, seven strategies beside the fund on each, the herd, and reverse stress.
"""

from insure.stress.gaps import gap_ladder, survivable
from insure.stress.herd import Market, herd
from insure.stress.journey import Journey, drive
from insure.stress.jumps import FittedJumps, fit_jumps
from insure.stress.pack import Pack, StressResult, crises, standard_pack, stress
from insure.stress.position import Position
from insure.stress.reverse import reverse_stress

__all__ = [
    "FittedJumps",
    "Journey",
    "Market",
    "Pack",
    "Position",
    "StressResult",
    "crises",
    "drive",
    "fit_jumps",
    "gap_ladder",
    "herd",
    "reverse_stress",
    "standard_pack",
    "stress",
    "survivable",
]
