"""What a lattice of latents says of each image: its log p(x), and a draw from its posterior.

For up to three latents this is the truth that estimators are held against.

Chapter: deep/paper_experiments
"""

import numpy as np
import tensorflow as tf
from scipy.special import logsumexp

from vicourse.compiled import compiled
from vicourse.seeds import as_seed, fold_in
from vicourse.vae.evaluation import checked_images
from vicourse.vae.marginal_likelihood import LogEvidence
from vicourse.validation import argument_error, check_number

AT_A_TIME = 2048  # points of the lattice, for all images


def evidence_by_quadrature(vae, x, *, spacing=0.2, half_width=5.0):
    """log p(x) by the trapezoidal rule, on one lattice of z for all images.

        p(x) ≈ h^d Σ_k p(z_k) p(x | z_k),   z_k = h k and, a second time, z_k = h (k + ½)

    For a smooth density the rule's error falls like exp(−2 π² σ² / h²), with σ the smallest width
    of a posterior: h = σ is exact for all purposes, h = 3 σ is off by a fifth for a single image,
    upwards or downwards by chance. The two lattices err in opposite directions; the value is their
    mean.

    Args:
        vae: a `VAE` with a Bernoulli likelihood and at most three latents.
        x: binary images, float32, [n, num_pixels].
        spacing: h. The cost grows like 1/h^d: 2 · (2 · half_width / h)^d points.
        half_width: the lattice goes from −half_width to half_width in each latent.

    Returns:
        A `LogEvidence`. Its `error` is no standard error: half the distance of the two lattices,
        plus the share of p(x) that sits on the lattice's boundary, which says whether it is wide
        enough. Where h is many times the width of a posterior both lattices miss it, and say
        nothing.

    Raises:
        ValueError, TypeError: another likelihood, more latents, bad images or arguments.
        FloatingPointError: the answer is not finite.

    Chapter: deep/paper_experiments
    """
    x, spacing, half_width = _checked(vae, x, spacing, half_width)
    inner, boundary = zip(*_lattices(vae.num_latents, spacing, half_width), strict=True)
    log_cell = vae.num_latents * np.log(spacing)
    log_sum = _make_log_sum(vae, x)
    parts = _check_finite(np.array([[log_sum(z) for z in half] for half in (inner, boundary)]))
    each = np.logaddexp(*parts) + log_cell  # [lattice, n]
    value = np.logaddexp(*each) - np.log(2)
    outside = np.exp(np.logaddexp(*parts[1]) + log_cell - np.log(2) - value)
    return LogEvidence(value, np.abs(each[0] - each[1]) / 2 + outside, sum(map(len, inner)))


def draws_by_quadrature(vae, x, seed, *, spacing=0.2, half_width=5.0):
    """One draw from p(z | x) for each image, up to the spacing of a lattice.

        z = z_k,   k = argmax_k [ log p(x, z_k) + g_k ],   g_k = −log(−log u_k),  u_k ~ U(0, 1)

    has the probabilities p(x, z_k) / Σ_k' p(x, z_k'): the Gumbel-max trick. A Markov chain that
    begins there is in the posterior from the start, in each mode as often as it should be.

    Args:
        vae, x, spacing, half_width: as for `evidence_by_quadrature`.
        seed: of the draws.

    Returns:
        float32 [n, num_latents], points of the first of its lattices.

    Raises:
        ValueError, TypeError, FloatingPointError: as for `evidence_by_quadrature`.

    Source: Maddison, Mnih and Teh (2017), section 2.
    Chapter: deep/paper_experiments
    """
    x, spacing, half_width = _checked(vae, x, spacing, half_width)
    points = np.concatenate(next(_lattices(vae.num_latents, spacing, half_width)))
    log_joint_at = _make_log_joint(vae, x)

    def winner(z, seed):
        log_joint = log_joint_at(z)
        u = tf.random.stateless_uniform(tf.shape(log_joint), seed, np.finfo(np.float32).tiny)
        noisy = log_joint - tf.math.log(-tf.math.log(u))
        return tf.reduce_max(noisy, axis=0), tf.gather(z, tf.argmax(noisy, axis=0))

    winner = _compiled_for_chunks(winner, vae, as_seed(seed))
    winners = [winner(z, fold_in(seed, k)) for k, z in enumerate(_chunks(points))]
    height = _check_finite(np.stack([part.numpy() for part, _ in winners]))
    z = np.stack([part.numpy() for _, part in winners])
    return z[np.argmax(height, axis=0), np.arange(len(x))]


def _checked(vae, x, spacing, half_width):
    x = checked_images(vae, x)
    spacing = check_number("spacing", spacing, above=0)
    half_width = check_number("half_width", half_width, above=spacing)
    if not vae.is_binary or vae.num_latents > 3:
        wanted = "a VAE with a Bernoulli likelihood and at most three latents"
        raise argument_error("vae", vae, wanted, "Use `evidence_by_importance`.")
    return x, spacing, half_width


def _check_finite(log_p):
    if not np.all(np.isfinite(log_p)):
        raise FloatingPointError("log p(x) is not finite: look for NaN in the weights.")
    return log_p


def _lattices(num_latents, spacing, half_width):
    """Twice: the points inside a lattice and those on its boundary, each [points, num_latents]."""
    steps = int(np.floor(half_width / spacing))
    for offset in (0.0, 0.5):
        axis = spacing * (np.arange(-steps, steps + 1) + offset)
        z = np.stack(np.meshgrid(*[axis] * num_latents, indexing="ij"), -1)
        z = z.reshape(-1, num_latents)
        on_boundary = np.any((z == axis[0]) | (z == axis[-1]), axis=1)
        yield z[~on_boundary].astype(np.float32), z[on_boundary].astype(np.float32)


def _make_log_joint(vae, x):
    """log p(x, z) for every image and every point of z [m, num_latents]: a function to [m, n].

    With log p(x | z) = xᵀ logits − Σ softplus(logits), all images and points meet in one product.
    """

    def log_joint(z):
        logits = vae.decoder(z)
        of_point = vae.prior.log_prob(z) - tf.reduce_sum(tf.nn.softplus(logits), axis=1)
        return tf.matmul(logits, x, transpose_b=True) + of_point[:, None]

    return log_joint


def _make_log_sum(vae, x):
    """log Σ_k p(z_k) p(x | z_k) for each image, [n], a function of points z [m, num_latents]."""
    log_joint_at = _make_log_joint(vae, x)
    log_sum = _compiled_for_chunks(lambda z: tf.reduce_logsumexp(log_joint_at(z), axis=0), vae)

    def over_all(z):
        sums = [log_sum(chunk).numpy() for chunk in _chunks(z)]
        return logsumexp(np.array(sums, np.float64), axis=0)

    return over_all


def _compiled_for_chunks(function, vae, *more):
    """Compiled once for chunks of any length; without XLA, which wants equal ones."""
    some_points = tf.TensorSpec([None, vae.num_latents], tf.float32)
    return compiled(function, some_points, *more, jit_compile=False)


def _chunks(z):
    return (tf.constant(z[start : start + AT_A_TIME]) for start in range(0, len(z), AT_A_TIME))
