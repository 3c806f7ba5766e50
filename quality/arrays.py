"""Arrays by what they hold, whatever their shape and width."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]
Strings = npt.NDArray[np.str_]
