"""Full variational Bayes where the truth is known: a linear decoder with two weights.

    w ~ N(0, I₂),   z_i ~ N(0, 1),   x_i | z_i, w ~ N(z_i w, 0.5² I₂)

Given w, x is Gaussian, so log p(X) and p(w | X) are integrals over a plane. And full variational
Bayes has a closed-form rival here: q(w) and q(z) can take turns, each made optimal given the other,
and end at the best q that there is. Three things keep that one from the evidence. w and −w explain
the data equally well and q takes one of them: log 2. q(w) is a Gaussian with no correlation. And
q(z | x) does not know w: so q(w) is as narrow as if every z had been seen, however many data there
are. Its SDs tend to σ/√N, those of the posterior to what the Fisher information of x says.

Source: Kingma & Welling (2014), appendix F.
Chapter: deep/paper_experiments
"""

import time

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from scipy.optimize import minimize

from vicourse.estimate import estimate
from vicourse.experiments.experiment import Experiment, with_error
from vicourse.models import quadrature
from vicourse.models.kinds import BayesianModel
from vicourse.vae.full_bayes import FullBayes, full_bayes_bound, train_full_bayes
from vicourse.validation import check_array

tfd = tfp.distributions

NOISE_SD = 0.5
TRUE_WEIGHTS = (1.2, -0.6)
SIZES = (10, 100, 1000)
SEEDS = (0, 1, 2)
STEPS_PER_EPOCH = 5
EPOCHS, QUICK_EPOCHS = 3000, 300
NUM_DRAWS = 2000


def cells(quick):
    """One size of the data set, one seed. Quick: the smallest, fewer epochs."""
    return [
        {"num_data": size, "seed": seed, "epochs": QUICK_EPOCHS if quick else EPOCHS}
        for size in SIZES[: 1 if quick else None]
        for seed in SEEDS[: 1 if quick else None]
    ]


def run(settings):
    """Fits one cell by appendix F and holds it against the truth.

    Returns:
        A dict, in nats for the whole data set: the evidence; the bound, estimated (with its
        standard error) and exact for this q; the bound of the best q; KL(q(w) ‖ p(w | X)). Then of
        w the mean and SD under q, under the posterior of the half plane that q chose, and the
        maximum a posteriori (MAP) weights; how many nats per new point each of q and MAP predicts
        worse than the posterior does; `num_draws` of the estimates; seconds.
    """
    num_data, seed = settings["num_data"], settings["seed"]
    x, new = simulate(num_data, seed), simulate(1000, seed + 1000)
    start = time.perf_counter()
    model = fit(x, settings["epochs"], seed)
    seconds = time.perf_counter() - start
    values = full_bayes_bound(model, tf.constant(x), seed, num_data=num_data, num_samples=NUM_DRAWS)
    elbo = estimate(tf.reduce_mean(values, axis=1))
    q_w = model.parameter_posterior
    mean, sd = q_w.mean().numpy(), q_w.stddev().numpy()
    q_z = model.posterior(x)
    best = coordinate_ascent(x, mean)
    truth = quadrature(WeightsOfOneFactor(x))
    points, mass = half_plane(truth, mean)
    posterior_mean = mass @ points
    posterior_sd = np.sqrt(mass @ (points - posterior_mean) ** 2)
    map_weights = minimize(lambda w: -truth.model.log_joint(tf.constant(w)).numpy(), mean).x
    # p(x | w) is the same for w and −w, so half of the plane predicts as the whole does.
    exact = log_predictive(new, points, mass)
    by_q = log_predictive(new, *nodes(mean, sd)) - exact
    by_map = log_predictive(new, map_weights[np.newaxis], np.ones(1)) - exact
    return {
        "log_evidence": round(truth.log_evidence, 4),
        **with_error("elbo", elbo),
        "elbo_exact": round(bound(x, mean, sd, q_z.mean(), q_z.stddev()), 4),
        "elbo_best": round(bound(x, *best), 4),
        "kl_weights": round(truth.kl_q_p(q_w), 4),
        "mean": _rounded(mean),
        "mean_best": _rounded(best[0]),
        "mean_posterior": _rounded(posterior_mean),
        "map": _rounded(map_weights),
        "sd": _rounded(sd),
        "sd_best": _rounded(best[1]),
        "sd_posterior": _rounded(posterior_sd),
        "predicts_worse": round(float(-by_q.mean()), 5),
        "predicts_worse_se": round(estimate(by_q).standard_error, 5),
        "map_predicts_worse": round(float(-by_map.mean()), 5),
        "map_predicts_worse_se": round(estimate(by_map).standard_error, 5),
        "num_draws": NUM_DRAWS,
        "seconds": round(seconds, 1),
    }


