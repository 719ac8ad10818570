"""A small history of card payments, made up here: some shops and some cards go bad."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from fintech.fraud.learning import handbook

DAY = 86_400


def history(*, days: int = 60, customers: int = 120, terminals: int = 60) -> handbook.Transactions:
    """Return payments in the order of time."""
    chance = np.random.default_rng(11)
    usual = chance.uniform(5, 80, customers)
    rows = []
    bad_terminal = {
        int(t): int(d)
        for t, d in zip(
            chance.permutation(terminals)[:12], chance.integers(5, days, 12), strict=True
        )
    }
    bad_customer = {
        int(c): int(d)
        for c, d in zip(
            chance.permutation(customers)[:25], chance.integers(5, days, 25), strict=True
        )
    }
    for day in range(days):
        for _ in range(customers * 2):
            customer, terminal = int(chance.integers(customers)), int(chance.integers(terminals))
            amount, fraud = abs(chance.normal(usual[customer], usual[customer] / 2)), False
            if 0 <= day - bad_terminal.get(terminal, 999) < 21:
                fraud = True
            if 0 <= day - bad_customer.get(customer, 999) < 14 and chance.random() < 0.3:
                amount, fraud = amount * 5, True
            rows.append(
                (
                    day * DAY + int(chance.integers(DAY)),
                    customer,
                    terminal,
                    int(amount * 100) + 1,
                    fraud,
                )
            )
    rows.sort()
    seconds, customer, terminal, cents, fraud = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    return handbook.Transactions(
        ids=np.array([f"{number}" for number in range(len(rows))], dtype=object),
        seconds=seconds,
        customer=customer,
        terminal=terminal,
        cents=cents,
        label=fraud.astype(np.float64),
    )


def relabeled(rows: handbook.Transactions, since: int) -> handbook.Transactions:
    """Return the same rows with every label from a second on turned around."""
    return replace(rows, label=np.where(rows.seconds >= since, 1 - rows.label, rows.label))


def write(rows: handbook.Transactions, path: Path) -> Path:
    """Write a file of the handbook's columns."""
    lines = ["TRANSACTION_ID,TX_TIME_SECONDS,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT_CENTS,TX_FRAUD"]
    lines += [
        f"{name},{second},{customer},{terminal},{cents},{'' if np.isnan(label) else int(label)}"
        for name, second, customer, terminal, cents, label in zip(
            rows.ids.tolist(),
            rows.seconds.tolist(),
            rows.customer.tolist(),
            rows.terminal.tolist(),
            rows.cents.tolist(),
            rows.label.tolist(),
            strict=True,
        )
    ]
    path.write_text("\n".join(lines) + "\n")
    return path
