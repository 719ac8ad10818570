"""
Counts the SQL round trips of one create-and-confirm and of batches of 1 and 32.

A turn is counted where it happens, by a proxy between client and server: what is sent
together is one. BEGIN and COMMIT count too, over both beats; the acquirer answers in
process, since it is not SQL.
"""

import json
import os
import statistics

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def main() -> None:
    """Print one line of JSON: trips per batch."""
    import django

    django.setup()
    from benchmarks.instant import stand_in
    from fintech.kernel import actor, clock
    from fintech.kernel.money import Money
    from fintech.merchants import queries as merchants
    from fintech.payments import data
    from fintech.payments import services as payments
    from tests.payments.counting import round_trips

    stand_in()
    merchant = merchants.merchants()[0]
    by, at = actor.system("benchmark"), clock.now()

    def order() -> data.Begin:
        return data.Begin(
            merchant_id=merchant.id,
            at=at,
            token="visa",
            new=data.NewPayment(amount=Money(42_50, "EUR")),
        )

    trips = {}
    with round_trips() as turns:
        payments.confirm_all([order()], by=by)  # A new connection plans its statements.
        for size in (1, 32):
            counts = []
            for _ in range(5):  # Now and then one reads a clock or a route again.
                turns.count = 0
                payments.confirm_all([order() for _ in range(size)], by=by)
                counts.append(turns.count)
            trips[f"batch_of_{size}"] = statistics.median(counts)
    print(json.dumps(trips))


if __name__ == "__main__":
    main()
