"""The loop of coordinate ascent variational inference (CAVI), the same for every model."""

import dataclasses
import time
import warnings
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from vicourse.estimate import Estimate
from vicourse.inference.coordinate_ascent.updates import updates_of
from vicourse.inference.fit import DivergedError, Fit
from vicourse.seeds import split_seed
from vicourse.validation import check_integer, check_number

# A sum of float64 numbers is known to about this many of its own size.
ROUNDING = 1e-9
REMEDY = "Standardise the data, or choose a prior of their scale."


@dataclasses.dataclass(frozen=True, repr=False)
class MeanFieldFit(Fit):
    """A `Fit` whose q has parameters in closed form.

    Attributes:
        q: the variational parameters, a NamedTuple of NumPy arrays named as in the source; also
            those of local variables that the model sums out (a mixture's responsibilities).

    Chapter: algorithms/coordinate_ascent
    """

    q: Any = None


def coordinate_ascent(
    model, *, seed, max_sweeps=1000, tolerance=1e-6, num_starts=1, progress=False
):
    """Fit a mean-field q by setting one factor after the other to its optimum.

        log q_j(z_j) ← E_{q without j}[log p(x, z)] + constant      for each factor j, in turn

    Each such step maximises the ELBO over q_j with the other factors held, so that the ELBO never
    falls. After every sweep it is computed in closed form, and a fall beyond rounding stops the
    program: it would mean a wrong update.

    **Stop.** When a sweep gains less than `tolerance` nats, or less than 1e-9 of the ELBO's size,
    which is what rounding leaves uncertain. Little gain does not mean that little is left: near a
    symmetric q the ascent crosses plateaus, and it ends at a local optimum. Compare several starts.

    **What the ELBO is about.** For the mixtures and LDA, q also has a factor for the assignments
    that `model.log_joint` sums out. The ELBO is that of both together,
    E_q[log p(x, c, z) − log q(c) − log q(z)]: what the field prints, and at most
    E_q[log p(x, z) − log q(z)], the ELBO of `posterior` alone. For `Potts` log Z is missing from
    the log joint and so from here.

    Args:
        model: an instance of a class in `UPDATES`.
        seed: an integer or a pair; for the starts.
        max_sweeps: sweeps per start at most.
        tolerance: in nats; see above.
        num_starts: independent starts; the one with the highest ELBO is returned.
        progress: whether to show a progress bar.

    Returns:
        A `MeanFieldFit`: `objective` has the ELBO after each sweep of the best start, in nats;
        `posterior` is over the model's latents; `q` has all variational parameters. Ctrl-C returns
        the best fit so far.

    Raises:
        DivergedError: a parameter or the ELBO was not finite; says which and in which sweep, and
            holds the last good fit.
        RuntimeError: the ELBO fell: a bug in the updates.
        ValueError, TypeError: bad arguments, a model without known updates, or data so far out of
            scale that not even the start is finite.

    Source: Blei, Kucukelbir and McAuliffe (2017), Variational inference: a review for
        statisticians, algorithm 1; Bishop (2006), equation (10.9).
    Chapter: algorithms/coordinate_ascent
    """
    began = time.perf_counter()
    max_sweeps = check_integer("max_sweeps", max_sweeps, minimum=1)
    tolerance = check_number("tolerance", tolerance, above=0)
    seeds = split_seed(seed, check_integer("num_starts", num_starts, minimum=1))
    updates = updates_of(model)
    climbs = []

    def fit(climb, elbo):
        return MeanFieldFit(
            algorithm="Coordinate ascent",
            model=model,
            posterior=updates.posterior(climb.q),
            draws=None,
            objective=np.array(climb.trace),
            elbo=elbo,
            seed=seed,
            seconds=time.perf_counter() - began,
            converged=climb.converged,
            stop_reason=climb.stop_reason,
            q=climb.q,
        )

    for start_seed in seeds:
        climb = Climb(updates, start_seed)
        climbs.append(climb)
        try:
            climb.run(max_sweeps, tolerance, progress)
        except FloatingPointError as error:
            climb.stop_reason = str(error)
            raise DivergedError(f"{error} {REMEDY}", fit(climb, None)) from None
        if climb.interrupted:
            break
    best = max(climbs, key=lambda climb: climb.elbo)
    if not best.converged and not best.interrupted:
        warnings.warn(f"coordinate_ascent: {best.stop_reason}. Raise `max_sweeps`.", stacklevel=2)
    return fit(best, Estimate(best.elbo))


