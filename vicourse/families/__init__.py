"""Families q(z): trainable TFP distributions over a model's latents."""

from vicourse.families.gaussian import full_rank, low_rank, mean_field

__all__ = ["full_rank", "low_rank", "mean_field"]
