"""Right and wrong answers to the exercises of deep/paper_experiments."""

from statistics import NormalDist

import numpy as np
import tensorflow_probability as tfp
from scipy import stats

tfd = tfp.distributions

# Independent answers: plain loops, SciPy's densities and tests, TensorFlow's own counter, a
# distribution for HMC's position and momentum together.


def _appendix_d(log_q, log_joint):
    """Ratios beside the largest one, added up by a loop."""
    ratios = [float(a) - float(b) for a, b in zip(log_q, log_joint, strict=True)]
    largest = max(ratios)
    total = sum(np.exp(r - largest) for r in ratios)
    return np.float64(np.log(len(ratios) / total) - largest)


def _grid_points(side):
    values = [NormalDist().inv_cdf((2 * k + 1) / (2 * side)) for k in range(side)]
    return np.array([(z1, z2) for z2 in reversed(values) for z1 in values])


def _paired_change(bounds, base):
    """The paired t-test's own interval: its half width is t times the standard error."""
    test = stats.ttest_rel(bounds, base)
    change = np.mean(bounds) - np.mean(base)
    return np.array([change, change / test.statistic])


def _sleep(x, eps, noise, w, v, sigma):
    rows = []
    for z, e in zip(eps, noise, strict=True):
        q = stats.multivariate_normal(v @ (w @ z + e), sigma**2 * np.eye(len(z)))
        rows.append(q.logpdf(z))
    return np.array(rows)


def _training_flops(num_pixels, hidden, num_latents):
    """Shapes of every product of the step, as a backward pass has them: rows, inner, columns."""
    products = []
    networks = ([num_pixels, hidden, 2 * num_latents], [num_latents, hidden, num_pixels])
    for network, sizes in enumerate(networks):
        for layer in range(2):
            n, m = sizes[layer], sizes[layer + 1]
            products += [(1, n, m), (n, 1, m)]
            if (network, layer) != (0, 0):
                products.append((1, m, n))
    return np.float64(sum(2 * a * b * c for a, b, c in products))


def _log_acceptance(log_joint_old, log_joint_new, r_old, r_new):
    """The ratio of the two densities of position and momentum, whose constants cancel."""
    momentum = stats.multivariate_normal(np.zeros(r_old.shape[1]))
    old = log_joint_old + momentum.logpdf(r_old)
    new = log_joint_new + momentum.logpdf(r_new)
    return np.where(new < old, new - old, 0)


INDEPENDENT = {
    "paper_experiments.1": _appendix_d,
    "paper_experiments.2": _grid_points,
    "paper_experiments.3": _paired_change,
    "paper_experiments.4": _sleep,
    "paper_experiments.5": _training_flops,
    "paper_experiments.7": _log_acceptance,
}

SECRETS = (
    "tf.reduce_logsumexp(log_ratios)",
    "for z2 in values[::-1]",
    "np.std(change, ddof=1)",
    "dream = z @ tf.transpose(w) + noise",
    "4.0 * num_pixels * hidden",
    'prediction = "d"',
    "energy_old - energy_new",
)

