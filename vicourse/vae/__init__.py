"""Variational auto-encoders: networks, the model, its bound, training and evaluation.

A training run, from data to a figure:

    settings.Settings → training.train → TrainedVAE → plots
"""

from vicourse.vae.checkpoint import CheckpointError
from vicourse.vae.evaluation import BoundEstimate, evaluate_bound
from vicourse.vae.model import VAE
from vicourse.vae.networks import decoder, encoder
from vicourse.vae.settings import Settings
from vicourse.vae.sgvb import Bound, sgvb
from vicourse.vae.training import TrainedVAE, TrainingDiverged, train

__all__ = [
    "VAE",
    "Bound",
    "BoundEstimate",
    "CheckpointError",
    "Settings",
    "TrainedVAE",
    "TrainingDiverged",
    "decoder",
    "encoder",
    "evaluate_bound",
    "sgvb",
    "train",
]
