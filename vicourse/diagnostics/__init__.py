"""Did it work? Instruments for fits, from k-hat to simulation-based calibration."""

from vicourse.diagnostics.amortization import amortization_gap, best_gaussians, elbo_by_image
from vicourse.diagnostics.calibration import Calibration, simulation_based_calibration
from vicourse.diagnostics.chains import ChainCheck, chain_check
from vicourse.diagnostics.errors import evidence_gap, moment_errors, wasserstein_bound
from vicourse.diagnostics.importance import ImportanceCheck, importance_check
from vicourse.diagnostics.latent_codes import active_units
from vicourse.diagnostics.report import Report, report

__all__ = [
    "Calibration",
    "ChainCheck",
    "ImportanceCheck",
    "Report",
    "active_units",
    "amortization_gap",
    "best_gaussians",
    "chain_check",
    "elbo_by_image",
    "evidence_gap",
    "importance_check",
    "moment_errors",
    "report",
    "simulation_based_calibration",
    "wasserstein_bound",
]
