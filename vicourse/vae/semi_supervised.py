"""M2: a VAE with a label, learnt from a few labelled images and many without a label.

The label y is a latent with few values: where it is not known, the bound sums over all of them, and
nothing has to be drawn for it. q(y | x) is a classifier, and learns from images without labels.

Source: Kingma, Mohamed, Rezende and Welling (2014), Semi-supervised learning with deep generative
    models: the model that they call M2.
Chapter: deep/beyond_vae
"""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.objectives import elbo_closed_kl
from vicourse.seeds import split_seed
from vicourse.vae.climb import climb
from vicourse.vae.conditionals import bits_given, gaussian_given, standard_normal
from vicourse.vae.networks import decoder, encoder
from vicourse.validation import check_array, check_counts, check_integer, check_number

tfd = tfp.distributions


class M2:
    """A model of images and labels, and its recognition model in two parts.

        p(y)        = Categorical(1/C, …, 1/C)                    `label_prior`
        p(z)        = N(0, I)                                     `prior`
        p(x | y, z) = ∏ Bernoulli(xᵢ; sigmoid(decoderᵢ(z, y)))    `likelihood(y, z)`
        q(y | x)    = Categorical(softmax(classifier(x)))         `label_posterior(x)`
        q(z | x, y) = N(μ(x, y), diag σ²(x, y))                   `posterior(x, y)`

    y is an integer from 0 to C − 1; the networks see it as C zeros and ones.

    Args:
        num_classes: C, at least 2.
        num_latents: dimension of z: what the label does not say, such as slant and stroke.
        num_pixels: dimension of a flattened image x.
        hidden, seed, network: as for `encoder`, for all three networks.

    Source: Kingma, Mohamed, Rezende and Welling (2014).
    Chapter: deep/beyond_vae
    """

    def __init__(self, num_classes, num_latents, num_pixels=784, hidden=500, *, seed=0, **network):
        self.num_classes = check_integer("num_classes", num_classes, minimum=2)
        self.encoder = encoder(num_pixels + num_classes, num_latents, hidden, seed=seed, **network)
        self.decoder = decoder(
            num_pixels, num_latents + num_classes, hidden, seed=seed + 1, **network
        )
        # A perceptron from pixels to one logit a class: what `decoder` makes of these sizes.
        self.classifier = decoder(num_classes, num_pixels, hidden, seed=seed + 2, **network)
        self.prior = standard_normal(num_latents)
        self.label_prior = tfd.Categorical(logits=tf.zeros(num_classes))

    @property
    def trainable_variables(self):
        """Those of the encoder, the decoder and the classifier, in this order."""
        networks = (self.encoder, self.decoder, self.classifier)
        return [variable for network in networks for variable in network.trainable_variables]

    def label_posterior(self, x):
        """q(y | x) for images [n, num_pixels]: batch shape [n]."""
        return tfd.Categorical(logits=self.classifier(x))

    def posterior(self, x, y):
        """q(z | x, y) for images [..., num_pixels] and labels [...]: event shape [num_latents]."""
        return gaussian_given(self.encoder, self._joined(x, y))

    def likelihood(self, y, z):
        """p(x | y, z) for labels [...] and z [..., num_latents]: event shape [num_pixels]."""
        return bits_given(self.decoder, self._joined(z, y))

    def _joined(self, values, y):
        """(values, y) side by side as a network's input; what comes before is broadcast."""
        values, one_hot = tf.convert_to_tensor(values), tf.one_hot(y, self.num_classes)
        shape = tf.broadcast_static_shape(values.shape[:-1], one_hot.shape[:-1])
        parts = [tf.broadcast_to(part, [*shape, part.shape[-1]]) for part in (values, one_hot)]
        return tf.concat(parts, axis=-1)


def labelled_bound(model, x, y, seed, *, num_samples=1):
    """Estimates of the bound on log p(x, y) for images whose label is known.

        −L(x, y) = E_q(z|x,y)[log p(x | y, z)] − KL(q(z | x, y) ‖ p(z)) + log p(y) ≤ log p(x, y)

    The classifier does not occur in it: from this bound alone it learns nothing.

    Args:
        model: an `M2`.
        x: binary images as float32, [..., num_pixels].
        y: their labels, integers [...].
        seed: of the draws of z.
        num_samples: S, draws of z for each image.

    Returns:
        A tensor [S, ...], nats per image; the mean over S is unbiased.

    Source: Kingma, Mohamed, Rezende and Welling (2014).
    Chapter: deep/beyond_vae
    """
    given_z = elbo_closed_kl(
        lambda z: model.likelihood(y, z).log_prob(x),
        model.posterior(x, y),
        model.prior,
        num_samples=num_samples,
        seed=seed,
    )
    return given_z + model.label_prior.log_prob(y)


