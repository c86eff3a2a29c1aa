"""Right and wrong answers to the exercises of deep/vae_mnist."""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

tfd = tfp.distributions


def _encoder(mu, log_var):
    return tfd.MultivariateNormalDiag(mu, np.exp(log_var / 2))


def _kl_to_prior(mu, log_var):
    prior = tfd.MultivariateNormalDiag(np.zeros_like(mu))
    return _encoder(mu, log_var).kl_divergence(prior).numpy()


def _quantile_of_eps(mu, log_var, eps):
    # mu + sigma · eps is that quantile of N(mu, sigma²) which eps is of N(0, 1).
    return stats.norm(mu, np.sqrt(np.exp(log_var))).ppf(stats.norm.cdf(eps))


def _log_prob(x, logits):
    return tfd.Independent(tfd.Bernoulli(logits=tf.constant(logits)), 1).log_prob(x).numpy()


def _mean_negative_elbo(x, logits, mu, log_var):
    return np.mean(_kl_to_prior(mu, log_var) - _log_prob(x, logits))


# Independent answers: TFP's and SciPy's own densities, in float64.
INDEPENDENT = {
    "vae_mnist.1": _kl_to_prior,
    "vae_mnist.2": _quantile_of_eps,
    "vae_mnist.3": _log_prob,
    "vae_mnist.4": _mean_negative_elbo,
}

SECRETS = ("0.5 * (mu**2", "softplus(-logits)", 'prediction = "b"')

# Right answers written in other ways: NumPy, loops, plain Python, TFP, float64.
VARIANTS = {
    "vae_mnist.1": [
        """
def kl_to_prior(mu, log_var):
    return np.sum(0.5 * (np.exp(log_var) + np.square(mu) - 1.0 - log_var), axis=-1)
""",
        """
def kl_to_prior(mu, log_var):
    result = []
    for i in range(len(mu)):
        total = 0.0
        for j in range(len(mu[i])):
            s = math.sqrt(math.exp(log_var[i][j]))
            total += -math.log(s) + (s ** 2 + float(mu[i][j]) ** 2) / 2.0 - 0.5
        result.append(total)
    return result
""",
        """
def kl_to_prior(mu, log_var):
    mu, log_var = tf.cast(mu, tf.float64), tf.cast(log_var, tf.float64)
    q = tfd.MultivariateNormalDiag(mu, tf.exp(log_var / 2))
    p = tfd.MultivariateNormalDiag(tf.zeros_like(q.loc), tf.ones_like(q.loc))
    return tfd.kl_divergence(q, p)
""",
        """
def kl_to_prior(mu, log_var):
    return 0.5 * (mu ** 2.0 + np.exp(log_var) - log_var - 1.0).sum(axis=1, keepdims=True)
""",
    ],
    "vae_mnist.2": [
        """
def reparameterize(mu, log_var, eps):
    out = np.empty(mu.shape)
    for index in np.ndindex(*mu.shape):
        out[index] = mu[index] + np.exp(log_var[index]) ** 0.5 * eps[index]
    return out
""",
        """
def reparameterize(mu, log_var, eps):
    eps *= tf.sqrt(tf.exp(log_var))
    eps += mu
    return eps
""",
    ],
    "vae_mnist.3": [
        """
def bernoulli_log_likelihood(x, logits):
    return -np.sum(np.logaddexp(0.0, (1.0 - 2.0 * x) * logits), axis=1)
""",
        """
def bernoulli_log_likelihood(x, logits):
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
    return -tf.reduce_sum(cross_entropy, axis=-1)
""",
        """
def bernoulli_log_likelihood(x, logits):
    return tfd.Independent(tfd.Bernoulli(logits=logits), 1).log_prob(x)
""",
        """
def bernoulli_log_likelihood(x, logits):
    rows = []
    for pixels, row in zip(x, logits):
        rows.append(sum(p * l - max(l, 0.0) - math.log1p(math.exp(-abs(l)))
                        for p, l in zip(map(float, pixels), map(float, row))))
    return tuple(rows)
""",
    ],
    "vae_mnist.4": [
        """
def negative_elbo(x, logits, mu, log_var):
    log_lik = np.sum(x * logits - np.logaddexp(0.0, logits), axis=1)
    kl = 0.5 * np.sum(mu ** 2.0 + np.exp(log_var) - log_var - 1.0, axis=1)
    return float(np.mean(kl - log_lik))
""",
    ],
}

