"""Variational auto-encoders: networks, the model, its bound, training and evaluation.

A training run, from data to a figure:

    settings.Settings → training.train → TrainedVAE → plots
"""

from vicourse.vae.bound import bound_of, train_on_bound
from vicourse.vae.checkpoint import CheckpointError
from vicourse.vae.climb import climb
from vicourse.vae.cluster import WorkerLost, is_chief, worker_strategy
from vicourse.vae.distributed import train_distributed
from vicourse.vae.evaluation import BoundEstimate, evaluate_bound
from vicourse.vae.full_bayes import FullBayes, full_bayes_bound, train_full_bayes
from vicourse.vae.held_out import HeldOut, held_out_log_likelihood
from vicourse.vae.lattice import draws_by_quadrature, evidence_by_quadrature
from vicourse.vae.marginal_likelihood import (
    LogEvidence,
    evidence_by_appendix_d,
    evidence_by_importance,
    gaussian_of,
)
from vicourse.vae.model import VAE
from vicourse.vae.monte_carlo_em import MonteCarloEM, TrainedByEM, train_by_monte_carlo_em
from vicourse.vae.networks import decoder, encoder
from vicourse.vae.posterior_draws import PosteriorDraws, posterior_draws
from vicourse.vae.semi_supervised import (
    M2,
    labelled_bound,
    train_classifier,
    train_semi_supervised,
    unlabelled_bound,
)
from vicourse.vae.settings import Settings
from vicourse.vae.sgvb import Bound, sgvb
from vicourse.vae.state_space import DeepStateSpace, one_step_predictions
from vicourse.vae.training import TrainedVAE, TrainingDiverged, train
from vicourse.vae.two_layers import TwoLayerVAE, active_per_layer
from vicourse.vae.wake_sleep import wake_sleep

__all__ = [
    "M2",
    "VAE",
    "Bound",
    "BoundEstimate",
    "CheckpointError",
    "DeepStateSpace",
    "FullBayes",
    "HeldOut",
    "LogEvidence",
    "MonteCarloEM",
    "PosteriorDraws",
    "Settings",
    "TrainedByEM",
    "TrainedVAE",
    "TrainingDiverged",
    "TwoLayerVAE",
    "WorkerLost",
    "active_per_layer",
    "bound_of",
    "climb",
    "decoder",
    "draws_by_quadrature",
    "encoder",
    "evaluate_bound",
    "evidence_by_appendix_d",
    "evidence_by_importance",
    "evidence_by_quadrature",
    "full_bayes_bound",
    "gaussian_of",
    "held_out_log_likelihood",
    "is_chief",
    "labelled_bound",
    "one_step_predictions",
    "posterior_draws",
    "sgvb",
    "train",
    "train_by_monte_carlo_em",
    "train_classifier",
    "train_distributed",
    "train_full_bayes",
    "train_on_bound",
    "train_semi_supervised",
    "unlabelled_bound",
    "wake_sleep",
    "worker_strategy",
]
