"""What reports are called inside the folder of the reports: one name for each thing that is reported on."""

import datetime as dt
import re

from insure.book import Record, trail
from insure.decision import fund_calendar
from insure.fund import Fund
from insure.slots import slots

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def event_name(entry: trail.Entry) -> str:
    """Of the report on an event, inside the folder of the reports: the row's own sequence, so that it is made once."""
    day = entry.content["session"] if entry.kind == "run" else f"{entry.at:%Y-%m-%d}"
    name = f"event-{entry.sequence}-{day}"
    return name if entry.fund_id is None else f"{entry.fund_id}/{name}"


def rebalance_name(fund: Fund, record: Record) -> str:
    """A session's last slot by the session alone, others by their word too."""
    due = slots(fund.schedule.timing, fund_calendar(fund), record.session, record.session)
    if due and due[-1].name == record.slot:
        return f"{fund.id}/rebalance-{record.session}"
    return f"{fund.id}/rebalance-{record.session}-{re.sub(r'[^A-Za-z0-9.-]', '_', record.slot)}"


def compliance_name(fund: Fund, first: dt.date, last: dt.date) -> str:
    """Of the report on a period: one day by itself, else both ends."""
    return f"{fund.id}/compliance-{first}" if first == last else f"{fund.id}/compliance-{first}-to-{last}"
