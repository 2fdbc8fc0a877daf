"""What a service hears of people between its passes: which contracts are agreed on, and what was said to proposals."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from insure.book import Book
from insure.book.alerts import RaisedAlert
from insure.book.duty import Duty, looking, on_duty
from insure.controls.agreement import Agreement
from insure.controls.approvals import Proposal
from insure.errors import BookError
from insure.fund import Fund
from schedules.desk import Desk
from schedules.people.approving import CONTRACT_WAITS, agreed, propose, waiting
from schedules.people.lapsing import lapse, unanswered


@dataclass(slots=True)
class Agreed:
    """What became of the fund files that were new or waited."""

    found: list[Agreement] = field(default_factory=list)
    doubts: dict[str, str] = field(default_factory=dict)
    """Why a fund's contract could not be found out, by fund."""
    raised: list[RaisedAlert] = field(default_factory=list)


class Hearing:
    """The ears of one service; it may be thrown away and made anew at any moment, the book knows the rest."""

    def __init__(self, desk: Desk, book: Book) -> None:
        """``desk`` says who may speak; ``book`` is where it stands what they said."""
        self._desk = desk
        self._book = book
        self._files: dict[str, Fund] = {}
        self._asked: set[str] = set()
        self._heard = 0
        self.proposals: dict[int, Proposal] = {}
        """Those that wait, and trades that are approved."""
        self.doubts: Mapping[str, str] = {}
        """Why what was proposed or said of a fund cannot be read, by fund: nothing of it is decided until then."""

    def read(self, file: Fund) -> None:
        """A fund file that is new, or was changed."""
        self._files[file.id] = file

    def forget(self, fund_id: str) -> None:
        """A fund file that is gone."""
        self._files.pop(fund_id, None)

    def agree(self) -> Agreed:
        """Which contract is in force of every fund whose file is new, or waits for people; people are called once.

        Raises:
            BookError: the database refuses; what was read stays to be agreed on.
        """
        done = Agreed()
        if not self._files:
            return done
        with looking(self._book) as duty:
            for file in self._files.values():
                try:
                    done.found.append(agreed(duty, file, self._desk.terms.people))
                except BookError as error:
                    done.doubts[file.id] = str(error)
        waits = [one for one in done.found if one.wanted]
        over = self._asked - {one.file.id for one in waits}
        if waits or over:
            with on_duty(self._book) as duty:
                now = self._desk.clock()
                called = [propose(duty, one, now) for one in waits]
                for fund_id in over:
                    duty.close_over(fund_id, (CONTRACT_WAITS,), now)
            done.raised.extend(one for one in called if one is not None)
        for one in done.found:
            if not one.wanted:
                del self._files[one.file.id]
        self._asked = {one.file.id for one in waits}
        return done

    def listen(self, duty: Duty, contracts: Mapping[str, Fund], now: dt.datetime) -> list[Proposal]:
        """Hear what people said; proposals that can no longer be answered, of which the book does not know it yet.

        Args:
            duty: to read through.
            contracts: in force, by fund.
            now: the clock.
        """
        heard = waiting(duty, now, self._heard)
        found, self.doubts = heard.proposals, heard.doubts
        self.proposals = {
            one.number: one
            for one in found
            if one.state(now) == "waits" or (one.subject == "trade" and one.state(now) == "approved")
        }
        over = [one for one in found if unanswered(duty, contracts.get(one.fund_id), one, now)]
        if not self.doubts:
            left = [*self.proposals, *(one.number for one in over)]
            self._heard = min(left, default=max((one.number for one in found), default=self._heard + 1)) - 1
        return over

    def lapse(self, over: Sequence[Proposal], contracts: Mapping[str, Fund], now: dt.datetime) -> list[RaisedAlert]:
        """Write that proposals lapsed; the alerts that call people.

        Raises:
            BookError: the database refuses; the next pass finds them again.
        """
        if not over:
            return []
        with on_duty(self._book) as duty:
            return [
                alert
                for one in over
                for alert in lapse(duty, contracts.get(one.fund_id), one.number, now, calls=not self._replaced(one))
            ]

    def approved(self, fund_id: str, now: dt.datetime) -> list[Proposal]:
        """Trades of a fund that enough people have approved."""
        of_fund = [one for one in self.proposals.values() if one.fund_id == fund_id and one.subject == "trade"]
        return [one for one in of_fund if one.state(now) == "approved"]

    def _replaced(self, one: Proposal) -> bool:
        """Whether a contract was proposed that no file holds any more, or that is in force by now."""
        file = self._files.get(one.fund_id)
        return one.subject == "contract" and (file is None or file.config_sha256 != one.binds_to)