def simulate(num_data, seed):
    """Data of the true weights, [num_data, 2]."""
    rng = np.random.default_rng(seed)
    z, noise = rng.normal(size=(num_data, 1)), rng.normal(size=(num_data, 2))
    return z * TRUE_WEIGHTS + NOISE_SD * noise


def make_model(seed):
    """The model at its start: a linear recognition model, which is all that the best q needs."""

    def likelihood(z, theta):
        return tfd.MultivariateNormalDiag(z * theta, NOISE_SD * tf.ones(2, tf.float64))

    start = keras.initializers.GlorotUniform(seed)
    recognition = keras.layers.Dense(2, dtype="float64", kernel_initializer=start)
    recognition.build((None, 2))
    return FullBayes(likelihood, recognition, 2, 1, initial_scale=0.1, seed=seed)


def fit(x, epochs, seed):
    """The model after `epochs` passes over x, five minibatches each, the steps dying away."""
    model = make_model(seed)
    rate = keras.optimizers.schedules.CosineDecay(0.02, STEPS_PER_EPOCH * epochs)
    train_full_bayes(
        model,
        x,
        keras.optimizers.Adam(rate),
        epochs=epochs,
        batch_size=len(x) // STEPS_PER_EPOCH,
        seed=seed,
    )
    return model


class WeightsOfOneFactor(BayesianModel):
    """The two weights w with every z integrated out: x_i | w ~ N(0, w wᵀ + σ² I).

    By the Sherman–Morrison formula, which needs of the data only N and Σ_i x_i x_iᵀ.
    """

    name = "Weights of one factor"

    def __init__(self, data):
        self.data = self._check_data(data)
        super().__init__([2], tfp.bijectors.Identity())
        self.prior = tfd.MultivariateNormalDiag(tf.zeros(2, tf.float64))

    def _check_data(self, data):
        return check_array("data", data, shape=(None, 2))

    def likelihood(self, z):
        covariance = z[..., :, None] * z[..., None, :] + NOISE_SD**2 * tf.eye(2, dtype=z.dtype)
        one = tfd.MultivariateNormalTriL(tf.zeros_like(z), tf.linalg.cholesky(covariance))
        return tfd.Sample(one, len(self.data))

    def _log_likelihood(self, z):
        squares = tf.constant(self.data.T @ self.data)
        variance = NOISE_SD**2 + tf.reduce_sum(z**2, axis=-1)  # along w; σ² across
        along = tf.einsum("...i,ij,...j->...", z, squares, z) / variance
        quadratic = (tf.linalg.trace(squares) - along) / NOISE_SD**2
        log_det = tf.math.log(NOISE_SD**2 * variance)
        return -0.5 * (len(self.data) * (2 * np.log(2 * np.pi) + log_det) + quadratic)


