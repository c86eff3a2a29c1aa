"""Full variational Bayes: a distribution over the model's parameters too, by the same trick.

In a VAE the decoder's weights θ are numbers. Here they are latents, with a prior and an
approximation of their own, and one estimator serves both kinds: z belongs to a data point and is
counted N times, θ belongs to all of them and is counted once.

Source: Kingma & Welling (2014), appendix F.
Chapter: deep/aevb, deep/paper_experiments
"""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.estimate import Estimate
from vicourse.families import mean_field
from vicourse.seeds import fold_in, split_seed
from vicourse.vae.climb import make_epoch
from vicourse.vae.sgvb import ESTIMATORS
from vicourse.vae.training import TrainingDiverged
from vicourse.validation import argument_error, check_array, check_choice, check_integer

tfd = tfp.distributions


class FullBayes:
    """A model whose parameters are latents too, and its approximation in two parts.

        p(θ) = N(0, I)                   `parameter_prior`
        p(z) = N(0, I)                   `latent_prior`
        p(x | z, θ)                      `likelihood(z, theta)`
        q(θ) = N(μ, diag σ²)             `parameter_posterior`
        q(z | x) = N(μ(x), diag σ²(x))   `posterior(x)`

    q(θ) and q(z | x) are independent: what a bound loses by that is never won back by training.

    Args:
        likelihood: a function `(z, theta)` from z [..., num_latents] and theta
            [..., num_parameters] to a TFP distribution of x, batch shape [...].
        recognition: maps x [n, D] to [n, 2 · num_latents], μ(x) and then log σ²(x), in `dtype`:
            a Keras layer or model, `vicourse.vae.encoder` for float32.
        num_parameters: length of θ, a vector.
        num_latents: length of one data point's z.
        initial_loc, initial_scale, dtype, seed: where q(θ) starts, as for
            `vicourse.families.mean_field`. Give a location or a seed: at 0 many decoders have a
            saddle.

    Source: Kingma & Welling (2014), appendix F.
    Chapter: deep/aevb, deep/paper_experiments
    """

    def __init__(
        self,
        likelihood,
        recognition,
        num_parameters,
        num_latents,
        *,
        initial_loc=None,
        initial_scale=1.0,
        dtype=tf.float64,
        seed=None,
    ):
        num_parameters = check_integer("num_parameters", num_parameters, minimum=1)
        self.num_latents = check_integer("num_latents", num_latents, minimum=1)
        family = mean_field(
            num_parameters,
            initial_loc=initial_loc,
            initial_scale=initial_scale,
            dtype=dtype,
            seed=seed,
        )
        self.dtype = family.dtype
        self.parameter_posterior = family.distribution  # on R^dim: the Gaussian itself
        self.parameter_prior = _standard_normal(num_parameters, self.dtype)
        self.latent_prior = _standard_normal(num_latents, self.dtype)
        self.likelihood = likelihood
        self.recognition = recognition

    def posterior(self, x):
        """q(z | x) for data points x [n, D]: batch shape [n], event shape [num_latents]."""
        x = tf.convert_to_tensor(x)
        if x.dtype != self.dtype or x.shape.rank != 2:  # Keras would cast it and say nothing
            raise argument_error("x", x, f"shape [n, D] and dtype {self.dtype.name}")
        outputs = self.recognition(x)
        if outputs.shape[-1] != 2 * self.num_latents or outputs.dtype != self.dtype:
            wanted = f"[n, {2 * self.num_latents}], {self.dtype.name}: means, then log variances"
            raise argument_error("recognition", outputs, wanted)
        mu, log_variance = tf.split(outputs, 2, axis=-1)
        return tfd.MultivariateNormalDiag(mu, tf.exp(log_variance / 2))

    @property
    def trainable_variables(self):
        """φ: those of q(θ), then those of the recognition model."""
        return [
            *self.parameter_posterior.trainable_variables,
            *self.recognition.trainable_variables,
        ]


