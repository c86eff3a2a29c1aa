"""Exercises of the chapter deep/vae_mnist: the pieces of the VAE's objective.

Everything here is NumPy in float64, written plainly. Shapes: `mu`, `log_var`, `eps` are
[batch, latents]; `x`, `logits` are [batch, pixels].
"""

import numpy as np

from vicourse.check.exercise import Case, Choice, Exercise, Mistake


def _random(seed, *shape, scale=1.0):
    """Reproducible inputs, rounded so that they can be read and typed."""
    return np.round(scale * np.random.default_rng(seed).standard_normal(shape), 1)


def _pixels(seed, *shape):
    return np.random.default_rng(seed).integers(0, 2, shape).astype(float)


# 1. KL(N(mu, diag sigma²) ‖ N(0, I)), per example, in nats.


def _kl_terms(mu, log_var):
    return 0.5 * (mu**2 + np.exp(log_var) - log_var - 1)


def _kl(mu, log_var):
    return _kl_terms(mu, log_var).sum(axis=1)


KL = Exercise(
    id="vae_mnist.1",
    title="The KL term in closed form",
    call="kl_to_prior(mu, log_var)",
    builds="vicourse.vae.sgvb",
    cases=(
        Case({"mu": np.array([[0.0, 0, 0], [1, 0, -2]]), "log_var": np.zeros((2, 3))}),
        Case({"mu": _random(1, 3, 2), "log_var": _random(2, 3, 2)}),
        Case({"mu": _random(3, 4, 3, scale=2), "log_var": _random(4, 4, 3, scale=2)}),
    ),
    reference=_kl,
    hints=(
        "Start with one latent. KL(q‖p) is the mean under q of log q(z) − log p(z), "
        "and both logarithms are quadratic in z.",
        "Under q the mean of (z − μ)² is σ², and the mean of z² is μ² + σ². "
        "The constants with 2π cancel.",
        "`log_var` is log σ². So σ² is its exponential, and log σ is half of it. "
        "The KL of independent latents is the sum over the latents.",
    ),
    mistakes=(
        Mistake(
            "you read `log_var` as log σ. It is log σ², so σ² = exp(log_var).",
            lambda mu, log_var: _kl(mu, 2 * log_var),
        ),
        Mistake(
            "you squared exp(log_var), but that is σ² already.",
            lambda mu, log_var: 0.5 * (mu**2 + np.exp(2 * log_var) - log_var - 1).sum(axis=1),
        ),
        Mistake(
            "you used σ where the formula has σ².",
            lambda mu, log_var: 0.5 * (mu**2 + np.exp(log_var / 2) - log_var - 1).sum(axis=1),
        ),
        Mistake(
            "you averaged over the latents. The KL of independent latents is their sum.",
            lambda mu, log_var: _kl_terms(mu, log_var).mean(axis=1),
        ),
        Mistake(
            "you averaged over everything. Keep one KL per example, summed over its latents.",
            lambda mu, log_var: _kl_terms(mu, log_var).mean(),
        ),
        Mistake(
            "you summed over the batch too. Keep one KL per example: sum over axis 1 only.",
            lambda mu, log_var: _kl_terms(mu, log_var).sum(),
        ),
        Mistake(
            "you averaged over the batch. Keep one KL per example.",
            lambda mu, log_var: _kl(mu, log_var).mean(),
        ),
        Mistake(
            "you summed over the batch, not over the latents: that is axis 1.",
            lambda mu, log_var: _kl_terms(mu, log_var).sum(axis=0),
        ),
        Mistake(
            "you have one value per latent. Sum them for each example.",
            _kl_terms,
        ),
        Mistake(
            "the sign is turned round: this is −KL, and a KL is never negative.",
            lambda mu, log_var: -_kl(mu, log_var),
        ),
        Mistake(
            "this is KL(p‖q): you swapped the arguments.",
            lambda mu, log_var: 0.5 * (np.exp(-log_var) * (1 + mu**2) + log_var - 1).sum(axis=1),
        ),
        Mistake(
            "the −1 is missing. Test: for q equal to the prior the KL must be 0.",
            lambda mu, log_var: (_kl_terms(mu, log_var) + 0.5).sum(axis=1),
        ),
        Mistake(
            "the factor ½ is missing.",
            lambda mu, log_var: 2 * _kl(mu, log_var),
        ),
        Mistake(
            "μ enters unsquared.",
            lambda mu, log_var: 0.5 * (mu + np.exp(log_var) - log_var - 1).sum(axis=1),
        ),
    ),
)


# 2. z = mu + sigma · eps.


def _sample(mu, log_var, eps):
    return mu + np.exp(log_var / 2) * eps


