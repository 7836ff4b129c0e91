"""How a cost grows: the power of the number of records that fits best, its fixed part apart."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FLAT = 1.3
"""What grows by less than this between the smallest and the largest size does not grow."""
NEAR = 0.15
"""A power this near to 1 is linear: three sizes on a busy machine tell no more."""
SHARE = 0.2
"""Less than this on top of the fixed cost is lost in what one run differs from the next."""


def fitted(points: Mapping[int, float], fixed: float) -> dict[str, Any]:
    """The power law of a cost, by least squares of the logarithms.

    Args:
        points: The cost by number of records, at least two.
        fixed: The cost without any record, which is taken off.

    Returns:
        `fixed`; `power` and `each` (`fixed + each * records ** power`), None where it does not grow; `off`,
        the largest deviation as a share; `verdict`.
    """
    sizes = sorted(points)
    above = {size: points[size] - fixed for size in sizes if points[size] > (1 + SHARE) * fixed}
    grows = points[sizes[-1]] > FLAT * max(points[sizes[0]], fixed)
    if not grows or len(above) < 2:  # noqa: PLR2004 - no line goes through one point
        verdict = "grows, too few sizes to tell how" if grows else "flat"
        return {"fixed": _short(fixed), "power": None, "each": None, "off": None, "verdict": verdict}
    xs, ys = [math.log(size) for size in above], [math.log(one) for one in above.values()]
    power, base = statistics.linear_regression(xs, ys)
    off = max(abs(math.exp(base + power * x - y) - 1) for x, y in zip(xs, ys, strict=True))
    verdict = "linear" if abs(power - 1) <= NEAR else "not linear: less" if power < 1 else "not linear: more"
    return {
        "fixed": _short(fixed),
        "power": round(power, 3),
        "each": _short(math.exp(base)),
        "off": round(off, 3),
        "verdict": verdict,
    }


def _short(number: float) -> float:
    """Four digits that count."""
    return float(f"{number:.4g}")
