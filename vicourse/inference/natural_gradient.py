"""Stochastic variational inference: coordinate ascent on minibatches, with natural gradients."""

import itertools
import time

import numpy as np
from tqdm.auto import tqdm

from vicourse.estimate import Estimate
from vicourse.inference.coordinate_ascent import UPDATES, MeanFieldFit, updates_of
from vicourse.inference.coordinate_ascent.loop import REMEDY, check_finite, finite_start
from vicourse.inference.coordinate_ascent.start import numpy_generator
from vicourse.inference.fit import DivergedError
from vicourse.seeds import split_seed
from vicourse.validation import argument_error, check_integer, check_number


def stochastic_variational_inference(
    model,
    minibatches=None,
    *,
    seed,
    num_data=None,
    batch_size=100,
    kappa=0.7,
    tau=1.0,
    max_steps=1000,
    tolerance=0.01,
    progress=False,
):
    """Fit a mean-field q from minibatches, for data that need not fit into memory.

    For t = 1, 2, …, with λ the natural parameters of the global factors of q:

        take M of the N data, and find their local factors given λ
        λ̂ ← prior + (N/M) Σ expected sufficient statistics of the minibatch
        λ ← (1 − ρ_t) λ + ρ_t λ̂,      ρ_t = (t + τ)^(−κ)

    λ̂ is what coordinate ascent would set λ to if the data were N/M copies of the minibatch, and
    λ̂ − λ is an unbiased estimate of the ELBO's natural gradient. With all data in each minibatch
    and ρ = 1 the step is a sweep of coordinate ascent. For κ in (½, 1] the steps satisfy
    Σ ρ_t = ∞ and Σ ρ_t² < ∞ (Robbins and Monro), which lets λ reach a local optimum.

    **Convergence.** The schedule runs to its end. The gap to the optimum shrinks like ρ_t in the
    long run, so what the second half of the steps gained, divided by 2^κ − 1, estimates what is
    left to gain. The fit has converged when that is below `tolerance` nats per observation.
    On a stream this is not known: it would need two passes over all data.

    Args:
        model: an `LDA` or a `NormalWishartMixture`. It gives the priors, and its data are those
            that the result's local factors are for.
        minibatches: an iterable of arrays [M, ...] like the model's data, read one at a time and
            no further than `max_steps`, such as a generator that reads from a disk. It should come
            in random order. By default, minibatches are drawn from the model's data.
        seed: an integer or a pair; for the start and for drawing minibatches.
        num_data: N, how many observations `minibatches` stands for; needed with it.
        batch_size: M, where minibatches are drawn.
        kappa: κ, how quickly steps shrink, in (½, 1].
        tau: τ ≥ 0, which makes the first steps smaller.
        max_steps: steps at most.
        tolerance: in nats per observation (a document, a point); see above.
        progress: whether to show a progress bar.

    Returns:
        A `MeanFieldFit`. Its objective has for each step an estimate of the ELBO in nats, before
        the step, from that minibatch. `elbo` is exact where minibatches were drawn from the model's
        data, otherwise None. Ctrl-C returns the fit so far.

    Raises:
        DivergedError: a parameter or the objective was not finite; holds the last good fit.
        ValueError, TypeError: bad arguments.

    Source: Hoffman, Blei, Wang and Paisley (2013), Stochastic variational inference.
    Chapter: algorithms/stochastic_vi
    """
    began = time.perf_counter()
    updates = _updates_with_steps(model)
    kappa = check_number("kappa", kappa, above=0.5, maximum=1)
    tau = check_number("tau", tau, minimum=0)
    max_steps = check_integer("max_steps", max_steps, minimum=1)
    tolerance = check_number("tolerance", tolerance, above=0)
    batch_size = check_integer("batch_size", batch_size, minimum=1)
    start_seed, batch_seed = split_seed(seed)
    own_data = minibatches is None
    if own_data != (num_data is None):
        raise argument_error("num_data", num_data, "a number with `minibatches`, and only then")
    if own_data:
        num_data = len(model.data)
        minibatches = draw_minibatches(model.data, batch_size, batch_seed)
    num_data = check_integer("num_data", num_data, minimum=1)

    trace, elbo_halfway, converged = [], None, False
    global_q, _ = finite_start(updates.start_global, updates.global_elbo, start_seed)

    def whole_q():
        return updates.join(updates.local_step(model.data, global_q), global_q)

    def fit(elbo=None):
        q = whole_q()
        return MeanFieldFit(
            algorithm=f"Stochastic variational inference (kappa {kappa:g}, tau {tau:g})",
            model=model,
            posterior=updates.posterior(q),
            draws=None,
            objective=np.array(trace),
            elbo=elbo,
            seed=seed,
            seconds=time.perf_counter() - began,
            converged=converged,
            stop_reason=stop_reason,
            q=q,
        )

    bar = tqdm(itertools.islice(minibatches, max_steps), disable=not progress, unit="step")
    try:
        for step, batch in enumerate(bar, start=1):
            batch = _check_batch(model, batch)
            rho = (step + tau) ** -kappa
            new, objective = natural_gradient_step(updates, global_q, batch, num_data, rho)
            check_finite(f"Step {step}", new, objective)
            global_q = new
            trace.append(objective)
            bar.set_postfix_str(f"ELBO about {objective:.2f} nats")
            if own_data and step == max_steps // 2:
                elbo_halfway = updates.elbo(whole_q())
    except (FloatingPointError, np.linalg.LinAlgError) as error:
        stop_reason = str(error)
        raise DivergedError(f"{error} {REMEDY}", fit()) from None
    except KeyboardInterrupt:
        stop_reason = f"interrupted after {len(trace)} steps"
    else:
        if not trace:
            raise ValueError("`minibatches`: wanted at least one minibatch, got none.")
        ended = len(trace) < max_steps
        stop_reason = (
            f"{'the minibatches ended' if ended else 'max_steps'}: {len(trace)} steps done"
        )
    if not own_data:
        return fit()
    elbo = updates.elbo(whole_q())
    if elbo_halfway is not None and len(trace) == max_steps:
        left = abs(elbo - elbo_halfway) / (2**kappa - 1) / num_data
        converged = left < tolerance
        stop_reason += f", about {left:.1g} nats per observation left to gain"
    return fit(Estimate(elbo))


