"""How the drill's inner loops are compiled.

Everything that runs once per pixel is a `@kernel`: compiled by numba on first use and
kept in numba's cache. fastmath stays off, so that the same scene gives the same bits.
numba looks only at the file of the outermost function when it decides whether its cache
is fresh: after a change in a kernel, remove `__pycache__` here.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

kernel = numba.njit(cache=True, error_model="numpy")