def unlabelled_bound(model, x, seed, *, num_samples=1):
    """Estimates of the bound on log p(x) for images without a label, exact in the label.

        −U(x) = Σ_y q(y | x) [−L(x, y) − log q(y | x)] ≤ log p(x)

    that is, the mean of the labelled bound under the classifier, plus the classifier's entropy.

    Args:
        model: an `M2`.
        x: binary images as float32, [n, num_pixels].
        seed: of the draws of z, other ones for each label.
        num_samples: S, draws of z for each image and label.

    Returns:
        A tensor [S, n], nats per image; the mean over S is unbiased.

    Source: Kingma, Mohamed, Rezende and Welling (2014).
    Chapter: deep/beyond_vae
    """
    x = tf.convert_to_tensor(x)
    every_label = tf.broadcast_to(tf.range(model.num_classes)[:, None], [model.num_classes, len(x)])
    bounds = labelled_bound(model, x, every_label, seed, num_samples=num_samples)  # [S, C, n]
    log_q = tf.transpose(tf.nn.log_softmax(model.classifier(x)))  # [C, n]
    return tf.reduce_sum(tf.exp(log_q) * (bounds - log_q), axis=1)


def train_classifier(model, x_labelled, y_labelled, *, steps, learning_rate, seed):
    """Fit q(y | x) alone, to the labelled images alone: what M2 is compared with, and its start.

        maximize  mean_labelled log q(y | x)

    Args:
        model: an `M2`; the variables of its classifier are moved.
        x_labelled: images with labels, float32 [n, num_pixels]; all of them in every step.
        y_labelled: their labels, integers [n].
        steps, learning_rate: of Adam.
        seed: for `climb`; nothing is drawn.

    Returns:
        A list with an `Estimate` for each step: the mean log q(y | x), nats per image.

    Raises:
        TrainingDiverged, ValueError: as for `train_semi_supervised`.

    Source: Kingma, Mohamed, Rezende and Welling (2014).
    Chapter: deep/beyond_vae
    """
    x_labelled, y_labelled = _checked(model, x_labelled, y_labelled)
    return climb(
        lambda _, seed: model.label_posterior(x_labelled).log_prob(y_labelled),
        model.classifier.trainable_variables,
        x_labelled,
        epochs=steps,
        batch_size=len(x_labelled),
        learning_rate=learning_rate,
        seed=seed,
    )


def train_semi_supervised(
    model,
    x,
    x_labelled,
    y_labelled,
    *,
    classifier_weight,
    epochs,
    batch_size,
    learning_rate,
    seed,
    hold_classifier=False,
):
    """Fit an M2 to images without labels and to a few with labels.

        maximize  1/N [Σ_unlabelled −U(x) + Σ_labelled −L(x, y)]
                  + classifier_weight · mean_labelled log q(y | x)

    The first line is a bound, on the mean of log p(x) and log p(x, y). The second is not part of
    any bound: it is added so that the classifier learns from the labels as well.

    From a random start the bound prefers groups of images that are not the classes, and the few
    labels do not win against it. So first `train_classifier`, then this with the classifier held,
    until the decoder knows what the labels mean, then this with everything free.

    Args:
        model: an `M2`; its variables are moved.
        x: binary images without labels, float32 [N − n, num_pixels]; taken in minibatches.
        x_labelled: binary images with labels, float32 [n, num_pixels]; all of them in every step.
        y_labelled: their labels, integers [n].
        classifier_weight: α / N in the paper's letters, at least 0.
        epochs, batch_size, learning_rate, seed: as for `climb`; an epoch passes over `x` once.
        hold_classifier: whether the classifier's variables stay as they are.

    Returns:
        A list with an `Estimate` for each epoch: the objective above, which is *not* a bound.

    Raises:
        TrainingDiverged: the objective became NaN or infinite.
        ValueError: labels that are not from 0 to C − 1, or not one for each labelled image.

    Source: Kingma, Mohamed, Rezende and Welling (2014).
    Chapter: deep/beyond_vae
    """
    weight = check_number("classifier_weight", classifier_weight, minimum=0)
    x_labelled, y_labelled = _checked(model, x_labelled, y_labelled)
    share = len(x_labelled) / (len(x_labelled) + len(x))

    def objective(batch, seed):
        labelled_seed, unlabelled_seed = split_seed(seed)
        labelled = labelled_bound(model, x_labelled, y_labelled, labelled_seed)
        bound = (1 - share) * unlabelled_bound(model, batch, unlabelled_seed)
        bound += share * tf.reduce_mean(labelled)
        classified = model.label_posterior(x_labelled).log_prob(y_labelled)
        return bound + weight * tf.reduce_mean(classified)

    held = model.classifier.trainable_variables if hold_classifier else []
    return climb(
        objective,
        model.trainable_variables[: -len(held) or None],  # the classifier's come last
        x,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
    )


def _checked(model, x, y):
    """Labelled images as float32 [n, num_pixels] and their labels as int32 [n], or an error."""
    x = check_array("x_labelled", x, dtype=np.float32, shape=(None, None))
    y = check_counts("y_labelled", y, shape=(len(x),), maximum=model.num_classes - 1)
    return x, y.astype(np.int32)
