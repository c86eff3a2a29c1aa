"""The bound of any model with a joint density and a recognition model, and how it is climbed.

`VAE`, `TwoLayerVAE` and `DeepStateSpace` differ in what z is: a vector, two vectors, a path. Their
bound is one and the same.

Chapter: deep/beyond_vae
"""

import tensorflow as tf

from vicourse.objectives import importance_weighted_bound
from vicourse.vae.climb import climb


def bound_of(model, x, seed, *, num_importance_samples=1, num_samples=1):
    """Estimates of the bound of each data point: the ELBO, or the importance-weighted bound.

        L_K = E[log 1/K Σ_k p(x, z_k) / q(z_k | x)] ≤ log p(x),   z_1 … z_K ~ q(z | x)

    Two layers: z = (z₁, z₂). A series: z = (z_1 … z_T), and p and q are products over time.

    Args:
        model: has `posterior(x)`, a distribution of batch shape [n], and `log_joint(x, z)`: a
            `VAE`, `TwoLayerVAE` or `DeepStateSpace`.
        x: data points, float32 [n, ...].
        seed: of the draws.
        num_importance_samples: K, draws inside the logarithm; 1 for the ELBO.
        num_samples: independent repeats.

    Returns:
        A tensor [num_samples, n], nats per data point; the mean over axis 0 is unbiased for L_K.

    Source: Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders.
    Chapter: deep/beyond_vae
    """
    x = tf.convert_to_tensor(x)
    return importance_weighted_bound(
        lambda z: model.log_joint(x, z),
        model.posterior(x),
        num_importance_samples=num_importance_samples,
        num_samples=num_samples,
        seed=seed,
    )


def train_on_bound(model, x, *, epochs, batch_size, learning_rate, seed, num_importance_samples=1):
    """Fit p and q together by stochastic gradient ascent on `bound_of`.

    Args:
        model: as for `bound_of`, with `trainable_variables`, which are moved.
        x: the data, float32 [N, ...].
        epochs, batch_size, learning_rate, seed: as for `climb`.
        num_importance_samples: K of the bound that is climbed.

    Returns:
        A list with an `Estimate` for each epoch: the bound, nats per data point, over the epoch's
        points, while the variables moved.

    Raises:
        TrainingDiverged: the bound became NaN or infinite.
        ValueError: fewer data points than one batch.

    Chapter: deep/beyond_vae
    """

    def objective(batch, seed):
        return bound_of(model, batch, seed, num_importance_samples=num_importance_samples)

    return climb(
        objective,
        model.trainable_variables,
        x,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
    )
