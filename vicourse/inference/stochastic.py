"""Black-box variational inference: climb the ELBO by stochastic gradients, on any model.

With a Gaussian family and the reparameterization gradient this is ADVI.
"""

import time
import warnings

import numpy as np
from tqdm.auto import tqdm

from vicourse.families import full_rank, mean_field
from vicourse.gradients import gradient_estimator
from vicourse.inference import checkpoint as checkpoints
from vicourse.inference.ascent import WINDOW, Ascent
from vicourse.inference.elbo import elbo_estimate, on_real_space
from vicourse.inference.fit import DivergedError, Fit
from vicourse.inference.starts import best_start
from vicourse.seeds import as_seed, split_seed
from vicourse.validation import argument_error, check_choice, check_integer, check_number

FAMILIES = {"full_rank": full_rank, "mean_field": mean_field}
MIN_STAGES = 3


def vi(
    model,
    family="full_rank",
    *,
    seed,
    gradient="sticking_the_landing",
    gradient_options=None,
    num_samples=10,
    learning_rate=0.1,
    tolerance=0.01,
    max_steps=20_000,
    num_starts=4,
    num_elbo_samples=1000,
    jit_compile=True,
    progress=False,
    checkpoint=None,
):
    """Fit q by stochastic gradient ascent on the ELBO.

        maximise E_q[log p(x, z) − log q(z)]  over the variables of q

    **Start and scale.** Newton searches for the mode give a Gaussian near the posterior (see
    `starts`). q starts there, and its variables are in units of that Gaussian, so that one step
    size suits badly scaled and strongly correlated posteriors.

    **Step size.** Adam takes steps of `learning_rate` until a block of 200 steps is no better than
    the block before; then the variables are set to their averages over the last block, the step
    size is halved, and blocks become twice as long: smaller steps need more time to settle, and a
    longer average holds less noise.

    **Convergence.** With a step size γ the average still misses the optimum by an amount that
    shrinks with γ, so that halving γ gains about as much as is left to gain. The fit has converged
    when, from the third step size on, a halving gains less than `tolerance` nats, or less than two
    standard errors of the gain (1000 draws, the same noise before and after).

    **Gradient.** "sticking_the_landing" by default: the nearer q comes to the posterior, the less
    noise it has.

    Args:
        model: a model.
        family: "full_rank", "mean_field", or a function
            `(model, initial_loc, initial_scale) -> trainable distribution`, such as
            `functools.partial(low_rank, rank=2)`. It may ignore the start.
        seed: an integer or a pair.
        gradient: a name from `vicourse.gradients.ESTIMATORS`.
        gradient_options: a dict for that estimator, such as {"num_importance_samples": 10}. "iwae"
            and "dreg" climb the importance-weighted bound instead of the ELBO.
        num_samples: draws per step.
        learning_rate: the first step size, in units of the start (about posterior SDs).
        tolerance: in nats; see above.
        max_steps: gradient steps at most.
        num_starts: searches for the start.
        num_elbo_samples: fresh draws for the ELBO of the result.
        jit_compile: whether to compile through XLA: some seconds once, then quicker steps. Without
            it short fits of small models are done sooner.
        progress: whether to show a progress bar.
        checkpoint: a file, such as "fit.npz". It is written, whole or not at all, after every block
            of steps. If it is there, the fit goes on from it and ends with the very numbers of an
            undisturbed run; that of a finished fit gives the fit again, without a step. Steps of
            before count. `max_steps` and `num_elbo_samples` may differ from then: raise `max_steps`
            to go on with a fit that ran out of steps.

    Returns:
        A `Fit` with the posterior, the objective at each step (nats, mean of `num_samples`) and the
        final ELBO ± standard error. Ctrl-C, heeded every 200 steps, returns the fit so far; the
        checkpoint stays good.

    Raises:
        DivergedError: the objective or a gradient was not finite; says where and what to try, and
            holds the last good fit.
        ValueError, TypeError: bad arguments. Also a checkpoint that is damaged or belongs to
            another fit: the message names the file, what differs and what to do; the file is left
            as it is.

    Source: Kucukelbir et al. (2017), Automatic differentiation variational inference; the schedule
        follows Welandawe et al. (2022), Robust, automated, and accurate black-box variational
        inference.
    Chapter: algorithms/black_box_vi
    """
    began = time.perf_counter()
    settings = {
        "family": family,
        "seed": as_seed(seed).numpy().tolist(),
        "gradient": gradient,
        "gradient_options": gradient_options or {},
        "num_samples": check_integer("num_samples", num_samples, minimum=1),
        "learning_rate": check_number("learning_rate", learning_rate, above=0),
        "tolerance": check_number("tolerance", tolerance, above=0),
        "num_starts": check_integer("num_starts", num_starts, minimum=1),
        "jit_compile": bool(jit_compile),
    }
    max_steps = check_integer("max_steps", max_steps, minimum=1)
    start_seed, ascent_seed, elbo_seed = split_seed(seed, 3)
    make_family = _make_family(family)
    estimator = gradient_estimator(gradient, **(gradient_options or {}))
    saved = None if checkpoint is None else checkpoints.read(checkpoint, model, settings)
    start = best_start(model, start_seed, num_starts) if saved is None else saved.start
    posterior = make_family(model, initial_loc=start.loc, initial_scale=start.scale_tril)
    if not getattr(posterior, "trainable_variables", ()):
        raise argument_error("family", posterior, "a distribution with trainable variables")
    ascent = Ascent(
        *on_real_space(model, posterior),
        estimator=estimator,
        num_samples=num_samples,
        learning_rate=settings["learning_rate"],
        seed=ascent_seed,
        jit_compile=jit_compile,
    )

    def seconds():
        return time.perf_counter() - began + (0.0 if saved is None else saved.seconds)

    def fit(converged, stop_reason, elbo):
        return Fit(
            algorithm=f"VI ({_name(family)}, {gradient})",
            model=model,
            posterior=posterior,
            draws=None,
            objective=np.array(ascent.trace),
            elbo=elbo,
            seed=seed,
            seconds=seconds(),
            converged=converged,
            stop_reason=stop_reason,
        )

    def save(schedule):
        if checkpoint is not None:
            checkpoints.save(checkpoint, model, settings, start, ascent, schedule, seconds())

    schedule = Schedule(ascent.evaluate())
    if saved is not None:
        checkpoints.restore(saved, ascent, schedule)
    try:
        converged, stop_reason = _climb(
            ascent, schedule, settings["tolerance"], max_steps, save, progress
        )
    except FloatingPointError as error:
        raise DivergedError(str(error), fit(False, str(error), None)) from None
    return fit(converged, stop_reason, elbo_estimate(model, posterior, num_elbo_samples, elbo_seed))


