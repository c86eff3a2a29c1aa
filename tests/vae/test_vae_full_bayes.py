"""Full variational Bayes (Kingma & Welling, appendix F) against integrals over θ and z.

The small model: x is a bit with logit θ₀ z + θ₁, so neither the likelihood nor its average under q
is a Gaussian's. Everything exact here is Gauss–Hermite quadrature in NumPy.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.vae import FullBayes, TrainingDiverged, encoder, full_bayes_bound, train_full_bayes

tfd = tfp.distributions

X = np.array([[0.0], [1.0], [1.0], [0.0]])
START = {
    "loc": np.array([0.7, -0.4]),
    "scale": np.array([0.5, 0.3]),
    "kernel": np.array([[1.1, 0.6]]),
    "bias": np.array([-0.3, -0.9]),
}
NODES, MASS = np.polynomial.hermite_e.hermegauss(25)
MASS = MASS / MASS.sum()
COPIES = 20_000


def bits(z, theta):
    logits = theta[..., :1] * z + theta[..., 1:]
    return tfd.Independent(tfd.Bernoulli(logits=logits, dtype=z.dtype), 1)


def linear(dtype="float64"):
    layer = keras.layers.Dense(2, dtype=dtype)
    layer.build((None, 1))
    layer.kernel.assign(START["kernel"])
    layer.bias.assign(START["bias"])
    return layer


def make(dtype=tf.float64):
    return FullBayes(
        bits,
        linear(dtype.name),
        2,
        1,
        initial_loc=START["loc"],
        initial_scale=START["scale"],
        dtype=dtype,
    )


def kl_to_standard(mean, sd):
    """∫ q (log q − log p), by quadrature, for one number."""
    z = mean + sd * NODES
    return MASS @ (-np.log(sd) - NODES**2 / 2 + z**2 / 2)


def exact_values(loc, scale, kernel, bias):
    """N ELBO(x_i) − KL(q(θ) ‖ p(θ)) for each of the four points, averaged over q(θ): [4]."""
    values = []
    for x in X[:, 0]:
        mean, log_variance = x * kernel[0] + bias
        sd = np.exp(log_variance / 2)
        z = mean + sd * NODES[:, None, None]
        logit = (loc[0] + scale[0] * NODES[:, None]) * z + loc[1] + scale[1] * NODES
        log_p = -np.log1p(np.exp(-logit)) if x == 1 else -np.log1p(np.exp(logit))
        fit = np.einsum("i,j,k,ijk->", MASS, MASS, MASS, log_p)
        values.append(len(X) * (fit - kl_to_standard(mean, sd)))
    return np.array(values) - sum(map(kl_to_standard, loc, scale))


def assert_mean(draws, expected):
    error = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    assert np.all(np.abs(draws.mean(axis=0) - expected) < 4 * error)


@pytest.mark.parametrize("estimator", ["A", "B"])
def test_each_points_value_is_unbiased(estimator):
    """N (log p(x | z, θ) − KL_z) − KL_θ: the terms of θ are not multiplied by N."""
    values = full_bayes_bound(
        make(), tf.constant(X), 1, num_data=4, estimator=estimator, num_samples=COPIES
    )
    assert values.shape == (COPIES, 4)
    assert_mean(values.numpy(), exact_values(**START))


@pytest.mark.parametrize("estimator", ["A", "B"])
def test_the_minibatches_average_to_the_bound_of_all_the_data(estimator):
    """All six pairs out of four points; the bound itself is Σ_i ELBO(x_i) − KL(q(θ) ‖ p(θ))."""
    model, means = make(), []
    for i in range(4):
        for j in range(i):
            pair = tf.constant(X[[i, j]])
            values = full_bayes_bound(
                model, pair, (i, j), num_data=4, estimator=estimator, num_samples=4000
            )
            means.append(values.numpy().mean(axis=1))
    of_all = full_bayes_bound(
        model, tf.constant(X), 2, num_data=4, estimator=estimator, num_samples=COPIES
    )
    bound = exact_values(**START).mean()
    assert_mean(np.mean(means, axis=0), bound)
    assert_mean(of_all.numpy().mean(axis=1), bound)


def test_each_point_has_a_theta_of_its_own():
    """Equal points, independent values: with a θ in common their correlation would be large."""
    same = tf.constant(np.ones((2, 1)))
    values = full_bayes_bound(make(), same, 3, num_data=4, num_samples=COPIES).numpy()
    assert abs(np.corrcoef(values.T)[0, 1]) < 4 / np.sqrt(COPIES)


@pytest.mark.parametrize("estimator", ["A", "B"])
def test_the_gradient_by_all_of_phi_is_exact_on_average(estimator):
    """Both draws are reparameterized; the exact bound is differentiated by differences."""
    model = make()
    variables = [
        *model.parameter_posterior.trainable_variables,
        *(v.value for v in model.recognition.trainable_variables),
    ]

    @tf.function
    def gradients(seed):
        with tf.GradientTape() as tape:
            values = full_bayes_bound(
                model, tf.constant(X), seed, num_data=4, estimator=estimator, num_samples=100
            )
            value = tf.reduce_mean(values)
        return [tf.reshape(part, [-1]) for part in tape.gradient(value, variables)]

    repeats = tf.random.split((0, 4), 200)
    found = np.array([np.concatenate(gradients(seed)) for seed in repeats])

    # q(θ)'s variables are in units of its start: loc = loc₀ + scale₀ · raw, log scale likewise.
    def exact_bound(raw):
        return exact_values(
            START["loc"] + START["scale"] * raw[:2],
            START["scale"] * np.exp(raw[2:4]),
            START["kernel"] + raw[4:6],
            START["bias"] + raw[6:],
        ).mean()

    steps = 1e-4 * np.eye(8)
    expected = [(exact_bound(step) - exact_bound(-step)) / 2e-4 for step in steps]
    assert [variable.shape.num_elements() for variable in variables] == [2] * 4
    assert_mean(found, expected)


def trained():
    model = make()
    history = train_full_bayes(
        model, X, keras.optimizers.Adam(0.05), epochs=40, batch_size=2, seed=5
    )
    q, layer = model.parameter_posterior, model.recognition
    parts = (q.mean(), q.stddev(), layer.kernel, layer.bias)
    return [tf.convert_to_tensor(part).numpy() for part in parts], history


def test_training_climbs_the_exact_bound():
    end, history = trained()
    assert exact_values(*end).mean() > exact_values(**START).mean() + 0.3
    assert len(history) == 40
    assert history[0].num_samples == 4
    assert history[0].standard_error > 0


@pytest.mark.slow
def test_the_same_seed_ends_at_the_same_numbers():
    for one, other in zip(trained()[0], trained()[0], strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_history_is_the_bound_of_all_the_data():
    """With steps of (almost) no length every epoch estimates one bound. A batch of three leaves one
    point of four out, each time another."""
    still = keras.optimizers.SGD(1e-12)
    history = train_full_bayes(make(), X, still, epochs=300, batch_size=3, seed=6)
    assert {bound.num_samples for bound in history} == {3}
    assert_mean(np.array([bound.value for bound in history]), exact_values(**START).mean())


@pytest.mark.slow
def test_float32_with_the_courses_encoder():
    model = FullBayes(bits, encoder(1, 1, 3), 2, 1, dtype=tf.float32, seed=1)
    x = X.astype(np.float32)
    assert full_bayes_bound(model, tf.constant(x), 0, num_data=4).dtype == tf.float32
    history = train_full_bayes(
        model, x, keras.optimizers.Adam(0.01), epochs=2, batch_size=4, seed=0, estimator="A"
    )
    assert np.isfinite(history[-1].value)


def train(x=X, **options):
    options = {"epochs": 1, "batch_size": 2, "seed": 0, **options}
    return train_full_bayes(make(), x, keras.optimizers.Adam(0.01), **options)


@pytest.mark.parametrize(("call", "kind", "words"), [
    (lambda: full_bayes_bound(make(), tf.constant(X), 0, num_data=3), ValueError, "num_data"),
    (lambda: full_bayes_bound(make(), tf.constant(X), 0, num_data=4, estimator="C"),
     ValueError, "estimator"),
    (lambda: full_bayes_bound(make(), tf.constant(X), 0, num_data=4, num_samples=0),
     ValueError, "num_samples"),
    (lambda: make().posterior(tf.constant(X, tf.float32)), ValueError, "dtype float64"),
    (lambda: make().posterior(tf.constant(X[0])), ValueError, "shape"),
    (lambda: FullBayes(bits, linear(), 2, 2).posterior(tf.constant(X)), ValueError, "recognition"),
    (lambda: FullBayes(bits, linear(), 2, 1, dtype=tf.float32).posterior(
        tf.constant(X, tf.float32)), ValueError, "recognition"),
    (lambda: FullBayes(bits, linear(), 0, 1), ValueError, "num_parameters"),
    (lambda: train(batch_size=5), ValueError, "batch_size"),
    (lambda: train(x=X[:, 0]), ValueError, "x"),
    (lambda: train(x=np.where(X == 1, np.nan, X)), ValueError, "x"),
    (lambda: train(epochs=0), ValueError, "epochs"),
])  # fmt: skip
def test_bad_input_is_named(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


@pytest.mark.slow
def test_a_bound_that_is_not_finite_ends_the_training():
    far = keras.optimizers.SGD(1e300)
    with pytest.raises(TrainingDiverged, match="epoch 1"):
        train_full_bayes(make(), X, far, epochs=3, batch_size=1, seed=0)
