"""How long a model takes for one payment."""

import statistics
import time
from typing import Any

import numpy as np
import treelite
from numpy.typing import NDArray

_TIMES = 200


def median_ms(trees: bytes, sample: NDArray[Any]) -> float:
    """Return the median over single rows, as they are asked in a payment."""
    model = treelite.Model.deserialize_bytes(trees)
    took = []
    for number in range(_TIMES):
        row = np.ascontiguousarray(sample[number % len(sample)][None, :], dtype=np.float32)
        began = time.perf_counter()
        treelite.gtil.predict(model, row, nthread=1)
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000
