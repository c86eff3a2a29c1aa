"""`vicourse reproduce speed`: the count of operations, and the whole path on small sizes."""

import numpy as np
import pytest
import tensorflow as tf

from vicourse.experiments import run_experiment
from vicourse.experiments.speed import SPEED, flops_per_sample, paper_share
from vicourse.vae import VAE


def products(graph):
    """2 · rows · columns · inner of every matrix product of a graph."""
    total = 0
    for op in graph.get_operations():
        if op.type == "MatMul":
            left, right = (t.shape for t in op.inputs)
            rows, inner = left[::-1] if op.get_attr("transpose_a") else left
            columns = right[0] if op.get_attr("transpose_b") else right[1]
            total += 2 * rows * inner * columns
    return total


@pytest.mark.parametrize("sizes", [(7, 5, 2), (16, 3, 4)])
def test_operations_are_those_of_the_graph(sizes):
    """TensorFlow's own graph of a forward and a backward pass, its products counted one by one."""
    num_pixels, hidden, num_latents = sizes
    vae = VAE(num_latents, num_pixels, hidden)

    @tf.function(input_signature=[tf.TensorSpec([10, num_pixels])])
    def gradients(x):
        with tf.GradientTape() as tape:
            q = vae.posterior(x)
            z = q.mean() + q.stddev()
            loss = tf.reduce_sum(vae.likelihood(z).log_prob(x))
        return tape.gradient(loss, vae.trainable_variables)

    counted = products(gradients.get_concrete_function().graph)
    assert counted == 10 * flops_per_sample(num_pixels, hidden, num_latents)


def test_the_papers_share():
    """4.1 million operations a sample: 10⁶ samples take 102.5 s at 40 GFLOPS, not 20 minutes."""
    assert flops_per_sample(784, 500, 20) == 4_100_000
    assert paper_share() == pytest.approx((102.5 / 2400, 102.5 / 1200))


def test_quick_path(tmp_path):
    path, record = run_experiment(SPEED, tmp_path, quick=True, progress=False)
    (cell,) = record["cells"]
    assert path.exists()
    assert len(cell["seconds_per_million"]) == len(cell["peak_gflops"]) == 2
    shares = (
        cell["flops_per_sample"]
        * 1e6
        / (np.array(cell["seconds_per_million"]) * np.array(cell["peak_gflops"]) * 1e9)
    )
    assert cell["share_of_peak"] == pytest.approx(np.median(shares), rel=0.01, abs=1e-4)
    assert len(SPEED.report(record["cells"])) == 2