def natural_gradient_step(updates, global_q, batch, num_data, rho):
    """λ ← (1 − ρ) λ + ρ λ̂ from one minibatch.

    Args:
        updates: the updates of a model, such as `LDAUpdates(model)`.
        global_q: the global factors of q, a NamedTuple.
        batch: [M, ...].
        num_data: N.
        rho: ρ in [0, 1].

    Returns:
        The new global factors, and an estimate of the ELBO of the old ones in nats.

    Source: Hoffman et al. (2013), Stochastic variational inference.
    Chapter: algorithms/stochastic_vi
    """
    scale = num_data / len(batch)
    with np.errstate(all="ignore"):  # what comes of it is checked by the caller
        local_q = updates.local_step(batch, global_q)
        intermediate = updates.global_step(batch, local_q, scale)
        elbo = scale * updates.local_elbo(batch, local_q, global_q) + updates.global_elbo(global_q)
        return updates.interpolate(global_q, intermediate, rho), elbo


def draw_minibatches(data, batch_size, seed):
    """Minibatches of an array [N, ...] without end: each pass over it in a new random order.

    Yields:
        Arrays [M, ...] with M = `batch_size`; the last of a pass may be smaller.

    Chapter: algorithms/stochastic_vi
    """
    rng = numpy_generator(seed)
    while True:
        order = rng.permutation(len(data))
        for begin in range(0, len(data), batch_size):
            yield data[order[begin : begin + batch_size]]


def _updates_with_steps(model):
    """The updates of a model, if they come as a local and a global step."""
    kinds = [kind for kind, updates in UPDATES.items() if hasattr(updates, "interpolate")]
    if type(model) not in kinds:
        names = ", ".join(kind.__name__ for kind in kinds)
        raise argument_error("model", model, f"one of {names}")
    return updates_of(model)


def _check_batch(model, batch):
    """A minibatch as a float64 array of rows like those of the model's data, or an error."""
    batch = np.asarray(batch)
    if batch.shape[1:] != model.data.shape[1:]:
        row = ", ".join(str(length) for length in model.data.shape[1:])
        raise argument_error("minibatches", batch, f"arrays of shape [M, {row}]")
    return model._check_data(batch)
