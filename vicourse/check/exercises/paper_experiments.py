"""Exercises of the chapter deep/paper_experiments: what the paper's figures are computed with.

Everything here is NumPy in float64, written plainly. Shapes: `log_q`, `log_joint` are [draws],
`bounds`, `base` are [seeds]; for wake-sleep and the chains, `x`, `noise` are [batch, pixels] and
`eps`, `r_old`, `r_new` are [batch, latents].
"""

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

from vicourse.check.exercise import Case, Choice, Exercise, Mistake


def _random(seed, *shape, scale=1.0):
    """Reproducible inputs, rounded so that they can be read and typed."""
    return np.round(scale * np.random.default_rng(seed).standard_normal(shape), 1)


# 1. The estimator of appendix D: −log of the mean of q(z)/p(x, z) over posterior draws.


def _log_mean_exp(values):
    return logsumexp(values) - np.log(len(values))


def _appendix_d(log_q, log_joint):
    return -_log_mean_exp(log_q - log_joint)


APPENDIX_D = Exercise(
    id="paper_experiments.1",
    title="The estimator of Appendix D",
    call="appendix_d(log_q, log_joint)",
    builds="vicourse.vae.evidence_by_appendix_d",
    cases=(
        Case({"log_q": np.array([-1.0, -2, -0.5]), "log_joint": np.array([-5.0, -7.5, -4])}),
        Case({"log_q": _random(1, 8) - 2, "log_joint": _random(2, 8, scale=2) - 10}),
        Case(
            {
                "log_q": np.array([-3.0, -2.5, -4, -3.2]),
                "log_joint": np.array([-801.0, -800, -803.5, -800.5]),
            },
            alone="your formula is right for moderate values, not for a log p(x, z) near −800, as "
            "an image with hundreds of pixels has. The exponential of 800 is beyond the largest "
            "number there is. Take the largest logarithm out of the mean first, or use a "
            "log-sum-exp.",
        ),
    ),
    reference=_appendix_d,
    hints=(
        "Write one term of the mean, q(z)/p(x, z), as the exponential of something that you are "
        "given.",
        "The logarithm of 1/y is −log y. So log p(x) is minus the logarithm of a mean, and the "
        "mean is a sum divided by S.",
        "`tf.reduce_logsumexp` and `scipy.special.logsumexp` give the logarithm of a sum of "
        "exponentials, however large or small they are. Then subtract log S, and turn the sign.",
    ),
    mistakes=(
        Mistake(
            "the mean is not inverted: this is the logarithm of the mean of q(z)/p(x, z), which "
            "estimates −log p(x).",
            lambda log_q, log_joint: -_appendix_d(log_q, log_joint),
        ),
        Mistake(
            "you averaged the logarithms. That estimates log p(x) plus KL(p(z given x)‖q): the "
            "mean must be inside the logarithm.",
            lambda log_q, log_joint: (log_joint - log_q).mean(),
        ),
        Mistake(
            "you averaged the logarithms, and did not turn the sign.",
            lambda log_q, log_joint: (log_q - log_joint).mean(),
        ),
        Mistake(
            "you summed over the draws. Asked is their mean: log S is missing.",
            lambda log_q, log_joint: -logsumexp(log_q - log_joint),
        ),
        Mistake(
            "log S has the wrong sign: a mean is a sum divided by S.",
            lambda log_q, log_joint: _appendix_d(log_q, log_joint) - 2 * np.log(len(log_q)),
        ),
        Mistake(
            "this is the logarithm of the mean of p(x, z)/q(z), as in importance sampling. That "
            "needs draws from q, and these are draws from the posterior.",
            lambda log_q, log_joint: _log_mean_exp(log_joint - log_q),
        ),
        Mistake(
            "the joint and q have changed places: q(z) stands above, p(x, z) below.",
            lambda log_q, log_joint: -_log_mean_exp(log_joint - log_q),
        ),
        Mistake(
            "you divided the mean of p(x, z) by the mean of q(z). Asked is the mean of the ratios.",
            lambda log_q, log_joint: _log_mean_exp(log_joint) - _log_mean_exp(log_q),
        ),
        Mistake(
            "you multiplied q(z) and p(x, z). Dividing subtracts logarithms.",
            lambda log_q, log_joint: -_log_mean_exp(log_q + log_joint),
        ),
        Mistake(
            "q does not enter: this is the mean of 1/p(x, z), whose expectation is infinite.",
            lambda log_q, log_joint: -_log_mean_exp(-log_joint),
        ),
        Mistake(
            "q does not enter: this is the logarithm of the mean of p(x, z) over the draws.",
            lambda log_q, log_joint: _log_mean_exp(log_joint),
        ),
        Mistake(
            "this is p(x). Asked is log p(x).",
            lambda log_q, log_joint: np.exp(_appendix_d(log_q, log_joint)),
        ),
        Mistake(
            "you inverted after the logarithm: 1/log y is not log(1/y).",
            lambda log_q, log_joint: 1 / _log_mean_exp(log_q - log_joint),
        ),
        Mistake(
            "you have one value for each draw. Asked is one number.",
            lambda log_q, log_joint: log_joint - log_q,
        ),
        Mistake(
            "this takes the largest ratio alone. The others belong into the mean.",
            lambda log_q, log_joint: -(log_q - log_joint).max(),
        ),
        Mistake(
            "you left out the first half of the draws. The half that fitted q is not among the "
            "arguments: average over all S.",
            lambda log_q, log_joint: _appendix_d(
                log_q[len(log_q) // 2 :], log_joint[len(log_q) // 2 :]
            ),
        ),
    ),
)


# 2. The grid of figure 4: middles of equal steps of the prior's quantiles.


def _grid(steps, z1_falls=False, z2_falls=True):
    """All pairs of `steps`, row after row: z₁ along a row, z₂ from row to row."""
    along = steps[::-1] if z1_falls else steps
    down = steps[::-1] if z2_falls else steps
    z2, z1 = np.meshgrid(down, along, indexing="ij")
    return np.stack([z1, z2], axis=-1).reshape(-1, 2)


def _middles(side):
    return (np.arange(side) + 0.5) / side


def _grid_points(side):
    return _grid(norm.ppf(_middles(side)))


GRID = Exercise(
    id="paper_experiments.2",
    title="The points of a manifold",
    call="grid_points(side)",
    builds="vicourse.experiments.manifold_grid",
    cases=(Case({"side": 2}), Case({"side": 3}), Case({"side": 6})),
    reference=_grid_points,
    hints=(
        "Begin with one coordinate: the pieces of the interval from 0 to 1, and their middles. "
        "With two pieces the middles are 0.25 and 0.75.",
        "The quantile function turns a probability into a value of z. It is "
        "`scipy.stats.norm.ppf`, or `tfd.Normal(0.0, 1.0).quantile`.",
        "In column c, counted from 0, z₁ is the quantile of (c + ½)/side. In row r, z₂ is the "
        "quantile of (side − r − ½)/side. Two loops, rows outside, give the points in order.",
    ),
    mistakes=(
        Mistake(
            "z₂ rises from row to row. The first row is the top one, with the largest z₂.",
            lambda side: _grid(norm.ppf(_middles(side)), z2_falls=False),
        ),
        Mistake(
            "the points come column after column. Go along a row first: z₁ changes fastest.",
            lambda side: (
                _grid_points(side).reshape(side, side, 2).swapaxes(0, 1).reshape(side * side, 2)
            ),
        ),
        Mistake(
            "z₁ and z₂ have changed places: z₁ stands first.",
            lambda side: _grid_points(side)[:, ::-1],
        ),
        Mistake(
            "z₁ and z₂ have changed places, and the first row is not the top one.",
            lambda side: _grid(norm.ppf(_middles(side)), z2_falls=False)[:, ::-1],
        ),
        Mistake(
            "z₁ falls along a row. It rises from left to right.",
            lambda side: _grid(norm.ppf(_middles(side)), z1_falls=True),
        ),
        Mistake(
            "z₁ falls along a row, and z₂ rises from row to row: the grid stands on its head.",
            lambda side: _grid_points(side)[::-1],
        ),
        Mistake(
            "these are probabilities. The quantile function turns them into values of z.",
            lambda side: _grid(_middles(side)),
        ),
        Mistake(
            "you took the distribution function Φ. Asked is its inverse, the quantile function.",
            lambda side: _grid(norm.cdf(_middles(side))),
        ),
        Mistake(
            "you took the ends of the interval along: 0 and 1 have the quantiles −∞ and ∞. Take "
            "the middles of the pieces.",
            lambda side: _grid(norm.ppf(np.linspace(0, 1, side))),
        ),
        Mistake(
            "you took the left ends of the pieces. The first of them, 0, has the quantile −∞: "
            "take the middles.",
            lambda side: _grid(norm.ppf(np.arange(side) / side)),
        ),
        Mistake(
            "you took the right ends of the pieces. The last of them, 1, has the quantile ∞: "
            "take the middles.",
            lambda side: _grid(norm.ppf((np.arange(side) + 1) / side)),
        ),
        Mistake(
            "your probabilities are 1, 2, … over side + 1. These are the borders of side + 1 "
            "pieces. Take the middles of `side` pieces.",
            lambda side: _grid(norm.ppf((np.arange(side) + 1) / (side + 1))),
        ),
        Mistake(
            "these are only the values of one coordinate. Asked are all pairs, side² of them.",
            lambda side: norm.ppf(_middles(side)),
        ),
        Mistake(
            "this is the diagonal. Asked are all pairs, side² of them.",
            lambda side: np.stack([norm.ppf(_middles(side))] * 2, axis=-1),
        ),
        Mistake(
            "the points are right, but they stand in a square of shape [side, side, 2]. Asked is "
            "one row for each point.",
            lambda side: _grid_points(side).reshape(side, side, 2),
        ),
        Mistake(
            "the points are right, but each is a column. Asked is one row for each point.",
            lambda side: _grid_points(side).T,
        ),
    ),
)


# 3. The mean change, seed by seed, and its standard error.


def _paired_change(bounds, base):
    change = bounds - base
    return np.array([change.mean(), change.std(ddof=1) / np.sqrt(len(change))])


def _with_error(error):
    """The right mean change, with another error."""
    return lambda bounds, base: np.array([(bounds - base).mean(), error(bounds, base)])


def _error(values):
    return values.std(ddof=1) / np.sqrt(len(values))


PAIRED = Exercise(
    id="paper_experiments.3",
    title="A change, seed by seed",
    call="paired_change(bounds, base)",
    builds="vicourse.experiments.silences_over_seeds",
    cases=(
        Case({"bounds": np.array([-118.0, -115, -119]), "base": np.array([-120.0, -116, -123])}),
        Case({"bounds": _random(3, 6, scale=3) - 20, "base": _random(4, 6, scale=3) - 21}),
    ),
    reference=_paired_change,
    hints=(
        "First one difference for each seed. Then the pairs are done with: the rest is a mean and "
        "its standard error.",
        "The standard error of a mean of n numbers is their standard deviation divided by √n.",
        "The variance of n numbers around their own mean has n − 1 below the sum: `ddof=1` in "
        "NumPy. TensorFlow's `reduce_std` has n there.",
    ),
    mistakes=(
        Mistake(
            "your error treats the two variants as independent runs: it adds up their variances. "
            "Take the scatter of the differences.",
            _with_error(lambda bounds, base: np.hypot(_error(bounds), _error(base))),
        ),
        Mistake(
            "your error treats the two variants as independent runs, and has n below the sums "
            "instead of n − 1. Take the scatter of the differences.",
            _with_error(
                lambda bounds, base: np.sqrt((bounds.var() + base.var()) / len(base)),
            ),
        ),
        Mistake(
            "your error is the difference of two errors. Take the scatter of the differences.",
            _with_error(lambda bounds, base: _error(bounds) - _error(base)),
        ),
        Mistake(
            "your error is the sum of two errors. Take the scatter of the differences.",
            _with_error(lambda bounds, base: _error(bounds) + _error(base)),
        ),
        Mistake(
            "your error is that of the mean of `bounds`. The base scatters too, and with it.",
            _with_error(lambda bounds, base: _error(bounds)),
        ),
        Mistake(
            "your error is that of the mean of `base`. Take the scatter of the differences.",
            _with_error(lambda bounds, base: _error(base)),
        ),
        Mistake(
            "your standard deviation has n below the sum. The differences are taken from their "
            "own mean, so it is n − 1.",
            _with_error(lambda bounds, base: (bounds - base).std() / np.sqrt(len(base))),
        ),
        Mistake(
            "you gave the standard deviation of the differences. That of their mean is smaller by "
            "√n.",
            _with_error(lambda bounds, base: (bounds - base).std(ddof=1)),
        ),
        Mistake(
            "you gave the standard deviation of the differences, with n below the sum. Asked is "
            "the standard error of their mean.",
            _with_error(lambda bounds, base: (bounds - base).std()),
        ),
        Mistake(
            "you gave the variance of the differences. Asked is the standard error of their mean.",
            _with_error(lambda bounds, base: (bounds - base).var(ddof=1)),
        ),
        Mistake(
            "you gave the square of the standard error: the root is missing.",
            _with_error(lambda bounds, base: (bounds - base).var(ddof=1) / len(base)),
        ),
        Mistake(
            "you divided by n. The standard error falls with √n.",
            _with_error(lambda bounds, base: (bounds - base).std(ddof=1) / len(base)),
        ),
        Mistake(
            "you took n − 1 twice, below the sum and below the root. The root is of n.",
            _with_error(
                lambda bounds, base: (bounds - base).std(ddof=1) / np.sqrt(len(base) - 1),
            ),
        ),
        Mistake(
            "you divided by √(2n). There are n differences, one for each seed.",
            _with_error(lambda bounds, base: (bounds - base).std(ddof=1) / np.sqrt(2 * len(base))),
        ),
        Mistake(
            "the sign is turned round: a variant that is better than the base has a positive "
            "change.",
            lambda bounds, base: _paired_change(base, bounds),
        ),
        Mistake(
            "you summed the changes. Asked is their mean.",
            lambda bounds, base: _paired_change(bounds, base) * [len(base), 1],
        ),
        Mistake(
            "you took absolute values. A seed may lose where the others gain.",
            lambda bounds, base: _paired_change(np.abs(bounds - base), 0 * base),
        ),
        Mistake(
            "this is the mean of `bounds`. Asked is the change from `base`.",
            lambda bounds, base: _paired_change(bounds, 0 * base),
        ),
        Mistake(
            "this is a relative change. Nats are differences already.",
            lambda bounds, base: _paired_change((bounds - base) / np.abs(base), 0 * base),
        ),
        Mistake(
            "the two results have changed places: first the change, then its error.",
            lambda bounds, base: _paired_change(bounds, base)[::-1],
        ),
        Mistake(
            "this is the mean change alone. Its standard error is asked too.",
            lambda bounds, base: (bounds - base).mean(),
        ),
        Mistake(
            "these are the changes, one for each seed. Asked are their mean and its error.",
            lambda bounds, base: bounds - base,
        ),
    ),
)


# 4. A bug to find: the sleep phase, log q(z given x) of dreams. Decoder N(W z, I), encoder
# N(V x, σ² I).


def _log_normal_pdf(value, mean, sd):
    return -0.5 * np.log(2 * np.pi) - np.log(sd) - 0.5 * ((value - mean) / sd) ** 2


def _log_q_terms(z, x, v, sigma):
    return _log_normal_pdf(z, x @ v.T, sigma)


def _dream(z, noise, w):
    return z @ w.T + noise


def _sleep_terms(x, eps, noise, w, v, sigma):
    return _log_q_terms(eps, _dream(eps, noise, w), v, sigma)


def _sleep(x, eps, noise, w, v, sigma):
    return _sleep_terms(x, eps, noise, w, v, sigma).sum(axis=1)


def _drawn_from_q(x, eps, v, sigma):
    return x @ v.T + sigma * eps


def _sleep_given(x, eps, noise, w, v, sigma):
    return _log_q_terms(_drawn_from_q(x, eps, v, sigma), x, v, sigma).sum(axis=1)


def _log_joint(z, x, w):
    return _log_normal_pdf(x, z @ w.T, 1).sum(axis=1) + _log_normal_pdf(z, 0, 1).sum(axis=1)


def _reconstruction(x, eps, noise, w, v, sigma):
    """A z of the real image, and the image that the decoder makes of it."""
    z = _drawn_from_q(x, eps, v, sigma)
    return z, _dream(z, noise, w)


def _sleep_case(seed, batch, pixels, latents, sigma):
    return Case(
        {
            "x": _random(seed, batch, pixels),
            "eps": _random(seed + 1, batch, latents),
            "noise": _random(seed + 2, batch, pixels),
            "w": _random(seed + 3, pixels, latents),
            "v": _random(seed + 4, latents, pixels, scale=0.5),
            "sigma": sigma,
        }
    )


BUG = Exercise(
    id="paper_experiments.4",
    title="A bug to find",
    call="sleep(x, eps, noise, w, v, sigma)",
    cases=(_sleep_case(10, 2, 3, 2, 0.5), _sleep_case(20, 4, 2, 3, 1.6)),
    reference=_sleep,
    hints=(
        "Look at the symptom first. Subtract the mean of q from the z that is drawn: what is "
        "left, and what has it to do with the image?",
        "Say for each phase, aloud: where does z come from, and where does x? In the sleep phase "
        "the model dreams both, and the encoder is asked to recognise.",
        "The prior is N(0, I), so the noise for z is a draw from it as it stands. The decoder "
        "makes x from this z, with its own noise. The real images do not enter.",
    ),
    mistakes=(
        Mistake(
            "this is what the function gave: the bug is still in it. z is drawn from the very q "
            "whose density is taken, so that the image, real or dreamt, drops out.",
            _sleep_given,
        ),
        Mistake(
            "z comes from the prior now, but x is still the real image, which has nothing to do "
            "with this z.",
            lambda x, eps, noise, w, v, sigma: _log_q_terms(eps, x, v, sigma).sum(axis=1),
        ),
        Mistake(
            "x comes from the decoder now, but z is still drawn from q for the real image. This "
            "is a reconstruction, not a dream.",
            lambda *inputs: _log_q_terms(*_reconstruction(*inputs), *inputs[4:]).sum(axis=1),
        ),
        Mistake(
            "your dream has no noise: it is the decoder's mean, not a draw from p(x given z).",
            lambda x, eps, noise, w, v, sigma: _sleep(x, eps, 0 * noise, w, v, sigma),
        ),
        Mistake(
            "you scaled the noise of the dream by sigma. That belongs to the encoder; the "
            "decoder's standard deviation is 1.",
            lambda x, eps, noise, w, v, sigma: _sleep(x, eps, sigma * noise, w, v, sigma),
        ),
        Mistake(
            "you scaled the draw from the prior by sigma. That belongs to the encoder; the "
            "prior's standard deviation is 1.",
            lambda x, eps, noise, w, v, sigma: _sleep(x, sigma * eps, noise, w, v, sigma),
        ),
        Mistake(
            "your dream is the real image with noise. The decoder makes it from z alone.",
            lambda x, eps, noise, w, v, sigma: _log_q_terms(eps, x + noise, v, sigma).sum(axis=1),
        ),
        Mistake(
            "this is the wake phase's log p(x, z), for a real image and a z drawn from q. It "
            "teaches the decoder.",
            lambda x, eps, noise, w, v, sigma: _log_joint(_drawn_from_q(x, eps, v, sigma), x, w),
        ),
        Mistake(
            "this is log p(x, z) of the dream. The encoder does not enter.",
            lambda x, eps, noise, w, v, sigma: _log_joint(eps, _dream(eps, noise, w), w),
        ),
        Mistake(
            "this is log p(x, z) − log q(z given x) for the real image and a z drawn from q: the "
            "bound. Sleep climbs another function.",
            lambda x, eps, noise, w, v, sigma: (
                _log_joint(_drawn_from_q(x, eps, v, sigma), x, w)
                - _sleep_given(x, eps, noise, w, v, sigma)
            ),
        ),
        Mistake(
            "this is log p(z), the prior. Asked is log q(z given x).",
            lambda x, eps, *rest: _log_normal_pdf(eps, 0, 1).sum(axis=1),
        ),
        Mistake(
            "the sign is turned round: this is a loss.",
            lambda *inputs: -_sleep(*inputs),
        ),
        Mistake(
            "you took sigma for the variance. It is the standard deviation.",
            lambda x, eps, noise, w, v, sigma: _sleep(x, eps, noise, w, v, np.sqrt(sigma)),
        ),
        Mistake(
            "you took sigma² for the standard deviation. It is sigma.",
            lambda x, eps, noise, w, v, sigma: _sleep(x, eps, noise, w, v, sigma**2),
        ),
        Mistake(
            "you averaged over the latents. The log density of independent latents is a sum.",
            lambda *inputs: _sleep_terms(*inputs).mean(axis=1),
        ),
        Mistake(
            "you have one value for each latent. Sum them for each dream.",
            _sleep_terms,
        ),
        Mistake(
            "you summed over the batch too. Keep one value for each dream.",
            lambda *inputs: _sleep(*inputs).sum(),
        ),
        Mistake(
            "you averaged over the batch. Keep one value for each dream.",
            lambda *inputs: _sleep(*inputs).mean(),
        ),
        Mistake(
            "the constants are missing: −½ log 2π for each latent.",
            lambda x, eps, *rest: _sleep(x, eps, *rest) + 0.5 * np.log(2 * np.pi) * eps.shape[1],
        ),
    ),
)


# 5. Operations of the matrix products of one training step, for one image.


def _layers(num_pixels, hidden, num_latents, codes=2):
    encoder = [(num_pixels, hidden), (hidden, codes * num_latents)]
    return [*encoder, (num_latents, hidden), (hidden, num_pixels)]


def _products(*sizes, factor=6, codes=2):
    """`factor` operations for each weight of the four layers."""
    return sum(factor * inputs * outputs for inputs, outputs in _layers(*sizes, codes=codes))


def _training_flops(num_pixels, hidden, num_latents):
    return _products(num_pixels, hidden, num_latents) - 2 * num_pixels * hidden


FLOPS = Exercise(
    id="paper_experiments.5",
    title="Operations for one image",
    call="training_flops(num_pixels, hidden, num_latents)",
    builds="vicourse.experiments.speed.flops_per_sample",
    cases=(
        Case({"num_pixels": 6, "hidden": 4, "num_latents": 2}),
        Case({"num_pixels": 9, "hidden": 5, "num_latents": 3}),
        Case({"num_pixels": 784, "hidden": 500, "num_latents": 20}),
    ),
    reference=_training_flops,
    hints=(
        "Write down the four layers, each with its inputs n and its outputs m. The encoder's "
        "second layer has 2L outputs.",
        "A layer that does all three products takes 6nm. Add up the four layers.",
        "One layer does only two of the three: the one whose inputs are the pixels. The decoder's "
        "first layer does all three, for its inputs' gradient is what the encoder learns from.",
    ),
    mistakes=(
        Mistake(
            "the encoder's second layer has 2L outputs: a mean and a log variance for each latent.",
            lambda num_pixels, hidden, num_latents: (
                _products(num_pixels, hidden, num_latents, codes=1) - 2 * num_pixels * hidden
            ),
        ),
        Mistake(
            "every layer has all three products. The first one needs no gradient for its inputs: "
            "nothing moves the pixels.",
            _products,
        ),
        Mistake(
            "every layer has all three products, and the encoder's second layer has L outputs "
            "instead of 2L.",
            lambda *sizes: _products(*sizes, codes=1),
        ),
        Mistake(
            "this is the forward pass alone. The backward pass takes two more products a layer.",
            lambda *sizes: _products(*sizes, factor=2),
        ),
        Mistake(
            "the gradients of the inputs are missing: without them no gradient reaches the layer "
            "below.",
            lambda *sizes: _products(*sizes, factor=4),
        ),
        Mistake(
            "the forward pass is missing: this is the backward pass alone.",
            lambda num_pixels, hidden, num_latents: (
                _products(num_pixels, hidden, num_latents, factor=4) - 2 * num_pixels * hidden
            ),
        ),
        Mistake(
            "you left out the inputs' gradient of both networks' first layers. The decoder's "
            "inputs are z, and the encoder learns through them.",
            lambda num_pixels, hidden, num_latents: (
                _training_flops(num_pixels, hidden, num_latents) - 2 * num_latents * hidden
            ),
        ),
        Mistake(
            "you left out the inputs' gradient of the decoder's first layer. It is the encoder's "
            "first layer that needs none.",
            lambda num_pixels, hidden, num_latents: (
                _products(num_pixels, hidden, num_latents) - 2 * num_latents * hidden
            ),
        ),
        Mistake(
            "the first layer counts only once. It goes forward and needs its weights' gradient: "
            "4nm.",
            lambda num_pixels, hidden, num_latents: (
                _products(num_pixels, hidden, num_latents) - 4 * num_pixels * hidden
            ),
        ),
        Mistake(
            "you counted a multiplication and the addition after it as one operation. They are "
            "two.",
            lambda *sizes: _training_flops(*sizes) / 2,
        ),
        Mistake(
            "the decoder is missing.",
            lambda num_pixels, hidden, num_latents: (
                4 * num_pixels * hidden + 12 * hidden * num_latents
            ),
        ),
        Mistake(
            "the encoder is missing.",
            lambda num_pixels, hidden, num_latents: 6 * hidden * (num_latents + num_pixels),
        ),
        Mistake(
            "you counted weights, not operations: a weight takes 6 of them, and 4 in the first "
            "layer.",
            lambda *sizes: _products(*sizes, factor=1),
        ),
    ),
)


# 6. A prediction.

PREDICTION = Choice(
    id="paper_experiments.6",
    title="A prediction",
    right="d",
    wrong={
        "a": "It is right for every density q, but only with draws from the whole posterior. What "
        "is the density of these draws, where they lie?",
        "b": "It errs upwards for another reason, −log being convex, and many draws make that "
        "small. Write down the expectation of one ratio under draws from one mode.",
        "c": "Where q is 0 the ratio is 0, not infinite. And no draw is there to ask.",
    },
    why="Where the draws lie, the posterior is half of their density m: p(x, z) = p(x) · ½ m(z). "
    "So the mean of q(z)/p(x, z) is 2/p(x), and the estimate is log p(x) − log 2. The missed mode "
    "costs the log of the share that was found, and the ratios scatter no more than ever.",
    hints=(
        "Let m(z) be the density of the draws, and write p(x, z) = p(x) p(z given x) with it, "
        "for a z in the mode that was found.",
        "The mean of q(z)/m(z) over draws from m is 1. What is the mean of q(z)/p(x, z)?",
    ),
)


# 7. The log of HMC's probability of acceptance, for each image's chain.


def _energy_change(log_joint_old, log_joint_new, r_old, r_new, half=0.5):
    """Old energy minus new, [batch]."""
    kinetic = half * (np.square(r_old).sum(axis=1) - np.square(r_new).sum(axis=1))
    return log_joint_new - log_joint_old + kinetic


def _log_acceptance(log_joint_old, log_joint_new, r_old, r_new):
    return np.minimum(0, _energy_change(log_joint_old, log_joint_new, r_old, r_new))


ACCEPTANCE = Exercise(
    id="paper_experiments.7",
    title="The E-step's acceptance",
    call="log_acceptance(log_joint_old, log_joint_new, r_old, r_new)",
    builds="vicourse.vae.monte_carlo_em.e_step",
    cases=(
        Case(
            {
                "log_joint_old": np.array([-3.0, -5, -4]),
                "log_joint_new": np.array([-4.0, -4, -2.5]),
                "r_old": np.array([[1.0, -1], [0.5, 1], [0, -0.5]]),
                "r_new": np.array([[0.5, 0.2], [1, -1.5], [-0.3, 2]]),
            }
        ),
        Case(
            {
                "log_joint_old": _random(30, 4) - 6,
                "log_joint_new": _random(31, 4) - 6,
                "r_old": _random(32, 4, 3),
                "r_new": _random(33, 4, 3),
            }
        ),
        Case(
            {
                "log_joint_old": np.array([-100.0, -950]),
                "log_joint_new": np.array([-1000.0, -110]),
                "r_old": np.array([[1.0, 0.5], [2, -1]]),
                "r_new": np.array([[-0.5, 1], [1, 3]]),
            },
            alone="your formula is right for moderate energies. But the exponential of −900 is 0 "
            "in the computer, and that of 840 is infinite. Stay with logarithms all the way.",
        ),
    ),
    reference=_log_acceptance,
    hints=(
        "Write down both energies, one number for each chain, and subtract: old minus new.",
        "The potential energy is −log p(x, z), so its part of the difference is log_joint_new − "
        "log_joint_old. The kinetic part is half the sum of squares of r_old, minus that of r_new.",
        "The logarithm of min(1, exp(d)) is min(0, d). Take it entry by entry: `tf.minimum` or "
        "`np.minimum`.",
    ),
    mistakes=(
        Mistake(
            "the minimum is missing: a probability is at most 1, so its logarithm is at most 0.",
            _energy_change,
        ),
        Mistake(
            "you took the maximum. A probability is at most 1, so its logarithm is at most 0.",
            lambda *inputs: np.maximum(0, _energy_change(*inputs)),
        ),
        Mistake(
            "you took the minimum with 1. That is for the probability; asked is its logarithm.",
            lambda *inputs: np.minimum(1, _energy_change(*inputs)),
        ),
        Mistake(
            "the momenta are missing: this is the rule of Metropolis for log p(x, z) alone.",
            lambda old, new, r_old, r_new: np.minimum(0, new - old),
        ),
        Mistake(
            "the kinetic energies have the wrong sign: a faster end is a higher energy.",
            lambda old, new, r_old, r_new: _log_acceptance(old, new, r_new, r_old),
        ),
        Mistake(
            "log p(x, z) has the wrong sign: it is minus the potential energy.",
            lambda old, new, r_old, r_new: _log_acceptance(new, old, r_old, r_new),
        ),
        Mistake(
            "old and new have changed places.",
            lambda old, new, r_old, r_new: _log_acceptance(new, old, r_new, r_old),
        ),
        Mistake(
            "the ½ of the kinetic energy is missing.",
            lambda *inputs: np.minimum(0, _energy_change(*inputs, half=1)),
        ),
        Mistake(
            "you averaged over the latents. The kinetic energy is half the sum of squares.",
            lambda old, new, r_old, r_new: np.minimum(
                0, _energy_change(old, new, r_old, r_new, half=0.5 / r_old.shape[1])
            ),
        ),
        Mistake(
            "the momenta enter unsquared.",
            lambda old, new, r_old, r_new: np.minimum(0, new - old + (r_old - r_new).sum(1) / 2),
        ),
        Mistake(
            "the kinetic energy is half the squared length of the momentum. You took the length.",
            lambda old, new, r_old, r_new: np.minimum(
                0,
                new - old + (np.linalg.norm(r_old, axis=1) - np.linalg.norm(r_new, axis=1)) / 2,
            ),
        ),
        Mistake(
            "you took the kinetic energy of the difference of the momenta. Asked is the "
            "difference of their kinetic energies.",
            lambda old, new, r_old, r_new: np.minimum(
                0, new - old - np.square(r_new - r_old).sum(axis=1) / 2
            ),
        ),
        Mistake(
            "only the new momentum enters. The energy at the start has one as well.",
            lambda old, new, r_old, r_new: _log_acceptance(old, new, 0 * r_old, r_new),
        ),
        Mistake(
            "only the old momentum enters. The energy at the end has one as well.",
            lambda old, new, r_old, r_new: _log_acceptance(old, new, r_old, 0 * r_new),
        ),
        Mistake(
            "only the end enters. The probability depends on the change of the energy.",
            lambda old, new, r_old, r_new: _log_acceptance(0 * old, new, 0 * r_old, r_new),
        ),
        Mistake(
            "this is the probability. Asked is its logarithm.",
            lambda *inputs: np.exp(_log_acceptance(*inputs)),
        ),
        Mistake(
            "the sign is turned round: the logarithm of a probability is never positive.",
            lambda *inputs: -_log_acceptance(*inputs),
        ),
        Mistake(
            "you summed over the chains. Each image's chain is accepted or refused by itself.",
            lambda *inputs: _log_acceptance(*inputs).sum(),
        ),
        Mistake(
            "you averaged over the chains. Each image's chain is accepted or refused by itself.",
            lambda *inputs: _log_acceptance(*inputs).mean(),
        ),
        Mistake(
            "you added up the energies of all chains before the minimum. Each image's chain is "
            "accepted or refused by itself.",
            lambda *inputs: np.minimum(0, _energy_change(*inputs).sum()),
        ),
    ),
)


EXERCISES = (APPENDIX_D, GRID, PAIRED, BUG, FLOPS, PREDICTION, ACCEPTANCE)