class Schedule:
    """Where `vi` stands: in which stage (a step size each), and after how many blocks of it.

    Attributes:
        first_values, values: the objective [1000] at the start and at the end of the last stage.
        averages: of the variables over the last block.
    """

    def __init__(self, values):
        self.first_values = self.values = values
        self.stage, self.blocks, self.averages = 0, 0, None

    def next_stage(self, values):
        """What the stage that ends with these values has gained, [1000]."""
        gains, self.values = values - self.values, values
        self.stage, self.blocks = self.stage + 1, 0
        return gains


def _make_family(family):
    return family if callable(family) else FAMILIES[check_choice("family", family, FAMILIES)]


def _climb(ascent, schedule, tolerance, max_steps, save, progress):
    """Go on with the schedule to its end. Returns whether it converged, and why it stopped."""
    done = len(ascent.trace)
    with tqdm(total=max_steps, initial=done, disable=not progress, unit="step") as bar:
        try:
            while True:
                while _rises(ascent.trace, schedule, tolerance, max_steps):
                    trace, schedule.averages = ascent.climb(2**schedule.stage)
                    schedule.blocks += 1
                    save(schedule)
                    bar.set_postfix_str(
                        f"objective {np.mean(trace):.2f} nats, step size {ascent.learning_rate:.2g}"
                    )
                    bar.update(len(trace))
                ascent.set_variables(schedule.averages)
                gain, error = _mean_and_error(schedule.next_stage(ascent.evaluate()))
                if schedule.stage >= MIN_STAGES and gain < max(tolerance, 2 * error):
                    return True, (
                        f"converged after {len(ascent.trace)} steps: halving the step size to "
                        f"{ascent.learning_rate:g} gained {gain:.1g} ± {error:.1g} nats"
                    )
                if len(ascent.trace) >= max_steps:
                    reason = f"max_steps: not converged after {len(ascent.trace)} steps"
                    warnings.warn(f"vi: {reason}. Raise `max_steps`.", stacklevel=3)
                    return False, reason
                ascent.set_learning_rate(ascent.learning_rate / 2)
        except KeyboardInterrupt:
            return False, f"interrupted after {len(ascent.trace)} steps"


def _rises(trace, schedule, tolerance, max_steps):
    """Whether another block of the stage is due: its last one was better than the one before."""
    if schedule.blocks == 0:
        return True
    if len(trace) >= max_steps:
        return False
    if schedule.blocks == 1:
        return True
    length = WINDOW * 2**schedule.stage
    level, error = _mean_and_error(trace[-length:])
    last_level, last_error = _mean_and_error(trace[-2 * length : -length])
    return level - last_level >= max(tolerance, 2 * np.hypot(error, last_error))


def _mean_and_error(values):
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


def _name(family):
    return family if isinstance(family, str) else getattr(family, "__name__", "own family")
