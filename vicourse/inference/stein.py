"""Stein's direction for a set of particles, and the discrepancy that it closes.

    k(v, v') = exp(−‖v − v'‖²/h)

Source: Liu and Wang (2016), Stein variational gradient descent: a general purpose Bayesian
inference algorithm; Liu, Lee and Jordan (2016), A kernelized Stein discrepancy for goodness-of-fit
tests.
Chapter: algorithms/vi_vs_mcmc
"""

import numpy as np
import scipy.spatial.distance
import tensorflow as tf


def median_rule(particles):
    """h = median of ‖v_i − v_j‖² over pairs / log n; 1 for one particle, which has no pairs."""
    if len(particles) == 1:
        return 1.0
    distances = scipy.spatial.distance.pdist(particles, "sqeuclidean")
    return np.median(distances) / np.log(len(particles))


def stein_direction(particles, scores, bandwidth):
    """φ at each particle, the force there, and the squared kernelized Stein discrepancy.

        φ(v_i) = 1/n Σ_j k_ij [s_j + (2/h)(v_i − v_j)],   k_ij = exp(−‖v_i − v_j‖²/h)
        force_i = Σ_j k_ij [s_j + (2/h)(v_i − v_j)] / Σ_j k_ij
        S = 1/n² Σ_ij k_ij [s_iᵀ s_j + (2/h)(v_i − v_j)ᵀ(s_i − s_j) + 2 dim/h − 4‖v_i − v_j‖²/h²]

    Args:
        particles: v, [n, dim].
        scores: s = ∇ log p at the particles, [n, dim].
        bandwidth: h.

    Returns:
        φ [n, dim]; the force [n, dim], which is φ on the scale of a score, whatever n and however
        few neighbours a particle has; S, a scalar, the squared norm of φ.
    """
    n, dim = particles.shape
    # [n, n, dim] differences would cost memory; inner products cost n² numbers.
    gram = tf.linalg.matmul(particles, particles, transpose_b=True)
    squares = tf.linalg.diag_part(gram)
    distances = tf.nn.relu(squares[:, tf.newaxis] + squares - 2 * gram)
    kernel = tf.exp(-distances / bandwidth)
    # Σ_j k_ij (v_i − v_j) = v_i Σ_j k_ij − Σ_j k_ij v_j
    mass = tf.reduce_sum(kernel, axis=1, keepdims=True)
    push = 2 / bandwidth * (mass * particles - tf.linalg.matmul(kernel, particles))
    total = tf.linalg.matmul(kernel, scores) + push
    # By symmetry the two cross terms of S are equal: together 2 Σ_i s_iᵀ push_i.
    inner = tf.reduce_sum(scores * (tf.linalg.matmul(kernel, scores) + 2 * push))
    trace = tf.reduce_sum(kernel * (2 * dim / bandwidth - 4 * distances / bandwidth**2))
    return total / n, total / mass, (inner + trace) / n**2