class Climb:
    """One ascent from one start.

    Attributes:
        q, elbo: the last good state and its ELBO.
        trace: the ELBO after each sweep.
        converged, interrupted, stop_reason: how it ended.
    """

    def __init__(self, updates, seed):
        self._updates = updates
        self.q, self.elbo = finite_start(updates.start, updates.elbo, seed)
        self.trace = []
        self.converged = self.interrupted = False
        self.stop_reason = "not started"

    def run(self, max_sweeps, tolerance, progress):
        """Sweeps until one of them gains too little, or there have been enough."""
        with tqdm(total=max_sweeps, disable=not progress, unit="sweep") as bar:
            try:
                while len(self.trace) < max_sweeps:
                    gain = self._sweep()
                    bar.update()
                    bar.set_postfix_str(f"ELBO {self.elbo:.4f} nats")
                    if gain < max(tolerance, ROUNDING * abs(self.elbo)):
                        self.converged = True
                        self.stop_reason = (
                            f"converged after {len(self.trace)} sweeps: the last gained "
                            f"{gain:.1g} nats"
                        )
                        return
                self.stop_reason = f"max_sweeps: not converged after {max_sweeps} sweeps"
            except KeyboardInterrupt:
                self.interrupted = True
                self.stop_reason = f"interrupted after {len(self.trace)} sweeps"

    def _sweep(self):
        number = len(self.trace) + 1
        q, elbo = self._updated(number)
        gain = elbo - self.elbo
        if gain < -ROUNDING * max(1.0, abs(elbo)):
            raise RuntimeError(
                f"Sweep {number}: the ELBO fell by {-gain:.3g} nats, from {self.elbo:.6f} to "
                f"{elbo:.6f}. Exact updates cannot do that: this is a bug in "
                f"{type(self._updates).__name__}. Please report it."
            )
        self.q, self.elbo = q, elbo
        self.trace.append(elbo)
        return gain

    def _updated(self, number):
        """q after a sweep and its ELBO, or a FloatingPointError that says what is not finite."""
        try:
            with np.errstate(all="ignore"):  # what comes of it is checked here
                q = self._updates.sweep(self.q)
                elbo = self._updates.elbo(q)
        except np.linalg.LinAlgError as error:
            raise FloatingPointError(f"Sweep {number}: {error} in an update.") from None
        check_finite(f"Sweep {number}", q, elbo)
        return q, elbo


def finite_start(start, elbo, seed):
    """q = start(seed) and elbo(q), or a ValueError if either is not finite."""
    try:
        with np.errstate(all="ignore"):  # what comes of it is checked here
            q = start(seed)
            value = elbo(q)
        check_finite("Start", q, value)
    except (FloatingPointError, np.linalg.LinAlgError) as error:
        raise ValueError(
            f"`model`: coordinate ascent has no start for it. {error} {REMEDY}"
        ) from None
    return q, value


def check_finite(where, q, elbo):
    """A FloatingPointError that says where, and which parameter, if one is not finite."""
    for name, value in zip(q._fields, q, strict=True):
        if not np.all(np.isfinite(value)):
            raise FloatingPointError(f"{where}: the parameter `{name}` of q is not finite.")
    if not np.isfinite(elbo):
        raise FloatingPointError(f"{where}: the ELBO is not finite.")