_KL = "0.5 * (mu**2 + tf.exp(log_var) - log_var - 1)"
_LOSS = "tf.nn.sigmoid_cross_entropy_with_logits(x, logits)"
_P = "tf.sigmoid(logits)"

# Wrong answers as learners write them, with part of the message where it is recognised.
WRONG = {
    "vae_mnist.1": [
        (
            "tf.reduce_sum(0.5 * (mu**2 + tf.exp(log_var)**2 - 2*log_var - 1), 1)",
            "you read `log_var` as log σ",
        ),
        (f"tf.reduce_mean({_KL}, 1)", "you averaged over the latents"),
        (f"-tf.reduce_sum({_KL}, 1)", "the sign is turned round"),
        (
            "0.5 * tf.reduce_sum((1 + mu**2)/tf.exp(log_var) + log_var - 1, 1)",
            "this is KL(p‖q): you swapped the arguments",
        ),
        ("0.5 * tf.reduce_sum(mu**2 + tf.exp(log_var) - log_var, 1)", "the −1 is missing"),
        (f"np.sum({_KL})", "you summed over the batch too"),
        (_KL, "you have one value per latent"),
        (f"np.sum({_KL}, axis=0)", "that is axis 1"),
        ("tf.zeros(2)", None),
        ("tf.reduce_sum(log_var, 1)", None),
    ],
    "vae_mnist.2": [
        ("mu + tf.exp(log_var) * eps", "σ², the variance"),
        ("mu + log_var * eps", "The exponential is missing"),
        ("mu + np.sqrt(log_var) * eps", "square root of log σ²"),
        ("mu + tf.exp(2 * log_var) * eps", None),
        ("tf.random.normal(mu.shape)", None),
    ],
    "vae_mnist.3": [
        (f"-tf.reduce_mean({_LOSS}, 1)", "you averaged over the pixels"),
        (f"tf.reduce_sum({_LOSS}, 1)", "this is the cross-entropy, a loss"),
        (
            "tf.reduce_sum(x*tf.math.log(logits) + (1-x)*tf.math.log(1-logits), 1)",
            "as if they were probabilities",
        ),
        (f"-tf.reduce_sum({_LOSS.replace('logits)', _P + ')')}, 1)", "the sigmoid twice"),
        (
            f"tf.reduce_sum(x*tf.math.log({_P}) + (1-x)*tf.math.log(1-{_P}), 1)",
            "right for moderate logits",
        ),
        ("tf.reduce_sum(x*logits - tf.math.log(1 + tf.exp(logits)), 1)", "right for moderate"),
        (
            f"tf.reduce_sum(x*tf.math.log(tf.maximum({_P}, 1e-7)) + "
            f"(1-x)*tf.math.log(tf.maximum(1-{_P}, 1e-7)), 1)",
            "right for moderate logits",
        ),
        (f"-tf.reduce_sum((x - {_P})**2, 1)", None),
    ],
    "vae_mnist.4": [
        ("negative_elbo_given(x, logits, mu, log_var)", "the bug is still in it"),
        (
            f"tf.reduce_mean(tf.reduce_mean({_KL}, 1) + tf.reduce_mean({_LOSS}, 1))",
            "now both terms are means",
        ),
        (
            f"-tf.reduce_mean(tf.reduce_sum({_KL}, 1) + tf.reduce_sum({_LOSS}, 1))",
            "Asked is the negative ELBO",
        ),
        (f"tf.reduce_mean(tf.reduce_sum({_KL}, 1) - tf.reduce_sum({_LOSS}, 1))", None),
    ],
}
