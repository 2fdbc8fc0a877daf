"""The tables of the book. Their history is in ``migrations/``; a test holds the two equal."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

from insure.book.columns import Instant, Money, Quantity, Session

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

contracts = Table(
    "contracts",
    metadata,
    Column("fund_id", String(63), primary_key=True),
    Column("config_sha256", String(64), primary_key=True),
    Column("effective", Text, nullable=False),
    Column("first_used", Instant, nullable=False),
)
"""Every contract that was ever in force, whole."""

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fund_id", String(63), nullable=False),
    Column("session", Session, nullable=False),
    Column("slot", String(64), nullable=False),
    Column("due", Instant, nullable=False),
    Column("started", Instant, nullable=False),
    Column("outcome", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    UniqueConstraint("fund_id", "session", "slot"),
)
"""One row a slot: a second run of a slot is impossible, not merely unlikely."""

decisions = Table(
    "decisions",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("fund_id", String(63), nullable=False),
    Column("config_sha256", String(64), nullable=False),
    Column("code_version", String(64), nullable=False),
    Column("record", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Index(None, "fund_id", "run_id"),
)
"""The whole decision with its inputs, ladder and effects, as canonical JSON."""

orders = Table(
    "orders",
    metadata,
    Column("key", String(192), primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("fund_id", String(63), nullable=False),
    Column("instrument", String(200), nullable=False),
    Column("units", Quantity, nullable=False),
    Column("price", Quantity, nullable=False),
    Column("price_limit", Quantity, nullable=False),
    Column("good_until", Instant, nullable=False),
    Column("volume_cap_fraction", Float, nullable=False, server_default="0.1"),
    Column("state", String(9), nullable=False),
    Column("not_before", Instant, nullable=True),
    Column("venue", String(64), nullable=False, server_default=""),
    Column("parent", String(192), nullable=False, server_default=""),
    Index(None, "fund_id", "state"),
)
"""What was decided to be sent: only ``state`` moves, and every move is a row of ``order_events``."""

order_events = Table(
    "order_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("order_key", String(192), ForeignKey("orders.key"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", String(9), nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "order_key"),
)
"""The life of an order, one row a state."""

fills = Table(
    "fills",
    metadata,
    Column("reference", String(256), primary_key=True),
    Column("order_key", String(192), ForeignKey("orders.key"), nullable=False),
    Column("units", Quantity, nullable=False),
    Column("price", Quantity, nullable=False),
    Column("value", Money, nullable=False),
    Column("commission", Money, nullable=False),
    Column("spread", Money, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "order_key"),
)

flows = Table(
    "flows",
    metadata,
    Column("key", String(192), primary_key=True),
    Column("fund_id", String(63), nullable=False),
    Column("session", Session, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("money", Money, nullable=False),
    Column("reverses", String(192), ForeignKey("flows.key"), nullable=True),
    Column("booked", Instant, nullable=False),
    Index(None, "fund_id", "session"),
)
"""Money of holders and fees, as ordered; the entries of the slot that deals them carry the same key."""

entries = Table(
    "entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=True),
    Column("fund_id", String(63), nullable=False),
    Column("posting", String(256), nullable=False),
    Column("account", String(16), nullable=False),
    Column("money", Money, nullable=False),
    Column("units", Quantity, nullable=False),
    UniqueConstraint("posting", "account"),
    Index(None, "fund_id", "account"),
)
"""Double entry: the legs of one posting sum to zero, in money and in units."""

audit = Table(
    "audit",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("fund_id", String(63), nullable=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=True),
    Column("kind", String(32), nullable=False),
    Column("content", Text, nullable=False),
    Column("previous_sha256", String(64), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Index(None, "fund_id", "sequence"),
    Index(None, "kind", "fund_id", "sequence"),
)
"""The chain: each row carries the hash of the row before it."""

APPEND_ONLY = ("contracts", "runs", "decisions", "order_events", "fills", "flows", "entries", "audit")
"""Tables whose rows nothing may change or take away."""
FIXED_COLUMNS = (
    "key",
    "run_id",
    "fund_id",
    "instrument",
    "units",
    "price",
    "price_limit",
    "good_until",
    "volume_cap_fraction",
    "not_before",
    "venue",
    "parent",
)
"""Columns of ``orders`` that nothing may change; its ``state`` moves."""
