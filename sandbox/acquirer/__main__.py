"""Run the acquirer and the bank: `python -m sandbox.acquirer --port 8099 --state FILE`."""

import argparse
import os

import uvicorn

from sandbox.acquirer.app import Acquirer
from sandbox.acquirer.book import Book
from sandbox.acquirer.callbacks import Callbacks
from sandbox.acquirer.files import OF_BACKUP, OF_FIRST


def main() -> None:
    """Read the arguments and serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.acquirer", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", default=":memory:", help="SQLite file that keeps operations")
    parser.add_argument("--callback-url", default="", help="where late outcomes are told")
    parser.add_argument(
        "--backup-callback-url", default="", help="the same, of the second acquirer on /backup"
    )
    parser.add_argument(
        "--secret",
        default=os.environ.get("ACQUIRER_SECRET", ""),
        help="what callbacks are signed with (default: $ACQUIRER_SECRET)",
    )
    parser.add_argument("--late-seconds", type=float, default=5.0, help="delay of a lost answer")
    parser.add_argument("--pending-seconds", type=float, default=3.0, help="wait of a late refund")
    told = parser.parse_args()
    if told.callback_url and not told.secret:
        parser.error("callbacks need a --secret or $ACQUIRER_SECRET")
    second = told.state if told.state == ":memory:" else f"{told.state}.backup"
    acquirer, backup = (
        Acquirer(
            Book(state, pending_seconds=told.pending_seconds),
            Callbacks(url, told.secret),
            late_seconds=told.late_seconds,
            payee=payee,
        )
        for state, url, payee in (
            (told.state, told.callback_url, OF_FIRST),
            (second, told.backup_callback_url, OF_BACKUP),
        )
    )
    uvicorn.run(
        acquirer.app(backup=backup),
        host=told.host,
        port=told.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
