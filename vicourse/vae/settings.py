"""Everything that decides the numbers of a training run, in one place.

Source: Kingma & Welling (2014), section 5.
Chapter: deep/vae_mnist
"""

from dataclasses import asdict, dataclass

import keras

from vicourse.data import binarize
from vicourse.vae.model import VAE
from vicourse.vae.networks import ACTIVATIONS
from vicourse.vae.sgvb import ESTIMATORS
from vicourse.validation import check_choice, check_integer, check_number

BINARIZATIONS = ("fixed", "dynamic", "threshold")

# The paper's Adagrad starts from zero accumulated squares; Keras's own default is 0.1, which makes
# the first steps smaller. Keras adds ε = 1e-7 to the squares. It looks harmless and is not: it
# spares the weights whose gradients are tiny at the start from steps of full size in a random
# direction, and is worth nats in the first million samples.
OPTIMIZERS = {
    "adagrad": lambda rate: keras.optimizers.Adagrad(rate, initial_accumulator_value=0.0),
    "adam": lambda rate: keras.optimizers.Adam(rate),
}


@dataclass(frozen=True)
class Settings:
    """The settings of a training run; the defaults are the paper's.

    Its "0.01" for the initial weights is read as a standard deviation, and its silence about
    binarization is filled by "fixed" (arXiv 1312.6114, section 5).

    Attributes:
        num_latents: dimension of z.
        hidden: hidden units of encoder and of decoder.
        activation: "tanh", "relu" or "softplus".
        init_std: SD of the normal draws that weights and biases start from.
        binarization: how grey pixels become bits: "fixed" (drawn once), "dynamic" (drawn anew
            each time an image is used) or "threshold" (above one half). Bounds under different
            binarizations are bounds on different data: they cannot be compared.
        estimator: "A" or "B", see `vicourse.vae.sgvb`.
        num_samples: S, samples of z per image and step.
        batch_size: M, images per step.
        optimizer: "adagrad" or "adam".
        learning_rate: its global step size.
        seed: of the start, the bits, the order of the images and the samples of z.
    """

    num_latents: int = 20
    hidden: int = 500
    activation: str = "tanh"
    init_std: float = 0.01
    binarization: str = "fixed"
    estimator: str = "B"
    num_samples: int = 1
    batch_size: int = 100
    optimizer: str = "adagrad"
    learning_rate: float = 0.01
    seed: int = 0

    def __post_init__(self):
        # NumPy's numbers become Python's, for Keras and for the checkpoint's JSON.
        plain = {"seed": check_integer("seed", self.seed, minimum=0)}
        for name in ("num_latents", "hidden", "num_samples", "batch_size"):
            plain[name] = check_integer(name, getattr(self, name), minimum=1)
        for name in ("init_std", "learning_rate"):
            plain[name] = check_number(name, getattr(self, name), above=0)
        for name, value in plain.items():
            object.__setattr__(self, name, value)  # the way into a frozen dataclass
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("binarization", self.binarization, BINARIZATIONS)
        check_choice("estimator", self.estimator, ESTIMATORS)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)

    def as_dict(self):
        return asdict(self)

    def make_vae(self, num_pixels):
        """A `VAE` at its start."""
        return VAE(
            self.num_latents,
            num_pixels,
            self.hidden,
            activation=self.activation,
            init_std=self.init_std,
            seed=self.seed,
        )

    def make_optimizer(self, variables):
        optimizer = OPTIMIZERS[self.optimizer](self.learning_rate)
        optimizer.build(variables)
        return optimizer

    def stored_images(self, images, which):
        """Flattened uint8 images: bits if they are drawn once, grey values if drawn each time.

        `which` is 0 for training and 1 for test images, so that their bits differ.
        """
        flat = images.reshape(len(images), -1)
        if self.binarization == "fixed":
            return binarize(flat, "fixed", seed=2 * self.seed + which)
        if self.binarization == "threshold":
            return binarize(flat, "threshold")
        return flat

    def bits(self, stored, seed):
        """Binary float32 images from a batch of `stored_images`, inside a compiled function."""
        import tensorflow as tf

        if self.binarization == "dynamic":
            return binarize(stored, "dynamic", seed=seed)
        return tf.cast(stored, tf.float32)
