"""What a compliance report needs besides decisions: verification, versions, controls, alerts, contracts."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from insure.book.agreed import KeptAlert, KeptContract
from insure.compliance.controls import ControlsFacts
from insure.compliance.flows import OrderedFlow
from insure.compliance.standings import Standings
from insure.controls.counterfactual import Judged
from insure.orders import OrderState
from reports.compliance.stress import StressPacks


@dataclass(frozen=True, slots=True)
class Evidence:
    """Handed in by whoever asks for the report; what is None was not looked at, and the report says so."""

    verified: bool | None = None
    """Whether the book, its chain and its anchors were found whole."""
    verification: str = "the book was not verified for this report"
    """What was looked at and found, a sentence without its full stop; nothing in it may grow with the book."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    """Version by distribution."""
    calendar_release: str = ""
    controls: ControlsFacts | None = None
    """Of the period, out of the chain."""
    judged: tuple[Judged, ...] = ()
    """Every override of the fund up to the end of the period, with what it earned against the rule."""
    standings: Standings | None = None
    """Where controls stood when the period began and when it was over."""
    alerts: tuple[KeptAlert, ...] | None = None
    """Of the fund and of the whole desk, as they stood when the period was over."""
    contracts: tuple[KeptContract, ...] = ()
    """Every contract of the fund that was in force up to the end of the period."""
    entries: Mapping[tuple[dt.date, str], int] = field(default_factory=dict)
    """Sequence on the chain by session and slot, for the slots of the period."""
    flows: tuple[OrderedFlow, ...] | None = None
    """Every flow of the fund that was ordered up to the anchor; None where nobody looked for them."""
    orders: Mapping[str, OrderState] | None = None
    """Where each order of the period stood at the anchor; None where nobody looked."""
    stress: StressPacks | None = None
    """Kept stress reports of the period and before it; None where nobody looked for them."""
