"""What a feed knew at a session, and what a decision may see of it."""

import datetime as dt
import gzip
import hashlib
import importlib.util
from decimal import Decimal
from pathlib import Path

import pytest

from insure.decision import fund_calendar
from insure.errors import MarketDataError
from insure.feeds import Row, look
from insure.feeds.csv_prices import CsvPrices
from insure.feeds.sample import SamplePrices
from insure.fund import Fund
from insure.market import Snapshot
from insure.slots import slots
from tests.contracts import ToldPrices, Toml, fund

MONDAY, TUESDAY, WEDNESDAY = dt.date(2024, 1, 8), dt.date(2024, 1, 9), dt.date(2024, 1, 10)


def seen(contract: Fund, rows: list[Row], session: dt.date, since: dt.date | None = None) -> Snapshot:
    calendar = fund_calendar(contract)
    (slot,) = slots(contract.schedule.timing, calendar, session, session)
    return look(contract, ToldPrices(rows), calendar, slot, None, since)


def test_the_sample_is_the_published_history() -> None:
    rows = {row.session: row for row in SamplePrices().rows}
    assert rows[dt.date(2008, 10, 15)].close == Decimal("907.84"), "S&P 500 close of 2008-10-15"
    assert rows[dt.date(2008, 9, 29)].close == Decimal("1106.42"), "S&P 500 close of 2008-09-29"
    fall = rows[dt.date(2008, 10, 15)].close / rows[dt.date(2008, 10, 14)].close - 1
    assert float(fall) == pytest.approx(-0.0903, abs=6e-5)
    # One-month bills yielded 0.44 % in January 2007 and 0.15 % in September 2008 (Kenneth French's data library).
    assert rows[dt.date(2007, 1, 3)].rate == pytest.approx(0.0527, abs=1e-4)
    assert rows[dt.date(2008, 9, 15)].rate == pytest.approx(0.0180, abs=1e-4)
    assert rows[dt.date(2018, 2, 5)].vol_index == pytest.approx(37.32), "VIX close of 2018-02-05"


def test_each_figure_of_the_sample_names_its_own_file() -> None:
    contract = fund(feed={"kind": "sample"}, protection={"start": dt.date(2018, 1, 2)})
    calendar = fund_calendar(contract)
    day = dt.date(2018, 12, 17)
    (slot,) = slots(contract.schedule.timing, calendar, day, day)
    rows = {each.figure: each for each in look(contract, SamplePrices(), calendar, slot, None, None).lineage}
    assert list(rows) == ["price", "rate", "volatility index"]
    for name, file in (("price", "sp500"), ("rate", "frenchdata"), ("volatility index", "vix")):
        (folder,) = importlib.util.find_spec("arch").submodule_search_locations  # type: ignore[union-attr, misc]
        content = gzip.decompress((Path(folder) / "data" / file / f"{file}.csv.gz").read_bytes())
        assert rows[name].sha256 == hashlib.sha256(content).hexdigest(), f"the hash of the {name} is another file's"
    assert rows["rate"].as_of == dt.date(2018, 11, 1), "rates were published to November 2018; the last one stands"
    assert rows["price"].as_of == rows["volatility index"].as_of == day


def test_nothing_after_the_session_is_seen() -> None:
    contract = fund(volatility={"kind": "realised", "window": 2}, protection={"start": dt.date(2024, 1, 2)})
    early = [Row(dt.date(2024, 1, day), Decimal(close)) for day, close in ((4, 100), (5, 101), (8, 99))]
    later = [*early, Row(TUESDAY, Decimal(50)), Row(WEDNESDAY, Decimal(200))]
    assert seen(contract, early, MONDAY) == seen(contract, later, MONDAY)


def test_a_price_that_is_too_old_is_named_with_its_age() -> None:
    contract = fund(protection={"start": dt.date(2024, 1, 2)})
    with pytest.raises(MarketDataError, match="the newest price is of 2024-01-08, 2 sessions before the slot"):
        seen(contract, [Row(MONDAY, Decimal(100))], WEDNESDAY)
    patient = fund(feed={"kind": "sample", "max_age_sessions": 2}, protection={"start": dt.date(2024, 1, 2)})
    assert seen(patient, [Row(MONDAY, Decimal(100))], WEDNESDAY).price == 100


def test_dividends_since_the_last_decision_are_counted_once() -> None:
    contract = fund(protection={"start": dt.date(2024, 1, 2)})
    rows = [Row(day, Decimal(100), dividend=Decimal("0.5")) for day in (MONDAY, TUESDAY, WEDNESDAY)]
    assert seen(contract, rows, WEDNESDAY, since=MONDAY).dividend == 1
    assert seen(contract, rows, WEDNESDAY, since=TUESDAY).dividend == Decimal("0.5")
    assert seen(contract, rows, WEDNESDAY).dividend == 0, "a fund that did not exist yet earned a dividend"


def test_the_twins_put_is_marked_at_a_volatility_index_where_the_contract_names_one() -> None:
    terms: Toml = {"vol": "index", "vol_spread": 0.01}
    contract = fund(twin=terms, protection={"start": dt.date(2024, 1, 2)})
    snapshot = seen(contract, [Row(MONDAY, Decimal(100), vol_index=25.0)], MONDAY)
    assert snapshot.put_vol == pytest.approx(0.26)
    assert snapshot.put_vol_source == "volatility index +1.0 points"
    assert snapshot.volatility.vol == 0.2
    with pytest.raises(MarketDataError, match="there is no vol_index"):
        seen(contract, [Row(MONDAY, Decimal(100))], MONDAY)


def test_the_hedge_volatility_may_be_an_index() -> None:
    contract = fund(volatility={"kind": "index", "series": "VIX"}, protection={"start": dt.date(2024, 1, 2)})
    assert seen(contract, [Row(MONDAY, Decimal(100), vol_index=25.0)], MONDAY).volatility.vol == pytest.approx(0.25)


def test_a_bad_line_stops_from_its_date_on_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("date,close\n2024-01-08,100\n2024-01-09,oops\n2024-01-10,102\n", encoding="utf-8")
    feed = CsvPrices(path)
    assert feed.at(MONDAY, 5).row.close == 100
    for session in (TUESDAY, WEDNESDAY):
        with pytest.raises(MarketDataError, match="line 3: close is 'oops'"):
            feed.at(session, 5)


def test_columns_may_come_in_any_order_and_others_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    text = "﻿Volume,note,Close,Date,rate,vol_index\n1e6,calm,100.25,2024-01-08,0.05,13.5\n\n,,101,2024-01-09,,\n"
    path.write_text(text, encoding="utf-8")
    rows = CsvPrices(path).rows
    assert rows[0] == Row(MONDAY, Decimal("100.25"), rate=0.05, volume=1e6, vol_index=13.5)
    assert rows[1] == Row(TUESDAY, Decimal(101))