# Right answers written in other ways: NumPy, loops, plain Python, TFP, float64.
VARIANTS = {
    "paper_experiments.1": [
        """
def appendix_d(log_q, log_joint):
    ratios = [float(a) - float(b) for a, b in zip(log_q, log_joint)]
    largest = max(ratios)
    total = 0.0
    for ratio in ratios:
        total += math.exp(ratio - largest)
    return math.log(len(ratios)) - math.log(total) - largest
""",
        """
def appendix_d(log_q, log_joint):
    return np.log(len(log_q)) - np.logaddexp.reduce(np.asarray(log_q) - np.asarray(log_joint))
""",
        """
def appendix_d(log_q, log_joint):
    log_ratios = tf.cast(log_q - log_joint, tf.float64)
    return -tfp.math.reduce_logmeanexp(log_ratios, axis=0)
""",
        """
def appendix_d(log_q, log_joint):
    log_ratios = log_q - log_joint
    shift = tf.reduce_max(log_ratios)
    return -(shift + tf.math.log(tf.reduce_mean(tf.exp(log_ratios - shift))))
""",
    ],
    "paper_experiments.2": [
        """
def grid_points(side):
    from scipy.stats import norm
    points = []
    for row in range(side):
        for column in range(side):
            z1 = norm.ppf((column + 0.5) / side)
            z2 = norm.ppf((side - row - 0.5) / side)
            points.append([z1, z2])
    return points
""",
        """
def grid_points(side):
    steps = tfd.Normal(0.0, 1.0).quantile((tf.range(side, dtype=tf.float32) + 0.5) / side)
    z1, z2 = tf.meshgrid(steps, -steps)
    return tf.stack([tf.reshape(z1, [-1]), tf.reshape(z2, [-1])], axis=1)
""",
        """
def grid_points(side):
    from statistics import NormalDist
    z = [NormalDist().inv_cdf((k + 0.5) / side) for k in range(side)]
    return np.column_stack([np.tile(z, side), np.repeat(z[::-1], side)])
""",
    ],
    "paper_experiments.3": [
        """
def paired_change(bounds, base):
    n = len(bounds)
    changes = [float(a) - float(b) for a, b in zip(bounds, base)]
    mean = sum(changes) / n
    squares = 0.0
    for change in changes:
        squares += (change - mean) ** 2.0
    return [mean, math.sqrt(squares / (n - 1.0) / n)]
""",
        """
def paired_change(bounds, base):
    change = bounds - base
    n = len(change)
    error = tf.math.reduce_std(change) / (n - 1.0) ** 0.5
    return tf.stack([tf.reduce_mean(change), error])
""",
        """
def paired_change(bounds, base):
    from scipy.stats import sem
    return np.mean(bounds) - np.mean(base), sem(np.subtract(bounds, base))
""",
    ],
    "paper_experiments.4": [
        """
def sleep(x, eps, noise, w, v, sigma):
    dream = np.matmul(eps, np.transpose(w)) + noise
    error = (eps - np.matmul(dream, np.transpose(v))) / sigma
    return np.sum(-0.5 * error ** 2.0 - np.log(sigma) - 0.5 * np.log(2.0 * np.pi), axis=1)
""",
        """
def sleep(x, eps, noise, w, v, sigma):
    dream = tf.einsum("bl,dl->bd", eps, w) + noise
    mean = tf.einsum("bd,ld->bl", dream, v)
    q = tfd.MultivariateNormalDiag(mean, sigma * tf.ones_like(eps))
    return q.log_prob(eps)
""",
        """
def sleep(x, eps, noise, w, v, sigma):
    rows = []
    for z, e in zip(eps, noise):
        pixels = []
        for d in range(len(e)):
            pixels.append(float(e[d]) + sum(float(w[d][l]) * float(z[l]) for l in range(len(z))))
        total = 0.0
        for l in range(len(z)):
            mean = sum(float(v[l][d]) * pixels[d] for d in range(len(pixels)))
            total -= (float(z[l]) - mean) ** 2.0 / (2.0 * float(sigma) ** 2.0)
            total -= math.log(float(sigma) * math.sqrt(2.0 * math.pi))
        rows.append(total)
    return rows
""",
    ],
    "paper_experiments.5": [
        """
def training_flops(num_pixels, hidden, num_latents):
    total = 0.0
    layers = [(num_pixels, hidden), (hidden, 2.0 * num_latents), (num_latents, hidden),
              (hidden, num_pixels)]
    for number, (n, m) in enumerate(layers):
        total += 2.0 * n * m
        total += 2.0 * n * m
        if number > 0:
            total += 2.0 * n * m
    return total
""",
        """
def training_flops(num_pixels, hidden, num_latents):
    weights = 2.0 * num_pixels * hidden + 3.0 * num_latents * hidden
    return tf.constant(6.0) * weights - 2.0 * num_pixels * hidden
""",
        """
def training_flops(num_pixels, hidden, num_latents):
    return np.dot([10.0, 18.0], [num_pixels, num_latents]) * hidden
""",
    ],
    "paper_experiments.7": [
        """
def log_acceptance(log_joint_old, log_joint_new, r_old, r_new):
    kinetic = 0.5 * np.sum(np.square(r_old) - np.square(r_new), axis=-1)
    return np.minimum(0.0, np.asarray(log_joint_new) - np.asarray(log_joint_old) + kinetic)
""",
        """
def log_acceptance(log_joint_old, log_joint_new, r_old, r_new):
    momentum = tfd.MultivariateNormalDiag(tf.zeros_like(r_old))
    new = log_joint_new + momentum.log_prob(r_new)
    old = log_joint_old + momentum.log_prob(r_old)
    return tf.where(new < old, new - old, tf.zeros_like(old))
""",
        """
def log_acceptance(log_joint_old, log_joint_new, r_old, r_new):
    rows = []
    for b in range(len(log_joint_old)):
        change = float(log_joint_new[b]) - float(log_joint_old[b])
        for before, after in zip(r_old[b], r_new[b]):
            change += (float(before) ** 2.0 - float(after) ** 2.0) / 2.0
        rows.append(min(change, 0.0))
    return rows
""",
        """
def log_acceptance(log_joint_old, log_joint_new, r_old, r_new):
    energy = lambda log_joint, r: tf.norm(r, axis=1) ** 2.0 / 2.0 - log_joint
    return -tf.nn.relu(energy(log_joint_new, r_new) - energy(log_joint_old, r_old))
""",
    ],
}

