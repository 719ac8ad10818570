"""
An amount beside what is usual.

Everything is an integer: a mean and a deviation in minor units, and a distance in
tenths of a deviation, so a decision made again from its snapshot is the same.
"""

from fintech.fraud.data import Features, Reason

_ENOUGH_OF_A_CUSTOMER = 5
_ENOUGH_OF_A_MERCHANT = 20
_FAR_FOR_A_CUSTOMER = 20  # tenths
_FAR_FOR_A_MERCHANT = 30
_AT_MOST = 999  # Farther is not told apart.


def unusual_amount(features: Features) -> Reason | None:
    """Compare with the customer's own history where there is one, else the merchant's."""
    if features.customer_payments >= _ENOUGH_OF_A_CUSTOMER:
        far = tenths(
            features.amount_minor,
            features.customer_mean_minor,
            features.customer_deviation_minor,
        )
        if far < _FAR_FOR_A_CUSTOMER:
            return None
        return Reason(
            "customer_amount",
            min(40, 4 * far // 10),
            (
                ("z_tenths", far),
                ("mean_minor", features.customer_mean_minor),
                ("payments", features.customer_payments),
            ),
        )
    if features.merchant_payments < _ENOUGH_OF_A_MERCHANT:
        return None
    far = tenths(
        features.amount_minor, features.merchant_mean_minor, features.merchant_deviation_minor
    )
    if far < _FAR_FOR_A_MERCHANT:
        return None
    return Reason(
        "merchant_amount",
        min(20, 2 * far // 10),
        (
            ("z_tenths", far),
            ("mean_minor", features.merchant_mean_minor),
            ("payments", features.merchant_payments),
        ),
    )


def tenths(amount_minor: int, mean_minor: int, deviation_minor: int) -> int:
    """
    Return how many tenths of a deviation an amount lies above the mean.

    A deviation counts as at least a tenth of the mean: who has always paid the same
    may pay a little more.
    """
    deviation = max(deviation_minor, mean_minor // 10, 1)
    return max(0, min(_AT_MOST, (amount_minor - mean_minor) * 10 // deviation))
