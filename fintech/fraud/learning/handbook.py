"""
The transactions of the Fraud Detection Handbook, and what was known at each of them.

Two things are compared: an amount with what its customer usually pays (known at once),
and a terminal with the frauds that were known of it (known when the label's delay has
passed). A label younger than the delay is not read, whoever asks.
"""

from bisect import insort
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fintech.fraud.learning.windows import Numbers, Places, Timeline, Truths

SCHEMA = "handbook.1"
DAY = 86_400
BEGINNING = date(2018, 4, 1)  # TX_TIME_SECONDS counts from here.
_COLUMNS = ("TRANSACTION_ID", "TX_TIME_SECONDS", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT_CENTS")
_FAR = 2.8  # times the usual amount: few pay that by chance
_ODD = 2.3
_CLEAN = 3.0  # above, an amount says nothing about what is usual
_LARGE = 22_000  # cents: what is larger says nothing about a terminal
NEVER = 99.0
NONE = -1.0


@dataclass(frozen=True, slots=True)
class Transactions:
    """The columns of a file, in its order."""

    ids: NDArray[Any]
    seconds: Places
    customer: NDArray[Any]
    terminal: NDArray[Any]
    cents: Places
    label: Numbers  # 1 fraud, 0 good, NaN not told

    def __len__(self) -> int:
        return len(self.seconds)

    @property
    def fraud(self) -> Truths:
        """Which rows were called fraud."""
        called: Truths = self.label == 1
        return called

    @property
    def day(self) -> Places:
        """The day of each row, from the beginning of the count."""
        return self.seconds // DAY

    def until(self, end: int) -> "Transactions":
        """Return the rows before a moment: who reads them cannot look behind it."""
        kept = self.seconds < end
        return Transactions(
            self.ids[kept],
            self.seconds[kept],
            self.customer[kept],
            self.terminal[kept],
            self.cents[kept],
            self.label[kept],
        )


def read(path: str | Path) -> Transactions:
    """
    Read a file of the handbook's columns, packed or not.

    The scenario of a fraud is not read: nobody knows it in time.

    Other columns are left alone. A label may be missing: nobody has said anything yet.

    Raises:
        ValueError: a column is missing, or a value is; which, and in which line.
    """
    frame = pd.read_csv(
        path,
        usecols=lambda name: name in {*_COLUMNS, "TX_FRAUD"},
        dtype={"TRANSACTION_ID": str},
    )
    missing = [name for name in _COLUMNS if name not in frame.columns]
    if missing:
        raise ValueError(f"The file has no column {', '.join(missing)}.")
    for name in ("TRANSACTION_ID", "CUSTOMER_ID", "TERMINAL_ID"):
        _refuse(frame, name, frame[name].isna(), "a name")
    return Transactions(
        ids=frame["TRANSACTION_ID"].to_numpy(),
        seconds=_whole(frame, "TX_TIME_SECONDS"),
        customer=pd.factorize(frame["CUSTOMER_ID"])[0],
        terminal=pd.factorize(frame["TERMINAL_ID"])[0],
        cents=_whole(frame, "TX_AMOUNT_CENTS"),
        label=_labels(frame),
    )


def _whole(frame: pd.DataFrame, name: str) -> Places:
    """Return a column of whole numbers, none of them below zero; nothing is rounded away."""
    numbers = pd.to_numeric(frame[name], errors="coerce")
    # Beyond it a float no longer holds every whole number.
    _refuse(frame, name, ~((numbers >= 0) & (numbers % 1 == 0) & (numbers < 2**53)), "a number")
    whole: Places = numbers.to_numpy(np.int64)
    return whole


def _labels(frame: pd.DataFrame) -> Numbers:
    """Return what was said of each: 1 fraud, 0 good, NaN nothing."""
    if "TX_FRAUD" not in frame.columns:
        return np.full(len(frame), np.nan)
    said = pd.to_numeric(frame["TX_FRAUD"], errors="coerce")
    _refuse(frame, "TX_FRAUD", frame["TX_FRAUD"].notna() & ~said.isin([0, 1]), "0, 1 or nothing")
    labels: Numbers = said.to_numpy(np.float64)
    return labels


def _refuse(frame: pd.DataFrame, name: str, wrong: "pd.Series[bool]", wanted: str) -> None:
    if not wrong.any():
        return
    row = int(np.argmax(wrong.to_numpy()))
    value = frame[name].iloc[row]
    found = "empty" if pd.isna(value) else f"{str(value)[:40]!r}"
    raise ValueError(f"Line {row + 2}: {name} is {found}, where {wanted} is needed.")


def features(rows: Transactions, *, delay: int) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """
    Return what was known at each transaction: names, and a row of numbers each.

    Args:
        rows: the history, in the order of its file.
        delay: seconds after which a label is known.
    """
    known, ratio = _of_the_customer(rows)
    known |= _of_the_terminal(rows, ratio, delay)
    return tuple(known), np.column_stack(list(known.values())).astype(np.float32)


def _of_the_customer(rows: Transactions) -> tuple[dict[str, Numbers], Numbers]:
    """Compare with what the customer paid before; needs no label."""
    line, now, amount = Timeline(rows.customer, rows.seconds), rows.seconds, rows.cents / 100
    median = _median_before(line, amount)
    clean = ~(amount > _CLEAN * median) & (rows.cents <= _LARGE)
    counted, summed = line.running(clean), line.running(amount * clean)
    payments = counted[line.place] - counted[line.first]
    spent = summed[line.place] - summed[line.first]
    mean = np.divide(spent, payments, out=np.full(line.size, np.nan), where=payments > 0)
    ratio = np.divide(amount, mean, out=np.ones(line.size), where=mean > 0)
    far, excess = line.running(ratio > _FAR), line.running(np.clip(ratio - _ODD, 0, 2))
    week, fortnight = line.since(now - 7 * DAY), line.since(now - 14 * DAY)
    first = line.next_true(ratio > _FAR)[fortnight]
    known = {
        "amount": amount,
        "customer_payments": payments,
        "customer_mean": np.nan_to_num(mean, nan=NONE),
        "amount_over_mean": np.where(payments > 0, ratio, NONE),
        "customer_far_7d": far[line.place] - far[week],
        "customer_far_14d": far[line.place] - far[fortnight],
        "customer_excess_14d": excess[line.place] - excess[fortnight],
        "customer_payments_14d": (line.place - fortnight).astype(np.float64),
        "customer_days_since_first_far_14d": np.where(
            first < line.place, (now - line.at(first)) / DAY, NONE
        ),
    }
    return known, ratio


def _of_the_terminal(rows: Transactions, ratio: Numbers, delay: int) -> dict[str, Numbers]:
    """
    Look at what was known of the terminal when the label's delay had passed.

    A fraud whose amount explains it (large, or far above the customer's mean) speaks of
    the card; an unexplained one speaks of the terminal, which stays compromised for a
    while and is good again after it. So the first and last unexplained fraud are
    remembered, and the good payments since.
    """
    line, now = Timeline(rows.terminal, rows.seconds), rows.seconds
    good = rows.label == 0
    unexplained = rows.fraud & (ratio < _FAR - 0.3) & (rows.cents <= _LARGE)
    frauds, goods = line.running(rows.fraud), line.running(good)
    end = line.until(now - delay)

    def window(days: int) -> tuple[Numbers, Numbers]:
        begin = line.until(now - delay - days * DAY)
        return (end - begin).astype(np.float64), frauds[end] - frauds[begin]

    def share(days: int) -> Numbers:
        payments, found = window(days)
        return np.divide(found, payments, out=np.zeros(line.size), where=payments > 0)

    first = line.next_true(unexplained)[line.until(now - 35 * DAY)]
    begun = first < end
    last = line.last_true(unexplained)[end]
    ever = last >= line.first
    before = line.last_true(good)[np.minimum(first, line.size)]
    bounded = begun & (before >= line.first)
    return {
        "terminal_payments_30d": window(30)[0],
        "terminal_frauds_14d": window(14)[1],
        "terminal_share_7d": share(7),
        "terminal_share_30d": share(30),
        "terminal_days_since_first": np.where(begun, (now - line.at(first)) / DAY, NONE),
        "terminal_good_since_first": np.where(
            begun, goods[end] - goods[np.minimum(first, line.size)], NONE
        ),
        "terminal_frauds_since_first": np.where(
            begun, frauds[end] - frauds[np.minimum(first, line.size)], 0
        ),
        "terminal_days_since_last": np.where(ever, (now - line.at(last)) / DAY, NEVER),
        "terminal_good_since_last": np.where(ever, goods[end] - goods[np.maximum(last, 0)], NONE),
        "terminal_days_since_good_before_first": np.where(
            bounded, (now - line.at(before)) / DAY, NONE
        ),
    }


def _median_before(line: Timeline, amount: Numbers) -> Numbers:
    """Return the median of what the same subject paid before each row; NaN for the first."""
    found = np.full(line.size, np.nan)
    in_order = amount[line.order].tolist()
    begins = line.first[line.order].tolist()
    paid: list[float] = []
    medians: list[float] = []
    for place, value in enumerate(in_order):
        if begins[place] == place:
            paid = []
        if paid:
            half = len(paid) // 2
            medians.append(paid[half] if len(paid) % 2 else (paid[half - 1] + paid[half]) / 2)
        else:
            medians.append(np.nan)
        insort(paid, value)
    found[line.order] = medians
    return found