_CHANGE = "np.mean(bounds - base)"
_SD = "np.std(bounds - base, ddof=1)"
_SUM = "tf.reduce_sum({}, 1)"
_Z = "(x @ tf.transpose(v) + sigma * eps)"
_DREAM = "(eps @ tf.transpose(w) + noise)"
_KINETIC = "tf.reduce_sum(r_old**2 - r_new**2, 1)"
_MIDDLES = "((np.arange(side) + 0.5) / side)"


def _points(values, down="{}[::-1]"):
    """All pairs of the values, as an expression: z2 goes down the rows."""
    down = down.format(values)
    return f"np.array([[a, b] for b in ({down}) for a in ({values})])"


def _log_q(z, x):
    """log q(z | x) of the linear encoder, as an expression."""
    return _SUM.format(f"tfd.Normal({x} @ tf.transpose(v), sigma).log_prob({z})")


# Wrong answers as learners write them, with part of the message where it is recognised.
WRONG = {
    "paper_experiments.1": [
        ("-appendix_d(log_q, log_joint)", "the mean is not inverted"),
        ("tf.reduce_mean(log_joint - log_q)", "you averaged the logarithms"),
        ("-tf.reduce_logsumexp(log_q - log_joint)", "you summed over the draws"),
        ("-appendix_d(log_joint, log_q)", "as in importance sampling"),
        ("appendix_d(log_joint, log_q)", "changed places"),
        ("-tf.math.log(tf.reduce_mean(tf.exp(log_q - log_joint)))", "right for moderate values"),
        ("-np.log(np.mean(np.exp(log_q) / np.exp(log_joint)))", "right for moderate values"),
        ("tf.exp(appendix_d(log_q, log_joint))", "Asked is log p(x)"),
        ("1 / tf.reduce_mean(tf.exp(log_q - log_joint))", "Asked is log p(x)"),
        ("appendix_d(0 * log_q, log_joint)", "q does not enter"),
        ("log_joint - log_q", "one value for each draw"),
        ("tf.reduce_mean(log_joint)", None),
        ("appendix_d(log_q, log_joint) / np.log(2)", None),
    ],
    "paper_experiments.2": [
        (_points(f"norm.ppf({_MIDDLES})", "{}"), "The first row is the top one"),
        (_points(_MIDDLES), "these are probabilities"),
        (_points(f"norm.cdf({_MIDDLES})"), "the distribution function"),
        (_points("norm.ppf(np.linspace(0, 1, side))"), "the ends of the interval"),
        (_points("norm.ppf(np.linspace(0, 1, side + 2)[1:-1])"), "borders of side + 1"),
        (_points("norm.ppf(np.arange(side) / side)"), "the left ends"),
        ("grid_points(side)[:, ::-1]", "changed places: z₁"),
        ("grid_points(side).reshape(side, side, 2)", "in a square of shape"),
        ("grid_points(side)[:, :1]", None),
        (_points("np.linspace(-2, 2, side)"), None),
        ("2 * grid_points(side)", None),
    ],
    "paper_experiments.3": [
        (
            f"({_CHANGE}, np.sqrt((np.var(bounds, ddof=1) + np.var(base, ddof=1)) / len(base)))",
            "as independent runs: it adds up",
        ),
        (f"({_CHANGE}, np.std(bounds - base) / len(base)**0.5)", "n below the sum. The diff"),
        (f"({_CHANGE}, {_SD})", "the standard deviation of the differences"),
        (f"({_CHANGE}, {_SD} / len(base))", "falls with √n"),
        (f"({_CHANGE}, {_SD} / (2 * len(base))**0.5)", "√(2n)"),
        (f"({_CHANGE}, np.var(bounds - base, ddof=1) / len(base))", "the root is missing"),
        ("paired_change(base, bounds)", "the sign is turned round"),
        ("paired_change(bounds, base)[::-1]", "changed places"),
        (_CHANGE, "the mean change alone"),
        ("bounds - base", "one for each seed"),
        (f"({_CHANGE}, 0.0)", None),
        (f"(np.median(bounds - base), {_SD} / len(base)**0.5)", None),
    ],
    "paper_experiments.4": [
        ("sleep_given(x, eps, noise, w, v, sigma)", "the bug is still in it"),
        (_log_q("eps", "x"), "still the real image"),
        (_log_q(_Z, f"({_Z} @ tf.transpose(w) + noise)"), "a reconstruction, not a dream"),
        (f"sleep_given({_DREAM}, eps, noise, w, v, sigma)", "real or dreamt, drops out"),
        (_log_q("eps", "(eps @ tf.transpose(w))"), "your dream has no noise"),
        ("sleep(x, eps, noise, w, v, sigma**0.5)", "you took sigma for the variance"),
        ("-sleep(x, eps, noise, w, v, sigma)", "this is a loss"),
        ("tf.reduce_mean(sleep(x, eps, noise, w, v, sigma))", "you averaged over the batch"),
        (_SUM.format("tfd.Normal(0.0, 1.0).log_prob(eps)"), "log p(z), the prior"),
        (_log_q(_Z, _DREAM), None),
        (_log_q("eps", f"(2 * {_DREAM})"), None),
    ],
    "paper_experiments.5": [
        ("6 * hidden * (2 * num_pixels + 3 * num_latents)", "nothing moves the pixels"),
        ("10 * num_pixels * hidden + 12 * hidden * num_latents", "has 2L outputs"),
        ("2 * hidden * (2 * num_pixels + 3 * num_latents)", "the forward pass alone"),
        ("4 * hidden * (2 * num_pixels + 3 * num_latents)", "gradients of the inputs are missing"),
        ("hidden * (10 * num_pixels + 16 * num_latents)", "both networks' first layers"),
        ("hidden * (5 * num_pixels + 9 * num_latents)", "multiplication and the addition"),
        ("hidden * (2 * num_pixels + 3 * num_latents)", "you counted weights"),
        ("hidden * (6 * num_pixels + 6 * num_latents)", "the encoder is missing"),
        ("training_flops(num_pixels, hidden, num_latents) + num_pixels + hidden", None),
        ("3 * training_flops(num_pixels, hidden, num_latents)", None),
    ],
    "paper_experiments.7": [
        (f"log_joint_new - log_joint_old + {_KINETIC} / 2", "the minimum is missing"),
        ("tf.minimum(0.0, log_joint_new - log_joint_old)", "the momenta are missing"),
        (f"tf.minimum(0.0, log_joint_new - log_joint_old - {_KINETIC} / 2)", "the wrong sign"),
        (f"tf.minimum(0.0, log_joint_new - log_joint_old + {_KINETIC})", "the ½"),
        (f"tf.minimum(0.0, log_joint_old - log_joint_new - {_KINETIC} / 2)", "old and new"),
        ("tf.exp(log_acceptance(log_joint_old, log_joint_new, r_old, r_new))", "the probability"),
        (
            f"tf.math.log(tf.minimum(1.0, tf.exp(log_joint_new - log_joint_old + {_KINETIC} / 2)))",
            "right for moderate energies",
        ),
        (
            "tf.reduce_mean(log_acceptance(log_joint_old, log_joint_new, r_old, r_new))",
            "you averaged over the chains",
        ),
        (
            "tf.minimum(0.0, log_joint_new - log_joint_old + tf.reduce_sum(r_old - r_new, 1) / 2)",
            "unsquared",
        ),
        ("tf.zeros_like(log_joint_old)", None),
        ("log_acceptance(log_joint_old, log_joint_new, 2 * r_old, r_new)", None),
    ],
}
