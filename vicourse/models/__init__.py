"""Models p(x, z): a log joint, its support, its data, and whatever is known about it exactly."""

from vicourse.models.ard_regression import ARDRegression
from vicourse.models.base import Model, NotKnownExactly
from vicourse.models.conjugate import (
    BetaBernoulli,
    DirichletMultinomial,
    GammaPoisson,
    NormalNormal,
)
from vicourse.models.eight_schools import (
    EightSchoolsCentred,
    EightSchoolsMarginal,
    EightSchoolsNonCentred,
)
from vicourse.models.enumeration import enumerate_states
from vicourse.models.gaussian import Gaussian, correlated_gaussian
from vicourse.models.grids import QuadratureError
from vicourse.models.hidden_markov import HiddenMarkov
from vicourse.models.kinds import BayesianModel, Target
from vicourse.models.lda import LDA
from vicourse.models.linear_gaussian import LinearGaussian, fit_ppca
from vicourse.models.mixture import GaussianMixture
from vicourse.models.normal_gamma import NormalGamma
from vicourse.models.normal_wishart_mixture import NormalWishartMixture
from vicourse.models.potts import Potts
from vicourse.models.quadrature import Quadrature, quadrature
from vicourse.models.regression import (
    LinearRegression,
    LinearRegressionUnknownNoise,
    LogisticRegression,
    ProbitRegression,
)
from vicourse.models.state_space import StateSpace
from vicourse.models.trouble import Banana, Funnel

__all__ = [
    "LDA",
    "ARDRegression",
    "Banana",
    "BayesianModel",
    "BetaBernoulli",
    "DirichletMultinomial",
    "EightSchoolsCentred",
    "EightSchoolsMarginal",
    "EightSchoolsNonCentred",
    "Funnel",
    "GammaPoisson",
    "Gaussian",
    "GaussianMixture",
    "HiddenMarkov",
    "LinearGaussian",
    "LinearRegression",
    "LinearRegressionUnknownNoise",
    "LogisticRegression",
    "Model",
    "NormalGamma",
    "NormalNormal",
    "NormalWishartMixture",
    "NotKnownExactly",
    "Potts",
    "ProbitRegression",
    "Quadrature",
    "QuadratureError",
    "StateSpace",
    "Target",
    "correlated_gaussian",
    "enumerate_states",
    "fit_ppca",
    "quadrature",
]
