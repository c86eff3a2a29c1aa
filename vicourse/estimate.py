"""One number with its uncertainty: no Monte Carlo result travels without its standard error."""

from dataclasses import dataclass

import numpy as np

from vicourse.validation import argument_error

__all__ = ["Estimate", "estimate"]

METHODS = {
    "closed": "closed form",
    "quadrature": "quadrature",
    "summation": "summation",
    "monte_carlo": "Monte Carlo",
}


@dataclass(frozen=True)
class Estimate:
    """A number, how it was found and how far to trust it. `float(estimate)` is the number.

    Attributes:
        value: the number, in `unit`; infinite where the quantity is.
        standard_error: for "monte_carlo" the standard error of `value`; for "quadrature" and
            "summation" the numerical error that the integrator reports, not a standard error;
            0 for "closed". Infinite for an infinite Monte Carlo value.
        num_samples: how many independent values were averaged; None unless Monte Carlo.
        method: "closed", "quadrature", "summation" or "monte_carlo".
        unit: "nats" for divergences and bounds, "" for plain numbers.
        note: what a reader should know, for instance why the value is infinite.

    Chapter: foundations/monte_carlo
    """

    value: float
    standard_error: float = 0.0
    num_samples: int | None = None
    method: str = "closed"
    unit: str = "nats"
    note: str = ""

    def __float__(self):
        return self.value

    def __str__(self):
        number, how = f"{self.value:.4f}", METHODS[self.method]
        if self.method == "monte_carlo":
            number = _with_error(self.value, self.standard_error)
            how += f", n = {self.num_samples}"
        elif self.method != "closed" and np.isfinite(self.value):
            how += f", error about {self.standard_error:.0e}"
        return " ".join(part for part in (number, self.unit, f"({how})") if part)


def estimate(values, *, unit="nats"):
    """The mean of independent values, with its standard error s/√n (s with n − 1 below the root).

    Args:
        values: n independent values, shape [n], n at least 2: what the functions of
            `vicourse.objectives` return. Sum or average other axes first, so that entries of
            axis 0 stay independent.
        unit: the unit of the values.

    Returns:
        An `Estimate` by Monte Carlo.

    Raises:
        ValueError: another shape, fewer than two values, or NaN among them.
        TypeError: values that are not floating-point numbers.

    Chapter: foundations/monte_carlo
    """
    values = np.asarray(values)
    if values.dtype.kind != "f":
        raise argument_error("values", values, "floating-point numbers", kind=TypeError)
    if values.ndim != 1 or values.size < 2:
        raise argument_error(
            "values",
            values,
            "shape (n,) with n of at least 2",
            "Reduce the other axes first, for instance with `tf.reduce_sum(values, axis=-1)`.",
        )
    bad = int(np.isnan(values).sum())
    if bad:
        raise ValueError(
            f"`values`: {bad} of {values.size} are NaN. A parameter is probably NaN, or a draw "
            "lies outside a distribution's support."
        )
    values = values.astype(np.float64)
    if not np.all(np.isfinite(values)):
        return _infinite(values, unit)
    error = np.std(values, ddof=1) / np.sqrt(values.size)
    return Estimate(float(np.mean(values)), float(error), values.size, "monte_carlo", unit)


def estimate_from_sums(total, total_of_squares, n):
    """`estimate`, in nats, of values of which a compiled loop kept only their sums.

        mean = 1/n Σ v,   standard error = √(s²/n),   s² = (1/n Σ v² − mean²) · n/(n − 1)

    Args:
        total: Σ v, a float64 number, in nats.
        total_of_squares: Σ v², float64: the difference of two large numbers needs the digits.
        n: how many independent values; of one the standard error is reported as 0.

    Returns:
        An `Estimate` by Monte Carlo. Where a sum is NaN or infinite so is the estimate: the caller
        knows what went wrong, and looks.

    Chapter: foundations/monte_carlo
    """
    mean = total / n
    variance = np.maximum(total_of_squares / n - np.square(mean), 0) * n / max(n - 1, 1)
    return Estimate(float(mean), float(np.sqrt(variance / n)), n, "monte_carlo")


def _infinite(values, unit):
    infinite = values[np.isinf(values)]
    if np.unique(infinite).size > 1:
        raise ValueError("`values`: both +∞ and −∞ among them: their mean is undefined.")
    note = f"{infinite.size} of {values.size} values are infinite"
    return Estimate(float(infinite[0]), np.inf, values.size, "monte_carlo", unit, note)


def _with_error(value, error):
    """Both numbers, with two significant digits of the error."""
    if not np.isfinite(value):
        return f"{value}"
    digits = 4 if error == 0 else int(np.clip(1 - np.floor(np.log10(error)), 0, 7))
    return f"{value:.{digits}f} ± {error:.{digits}f}"
