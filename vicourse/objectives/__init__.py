"""Bounds and objectives of variational inference, one function each.

Every function here returns values, one per independent draw: a tensor of shape
[num_samples, *batch] in nats, with the batch shape of the surrogate posterior. So the same call
serves twice:

    loss = -tf.reduce_mean(elbo(target_log_prob_fn, q, num_samples=10, seed=seed))   # to train
    print(estimate(elbo(target_log_prob_fn, q, num_samples=10_000, seed=0)))         # to report

with `vicourse.estimate.estimate`, which adds the standard error. The functions hold no state, work
inside `tf.function` with or without XLA (which draws other numbers from the same seed), and
gradients flow through reparameterized draws; for other draws, and for estimators of lower variance,
see `vicourse.gradients`. Where something is NaN,
so are the values: `estimate` refuses them, and so must a training loop.

`target_log_prob_fn(z)` is log p(x, z) for the data at hand; z is what the surrogate posterior
draws, a tensor or a structure of tensors with leading sample dimensions.
"""

from vicourse.objectives.chi import chi_upper_bound
from vicourse.objectives.elbo import elbo, elbo_closed_kl
from vicourse.objectives.forward_kl import forward_kl_objective
from vicourse.objectives.importance_weighted import importance_weighted_bound
from vicourse.objectives.renyi import renyi_bound
from vicourse.objectives.tempered import annealed_objective, beta_objective
from vicourse.objectives.wake_sleep import sleep_phi, wake_phi, wake_theta

__all__ = [
    "annealed_objective",
    "beta_objective",
    "chi_upper_bound",
    "elbo",
    "elbo_closed_kl",
    "forward_kl_objective",
    "importance_weighted_bound",
    "renyi_bound",
    "sleep_phi",
    "wake_phi",
    "wake_theta",
]
