"""
How quick the ledger is beside what a Python shop would pick instead, on one server, in one run.

    make bench-ledger            (ROUNDS=5 SECONDS_PER_ROUND=3)
"""