SAMPLE = Exercise(
    id="vae_mnist.2",
    title="A sample that lets gradients through",
    call="reparameterize(mu, log_var, eps)",
    cases=(
        Case(
            {
                "mu": np.array([[0.0, 1], [2, -1]]),
                "log_var": np.round(np.log([[1.0, 4], [9, 0.25]]), 4),
                "eps": np.array([[1.0, 1], [-1, 2]]),
            }
        ),
        Case({"mu": _random(5, 3, 4), "log_var": _random(6, 3, 4), "eps": _random(7, 3, 4)}),
    ),
    reference=_sample,
    hints=(
        "A draw from N(μ, σ²) is a draw from N(0, 1), stretched and shifted.",
        "Stretch by the standard deviation σ, not by the variance.",
        "log σ is half of log σ², so σ is the exponential of half of `log_var`.",
    ),
    mistakes=(
        Mistake(
            "you multiplied by σ², the variance. The half is missing: σ = exp(½ log σ²).",
            lambda mu, log_var, eps: mu + np.exp(log_var) * eps,
        ),
        Mistake(
            "you multiplied by log σ². The exponential is missing.",
            lambda mu, log_var, eps: mu + log_var * eps,
        ),
        Mistake(
            "you multiplied by log σ. The exponential is missing.",
            lambda mu, log_var, eps: mu + log_var / 2 * eps,
        ),
        Mistake(
            "you took the square root of log σ². The square root belongs to σ², "
            "after the exponential.",
            lambda mu, log_var, eps: mu + np.sqrt(log_var) * eps,
        ),
        Mistake(
            "this is μ − σε. It has the same distribution, but it is another map than the one "
            "asked for.",
            lambda mu, log_var, eps: mu - np.exp(log_var / 2) * eps,
        ),
        Mistake(
            "`log_var` does not enter: this sample has standard deviation 1.",
            lambda mu, log_var, eps: mu + eps,
        ),
        Mistake(
            "`eps` does not enter: this is the mean, not a sample.",
            lambda mu, log_var, eps: mu,
        ),
        Mistake(
            "you added σ instead of multiplying ε by it.",
            lambda mu, log_var, eps: mu + np.exp(log_var / 2) + eps,
        ),
        Mistake(
            "μ does not enter: this sample has mean 0.",
            lambda mu, log_var, eps: np.exp(log_var / 2) * eps,
        ),
        Mistake(
            "μ and σ have changed places.",
            lambda mu, log_var, eps: np.exp(log_var / 2) + mu * eps,
        ),
    ),
)


# 3. log p(x given z) for independent Bernoulli pixels, per image, in nats.


def _log_lik_terms(x, logits):
    # log sigmoid(l) = −log(1 + e^−l); logaddexp does not overflow.
    return -x * np.logaddexp(0, -logits) - (1 - x) * np.logaddexp(0, logits)


def _log_lik(x, logits):
    return _log_lik_terms(x, logits).sum(axis=1)


def _sigmoid(logits):
    return np.exp(-np.logaddexp(0, -logits))


def _log_lik_of_probabilities(x, probabilities):
    terms = x * np.log(probabilities) + (1 - x) * np.log(1 - probabilities)
    return terms.sum(axis=1)


BERNOULLI = Exercise(
    id="vae_mnist.3",
    title="The log-likelihood of an image, from logits",
    call="bernoulli_log_likelihood(x, logits)",
    builds="vicourse.vae.VAE.likelihood",
    cases=(
        Case(
            {
                "x": np.array([[1.0, 0], [1, 1]]),
                "logits": np.array([[0.5, 0.2], [0.8, 0.3]]),
            }
        ),
        Case({"x": _pixels(8, 3, 5), "logits": _random(9, 3, 5, scale=2)}),
        Case(
            {
                "x": np.array([[1.0, 0, 1], [0, 1, 0]]),
                "logits": np.array([[800.0, -800, 2], [800, -800, 1]]),
            },
            alone="your formula is right for moderate logits, not for logits of ±800. There a "
            "probability rounds to 0 or 1, or its exponential overflows; clipping the probability "
            "changes the answer. Compute the logarithm from the logit, without the probability.",
        ),
    ),
    reference=_log_lik,
    hints=(
        "One pixel: log p(x) is log π if x = 1 and log(1 − π) if x = 0. "
        "Write both cases in one formula with x and 1 − x.",
        "π = 1/(1 + exp(−l)) for the logit l. So log π = −softplus(−l), and log(1 − π) = "
        "−softplus(l), where softplus(l) = log(1 + exp(l)).",
        "`tf.nn.softplus`, `np.logaddexp` and `tf.nn.sigmoid_cross_entropy_with_logits` are "
        "stable. The last is a loss: mind its sign. Then sum over the pixels of each image.",
    ),
    mistakes=(
        Mistake(
            "you averaged over the pixels. The log-likelihood of independent pixels is their sum.",
            lambda x, logits: _log_lik_terms(x, logits).mean(axis=1),
        ),
        Mistake(
            "you averaged over everything. Keep one value per image, summed over its pixels.",
            lambda x, logits: _log_lik_terms(x, logits).mean(),
        ),
        Mistake(
            "the sign is turned round: this is the cross-entropy, a loss. A log-probability is "
            "never positive.",
            lambda x, logits: -_log_lik(x, logits),
        ),
        Mistake(
            "this is the cross-entropy averaged over the pixels, as loss functions return it. "
            "Asked is the log-likelihood: the other sign, and the sum over the pixels.",
            lambda x, logits: -_log_lik_terms(x, logits).mean(axis=1),
        ),
        Mistake(
            "you used the logits as if they were probabilities.",
            _log_lik_of_probabilities,
        ),
        Mistake(
            "you applied the sigmoid twice: a function that expects logits got probabilities.",
            lambda x, logits: _log_lik(x, _sigmoid(logits)),
        ),
        Mistake(
            "you summed over the batch too. Keep one value per image.",
            lambda x, logits: _log_lik_terms(x, logits).sum(),
        ),
        Mistake(
            "you averaged over the batch. Keep one value per image.",
            lambda x, logits: _log_lik(x, logits).mean(),
        ),
        Mistake(
            "you have one value per pixel. Sum them for each image.",
            _log_lik_terms,
        ),
        Mistake(
            "the term for pixels that are 0, (1 − x) log(1 − π), is missing.",
            lambda x, logits: (-x * np.logaddexp(0, -logits)).sum(axis=1),
        ),
        Mistake(
            "0 and 1 have changed places: this is the likelihood of the inverted image.",
            lambda x, logits: _log_lik(1 - x, logits),
        ),
    ),
)


