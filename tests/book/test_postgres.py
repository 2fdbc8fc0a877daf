"""A book on a PostgreSQL server: no password in any sentence, and a server that is not there is a sentence."""

import pytest

from insure.book import Book
from insure.errors import BookError

SECRET = "hunter2"  # noqa: S105 - what must not be shown


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://desk:{SECRET}@127.0.0.1:1/book?connect_timeout=2",
        f"postgresql://desk:{SECRET}@127.0.0.1:1/book?connect_timeout=2",
        f"postgresql+psycopg2://desk:{SECRET}@127.0.0.1:1/book",
        f"mysql://desk:{SECRET}@127.0.0.1/book",
        f"postgresql+psycopg://desk:{SECRET}@127.0.0.1:port/book",
        f"://{SECRET}",
    ],
)
def test_no_error_shows_a_password(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(BookError) as refusal:
        Book.connect(url)
    whole: BaseException | None = refusal.value
    assert SECRET not in str(refusal.value)
    assert "\n" not in str(refusal.value)
    while whole is not None:
        assert SECRET not in str(whole), f"the {type(whole).__name__} behind the sentence shows the password"
        whole = whole.__cause__
    assert SECRET not in caplog.text


def test_a_book_names_its_server_without_the_password(postgres_book: str) -> None:
    with Book.connect(postgres_book) as book:
        assert book.where.startswith("postgresql")
        assert dict(book.settings())["fsync"] == "on"


def test_a_reader_cannot_write(postgres_book: str) -> None:
    from insure.book.engine import reading  # noqa: PLC0415
    from insure.book.tables import audit  # noqa: PLC0415

    with Book.connect(postgres_book) as book:
        with pytest.raises(BookError, match="read-only transaction"), reading(book.engine, "book") as connection:
            connection.execute(audit.delete())
        assert book.head()[0] == 0
