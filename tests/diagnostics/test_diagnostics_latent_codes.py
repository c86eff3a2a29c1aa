"""Active units, against answers known beforehand."""

import numpy as np
import pytest

from vicourse.diagnostics import active_units


def test_active_units_are_those_whose_mean_varies():
    """Variances 4, 0.04 and 0.0004 over x: the third is below 0.01 (SD 0.02, not variance)."""
    rng = np.random.default_rng(0)
    means = rng.normal(size=(5000, 3)) * [2.0, 0.2, 0.02] + [0.0, 5.0, 5.0]
    active, variances = active_units(means)
    assert active.tolist() == [True, True, False]
    np.testing.assert_allclose(variances, [4.0, 0.04, 0.0004], rtol=0.1)
    assert active_units(means, threshold=1.0)[0].tolist() == [True, False, False]
    with pytest.raises(ValueError, match="means"):
        active_units(means[0])
    with pytest.raises(ValueError, match="threshold"):
        active_units(means, threshold=-1)
