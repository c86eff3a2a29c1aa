"""Families q(z): trainable TFP distributions over a model's latents."""

from vicourse.families.autoregressive import iaf, maf
from vicourse.families.coupling import neural_spline, real_nvp
from vicourse.families.gaussian import full_rank, low_rank, mean_field
from vicourse.families.mixtures import mixture
from vicourse.families.planar_flow import planar
from vicourse.families.radial_flow import radial
from vicourse.families.structured import asvi

__all__ = [
    "asvi",
    "full_rank",
    "iaf",
    "low_rank",
    "maf",
    "mean_field",
    "mixture",
    "neural_spline",
    "planar",
    "radial",
    "real_nvp",
]