# 4. A bug to find: the minibatch's mean negative ELBO, in nats per image.


def _negative_elbo(x, logits, mu, log_var):
    return (_kl(mu, log_var) - _log_lik(x, logits)).mean()


def _elbo_case(seed, batch, pixels, latents):
    return Case(
        {
            "x": _pixels(seed, batch, pixels),
            "logits": _random(seed + 1, batch, pixels),
            "mu": _random(seed + 2, batch, latents),
            "log_var": _random(seed + 3, batch, latents),
        }
    )


BUG = Exercise(
    id="vae_mnist.4",
    title="A bug to find",
    call="negative_elbo(x, logits, mu, log_var)",
    builds="vicourse.vae.sgvb",
    cases=(_elbo_case(10, 2, 3, 2), _elbo_case(20, 3, 5, 4)),
    reference=_negative_elbo,
    hints=(
        "Say for each reduction, aloud: over which axis, and is it a sum or a mean?",
        "The ELBO of one image is log p(x given z) minus the whole KL(q(z given x)‖p(z)). "
        "Both count nats per image, so both must be sums over what belongs to one image.",
        "Only the batch is averaged. Look at the line that computes `kl`.",
    ),
    mistakes=(
        Mistake(
            "this is the function as it was given: the bug is still in it.",
            lambda x, logits, mu, log_var: (
                _kl_terms(mu, log_var).mean(axis=1) - _log_lik(x, logits)
            ).mean(),
        ),
        Mistake(
            "now both terms are means, one over pixels and one over latents: their weights "
            "still do not fit together. Both must be sums.",
            lambda x, logits, mu, log_var: (
                _kl_terms(mu, log_var).mean(axis=1) - _log_lik_terms(x, logits).mean(axis=1)
            ).mean(),
        ),
        Mistake(
            "the KL is right now, but the likelihood is averaged over the pixels.",
            lambda x, logits, mu, log_var: (
                _kl(mu, log_var) - _log_lik_terms(x, logits).mean(axis=1)
            ).mean(),
        ),
        Mistake(
            "this is the ELBO. Asked is the negative ELBO, the quantity to minimize.",
            lambda *inputs: -_negative_elbo(*inputs),
        ),
        Mistake(
            "the KL has the wrong sign: minimizing this would drive q away from the prior.",
            lambda x, logits, mu, log_var: -(_kl(mu, log_var) + _log_lik(x, logits)).mean(),
        ),
        Mistake(
            "you summed over the batch. Asked is the mean over the images.",
            lambda x, *rest: len(x) * _negative_elbo(x, *rest),
        ),
        Mistake(
            "you have one value per image. Asked is their mean.",
            lambda x, logits, mu, log_var: _kl(mu, log_var) - _log_lik(x, logits),
        ),
        Mistake(
            "the KL is gone altogether.",
            lambda x, logits, mu, log_var: -_log_lik(x, logits).mean(),
        ),
    ),
)


# 5. A prediction.

PREDICTION = Choice(
    id="vae_mnist.5",
    title="A prediction",
    right="b",
    wrong={
        "a": "The KL is a cost: training pays it only for what it buys in likelihood. "
        "What does it buy here?",
        "c": "Nothing holds the KL where it is. Ask which terms of the ELBO still depend on "
        "μ and log σ².",
        "d": "A KL is never negative, whatever the decoder does.",
    },
    why="The likelihood term no longer depends on q, so the best q is the prior, and the KL "
    "falls to 0. This is called posterior collapse.",
    hints=(
        "Write down the ELBO and strike out what no longer depends on z.",
        "What is left to maximize is −KL(q(z given x)‖p(z)). Where is it largest?",
    ),
)


EXERCISES = (KL, SAMPLE, BERNOULLI, BUG, PREDICTION)
