"""KL divergences by PyTorch, stored in torch_kl.json. To make the file again, with PyTorch there:

    python tests/divergences/torch_kl.py

Each pair is two lists of numbers, the arguments of PyTorch's class; `test_divergences_torch.py`
has the TFP class that takes the same ones.
"""

import json
from pathlib import Path

STORED = Path(__file__).with_name("torch_kl.json")
COVARIANCE = [[1.0, 0.3, 0.1], [0.3, 2.0, -0.4], [0.1, -0.4, 0.5]]
OTHER_COVARIANCE = [[1.4, -0.2, 0.0], [-0.2, 1.5, 0.3], [0.0, 0.3, 0.9]]
PAIRS = {
    "Bernoulli": ([0.3], [0.45]),
    "Beta": ([1.3, 0.7], [2.0, 3.5]),
    "Binomial": ([7, 0.3], [7, 0.45]),
    "Categorical": ([[0.2, 0.3, 0.5]], [[0.6, 0.1, 0.3]]),
    "Cauchy": ([0.3, 1.2], [-0.5, 0.7]),
    "ContinuousBernoulli": ([0.3], [0.8]),
    "Dirichlet": ([[0.7, 2.0, 1.1]], [[1.5, 0.4, 3.0]]),
    "Exponential": ([0.7], [2.1]),
    "Gamma": ([1.3, 0.7], [2.0, 3.5]),
    "Geometric": ([0.3], [0.45]),
    "Gumbel": ([0.3, 1.2], [-0.5, 0.7]),
    "HalfNormal": ([1.2], [0.7]),
    "InverseGamma": ([3.0, 2.0], [4.5, 1.2]),
    "Laplace": ([0.3, 1.2], [-0.5, 0.7]),
    "LogNormal": ([0.3, 1.2], [-0.5, 0.7]),
    "MultivariateNormal": ([[0.0, 1.0, -1.0], COVARIANCE], [[0.5, 0.0, 0.3], OTHER_COVARIANCE]),
    "Normal": ([0.3, 1.2], [-0.5, 0.7]),
    "OneHotCategorical": ([[0.2, 0.3, 0.5]], [[0.6, 0.1, 0.3]]),
    "Poisson": ([3.2], [4.7]),
    "Uniform": ([0.2, 1.1], [-0.5, 2.0]),
    "Wishart": ([6.5, COVARIANCE], [5.0, OTHER_COVARIANCE]),
}


def by_torch(kind):
    """KL of a pair in nats, in float64, and the same with the roles exchanged."""
    import torch

    p, q = (
        getattr(torch.distributions, kind)(*[torch.tensor(x, dtype=torch.float64) for x in side])
        for side in PAIRS[kind]
    )
    both = [torch.distributions.kl_divergence(*pair) for pair in ((p, q), (q, p))]
    return [value.detach().item() for value in both]


def main():
    import torch

    record = {
        "command": "python tests/divergences/torch_kl.py",
        "torch": torch.__version__,
        "kl": {kind: by_torch(kind) for kind in PAIRS},
    }
    STORED.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