def full_bayes_bound(model, x, seed, *, num_data, estimator="B", num_samples=1):
    """Estimates of a whole data set's bound, one from each data point and draw.

        log p(X) ≥ E_q(θ)[Σ_i ELBO(x_i; θ)] − KL(q(θ) ‖ p(θ))

        A:  N [log p(x, z | θ) − log q(z | x)]              + log p(θ) − log q(θ)
        B:  N [log p(x | z, θ) − KL(q(z | x) ‖ p(z))]       − KL(q(θ) ‖ p(θ))

    with θ ~ q(θ) and z ~ q(z | x) drawn anew for each data point, as the paper does: with a θ in
    common the points' errors would be in common too. For a point x picked at random each value is
    unbiased, and so is the mean over a minibatch.

    Args:
        model: a `FullBayes`.
        x: data points, [M, D], of the model's dtype: a minibatch or all.
        seed: of θ and z.
        num_data: N, the size of the whole data set.
        estimator: "A" samples both KLs, "B" has them in closed form.
        num_samples: S, draws of (θ, z) for each point.

    Returns:
        A tensor [S, M], nats for the whole data set, not per point. Where x is the whole data set,
        the S means over points are independent estimates of the bound.

    Raises:
        ValueError: an estimator that there is not, or an N smaller than the minibatch.

    Source: Kingma & Welling (2014), appendix F.
    Chapter: deep/aevb, deep/paper_experiments
    """
    check_choice("estimator", estimator, ESTIMATORS)
    num_samples = check_integer("num_samples", num_samples, minimum=1)
    num_data = check_integer("num_data", num_data, minimum=len(x))
    theta_seed, z_seed = split_seed(seed)
    q_theta, q_z = model.parameter_posterior, model.posterior(x)
    theta = q_theta.sample([num_samples, len(x)], seed=theta_seed)  # [S, M, parameters]
    z = q_z.sample(num_samples, seed=z_seed)  # [S, M, latents]
    log_likelihood = model.likelihood(z, theta).log_prob(x)
    if estimator == "A":
        kl_z = q_z.log_prob(z) - model.latent_prior.log_prob(z)
        kl_theta = q_theta.log_prob(theta) - model.parameter_prior.log_prob(theta)
    else:
        kl_z = q_z.kl_divergence(model.latent_prior)
        kl_theta = q_theta.kl_divergence(model.parameter_prior)
    return num_data * (log_likelihood - kl_z) - kl_theta


def train_full_bayes(model, x, optimizer, *, epochs, batch_size, seed, estimator="B"):
    """Fit q(θ) and q(z | x) together by stochastic gradient ascent on `full_bayes_bound`.

    Args:
        model: a `FullBayes`; its variables are moved.
        x: the data set, [N, D].
        optimizer: a new Keras optimizer. It climbs the bound divided by N, nats per data point.
        epochs: passes over the data.
        batch_size: M, data points per step. An incomplete last batch of an epoch is left out; the
            next epoch's order is another.
        seed: of the order of the points, of θ and of z.
        estimator: as for `full_bayes_bound`.

    Returns:
        A list with an `Estimate` for each epoch: the bound of the whole data set in nats, over the
        epoch's points, while the variables moved.

    Raises:
        TrainingDiverged: the bound became NaN or infinite.
        ValueError: fewer data points than one batch.

    Source: Kingma & Welling (2014), appendix F.
    Chapter: deep/aevb, deep/paper_experiments
    """
    x = check_array("x", x, dtype=model.dtype.as_numpy_dtype, shape=(None, None))
    epochs = check_integer("epochs", epochs, minimum=1)
    batch_size = check_integer("batch_size", batch_size, minimum=1, maximum=len(x))
    check_choice("estimator", estimator, ESTIMATORS)
    model.posterior(x[:1])  # a recognition model makes its variables at its first use
    optimizer.build(model.trainable_variables)
    n = len(x)

    def per_point(batch, seed):  # so that the steps do not grow with N
        return full_bayes_bound(model, batch, seed, num_data=n, estimator=estimator) / n

    run_epoch = make_epoch(per_point, model.trainable_variables, x, optimizer, batch_size)
    history = []
    for epoch in range(epochs):
        mean = run_epoch(fold_in(seed, epoch))
        if not np.isfinite(mean.value):
            raise TrainingDiverged(
                f"the bound became NaN or infinite in epoch {epoch + 1}. Try a smaller learning "
                "rate, or a smaller `initial_scale`."
            )
        bound, error = n * mean.value, n * mean.standard_error
        history.append(Estimate(bound, error, mean.num_samples, "monte_carlo"))
    return history


def _standard_normal(dim, dtype):
    return tfd.MultivariateNormalDiag(tf.zeros(dim, dtype), tf.ones(dim, dtype))