def bound(x, w_mean, w_sd, z_mean, z_sd):
    """The bound of q(w) q(z | x) in closed form, in nats, for means and SDs [2] and [N, 1]."""
    w_squared = np.sum(w_mean**2 + w_sd**2)
    z_mean, z_sd = np.asarray(z_mean)[:, 0], np.asarray(z_sd)[:, 0]
    squares = np.sum(x**2, axis=1) - 2 * z_mean * (x @ w_mean) + (z_mean**2 + z_sd**2) * w_squared
    fit_of_x = -np.sum(np.log(2 * np.pi * NOISE_SD**2) + squares / (2 * NOISE_SD**2))
    return float(fit_of_x - kl_to_standard(z_mean, z_sd) - kl_to_standard(w_mean, w_sd))


def kl_to_standard(mean, sd):
    """KL(N(mean, diag sd²) ‖ N(0, I)) in nats, summed over all entries."""
    return np.sum(mean**2 + sd**2 - 1 - 2 * np.log(sd)) / 2


def coordinate_ascent(x, start, rounds=5000):
    """The best q: means and SDs of w, [2], and of z, [N, 1]; `start` says in which half plane."""
    w_mean, w_variance = np.array(start), np.zeros(2)
    for _ in range(rounds):
        total = NOISE_SD**2 + np.sum(w_mean**2 + w_variance)
        z_mean, z_variance = x @ w_mean / total, NOISE_SD**2 / total
        w_variance = 1 / (1 + np.sum(z_mean**2 + z_variance) / NOISE_SD**2) * np.ones(2)
        w_mean = w_variance * (x.T @ z_mean) / NOISE_SD**2
    z_sd = np.full((len(x), 1), np.sqrt(z_variance))
    return w_mean, np.sqrt(w_variance), z_mean[:, np.newaxis], z_sd


def half_plane(truth, direction):
    """The posterior where w · direction > 0: points [M, 2], and their mass [M], in all 1."""
    points = truth.latents().numpy().reshape(-1, 2)
    mass = truth.density.ravel() * (points @ direction > 0)
    kept = mass > 1e-12 * mass.max()
    return points[kept], mass[kept] / mass[kept].sum()


def nodes(mean, sd, degree=12):
    """Gauss–Hermite points [M, 2] and masses [M] of q(w)."""
    axis, mass = np.polynomial.hermite_e.hermegauss(degree)
    mesh = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    return mean + sd * mesh, np.outer(mass, mass).ravel() / mass.sum() ** 2


def log_predictive(x, points, mass):
    """log Σ_m mass_m p(x_i | w_m) in nats, [N]."""
    variance = NOISE_SD**2 + np.sum(points**2, axis=1)
    along = (x @ points.T) ** 2 / variance
    quadratic = (np.sum(x**2, axis=1, keepdims=True) - along) / NOISE_SD**2
    density = np.exp(-quadratic / 2) / (2 * np.pi * NOISE_SD * np.sqrt(variance))
    return np.log(density @ mass)


def report(finished):
    """A line for each size and seed: the evidence, what the bound lacks and why, SDs, MAP."""
    lines = ["    N seed log p(X)  bound lacks: log 2  rest of w    z | w   training  SD ratios"]
    for cell in finished:
        lacks = cell["log_evidence"] - cell["elbo_exact"]
        training = cell["elbo_best"] - cell["elbo_exact"]
        ratios = np.array(cell["sd"]) / cell["sd_posterior"]
        lines.append(
            f"{cell['settings']['num_data']:5} {cell['settings']['seed']:4} "
            f"{cell['log_evidence']:8.2f} {lacks:12.3f} {np.log(2):6.3f} "
            f"{cell['kl_weights'] - np.log(2):10.3f} {lacks - cell['kl_weights']:8.3f} "
            f"{training:10.4f}  {ratios[0]:.2f} {ratios[1]:.2f}"
        )
    return lines


def _rounded(values):
    return [round(float(value), 5) for value in values]


APPENDIX_F = Experiment(
    name="appendix_f",
    what="full variational Bayes (appendix F) with two weights: bound, posterior, MAP",
    cells=cells,
    run=run,
    report=report,
)
