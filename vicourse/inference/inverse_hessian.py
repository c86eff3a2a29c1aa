"""The Gaussian that L-BFGS knows without being asked: its inverse Hessian, in factors.

A quasi-Newton method that climbs a log density sees at each step how far it went, s, and how much
the gradient fell on the way, z. A few such pairs and a diagonal make an estimate of the inverse of
minus the Hessian, which is the covariance of the Gaussian with that curvature:

    Σ = diag(α) + β γ βᵀ,   α [dim],  β [dim, 2J],  γ [2J, 2J]

With J pairs it costs O(J·dim) numbers, not dim². Everything here is NumPy float64.

Source: Zhang, Carpenter, Gelman and Vehtari (2022), Pathfinder: Parallel quasi-Newton variational
inference; the diagonal from Gilbert and Lemaréchal (1989), Some numerical experiments with
variable-storage quasi-Newton algorithms; the factors from Byrd, Nocedal and Schnabel (1994),
Representations of quasi-Newton matrices.
"""

from typing import NamedTuple

import numpy as np


class InverseHessian(NamedTuple):
    """Σ = diag(alpha) + beta gamma betaᵀ."""

    alpha: np.ndarray
    beta: np.ndarray
    gamma: np.ndarray

    def times(self, vector):
        """Σ v, [dim]."""
        return self.alpha * vector + self.beta @ (self.gamma @ (self.beta.T @ vector))


class FactoredGaussian(NamedTuple):
    """N(loc, A Aᵀ) with A = diag(√alpha) (I + Q (L − I) Qᵀ): Q has orthonormal columns."""

    loc: np.ndarray
    alpha: np.ndarray
    q: np.ndarray
    tril: np.ndarray

    def draws(self, epsilon):
        """loc + A ε for each row of ε [n, dim]."""
        inside = epsilon @ self.q
        moved = epsilon + (inside @ self.tril.T - inside) @ self.q.T
        return self.loc + np.sqrt(self.alpha) * moved

    def log_prob(self, epsilon):
        """log q in nats at the draws that ε [n, dim] makes: −½ ‖ε‖² − ½ log|2πΣ|, [n]."""
        log_determinant = np.log(self.alpha).sum() + 2 * np.log(np.diag(self.tril)).sum()
        constant = log_determinant + len(self.loc) * np.log(2 * np.pi)
        return -0.5 * np.sum(epsilon**2, axis=1) - 0.5 * constant

    def scale_tril(self):
        """The Cholesky factor of Σ, [dim, dim]; by QR of Aᵀ, which does not square A."""
        transposed_root = self.draws(np.eye(len(self.loc))) - self.loc
        lower = np.linalg.qr(transposed_root, mode="r").T
        return lower * np.where(np.diag(lower) < 0, -1.0, 1.0)


def next_diagonal(alpha, s, z):
    """The diagonal α after one more pair.

        1/α' = a/(b α) + z²/b − a s²/(b c α²),   a = zᵀ diag(α) z,  b = zᵀ s,  c = sᵀ diag(α)⁻¹ s

    This is the diagonal of BFGS's update of the Hessian diag(1/α), first scaled by a/b so that its
    size along z is right.
    """
    a, b = z @ (alpha * z), z @ s
    parts = s**2 / alpha  # they add up to c; no share of c is above 1, whatever the rounding
    return 1 / (a / (b * alpha) * (1 - parts / parts.sum()) + z**2 / b)


def inverse_hessian(alpha, steps, falls):
    """BFGS's inverse Hessian after all pairs, started at diag(α).

        β = [diag(α) Z, S],   γ = [[0, −R⁻¹], [−R⁻ᵀ, R⁻ᵀ (diag(η) + Zᵀ diag(α) Z) R⁻¹]],

    R is the upper triangle of SᵀZ with its diagonal, η that diagonal.

    Args:
        alpha: [dim], positive.
        steps: S, the steps s as rows here, [J, dim], the oldest first; J may be 0.
        falls: Z, the falls z of the gradient of the log density, likewise; every sᵀz positive.

    Returns:
        An `InverseHessian`.
    """
    steps, falls = np.reshape(steps, (-1, len(alpha))), np.reshape(falls, (-1, len(alpha)))
    products = steps @ falls.T
    inverse_r = np.linalg.inv(np.triu(products))
    middle = np.diag(np.diag(products)) + (falls * alpha) @ falls.T
    gamma = np.block(
        [
            [np.zeros_like(products), -inverse_r],
            [-inverse_r.T, inverse_r.T @ middle @ inverse_r],
        ]
    )
    return InverseHessian(alpha, np.hstack([(falls * alpha).T, steps.T]), gamma)


def factored_gaussian(loc, covariance):
    """N(loc, Σ) ready for draws, Σ an `InverseHessian`, at a cost of O(J²·dim).

        Q R̃ = diag(α)^(−½) β  (thin QR),   L Lᵀ = I + R̃ γ R̃ᵀ

    Raises:
        numpy.linalg.LinAlgError: rounding has left Σ without positive eigenvalues only.
    """
    alpha, beta, gamma = covariance
    q, r = np.linalg.qr(beta / np.sqrt(alpha)[:, np.newaxis])
    tril = np.linalg.cholesky(np.eye(len(r)) + r @ gamma @ r.T)
    return FactoredGaussian(loc, alpha, q, tril)
