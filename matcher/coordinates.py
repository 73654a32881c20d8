"""Many places at once, as NumPy arrays of degrees."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from matcher.geography import EARTH_RADIUS_KM, Position

METRE = 0.001  # in km
Degrees = npt.NDArray[np.float64]
"""Latitudes and longitudes, shape (..., 2)."""


def distances_km(a: Degrees, b: Degrees) -> npt.NDArray[np.float64]:
    """`distance_km` of many pairs, true to a `METRE`: where the last digit decides, ask that again. NaN stays NaN."""
    a, b = np.radians(a), np.radians(b)
    half_lat, half_lon = np.moveaxis(np.sin((b - a) / 2), -1, 0)
    h = half_lat**2 + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half_lon**2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(1.0, h))))


def degrees(positions: Iterable[Position | None]) -> Degrees:
    """Positions as an array; NaN where one is unknown."""
    nowhere = (math.nan, math.nan)
    return np.array([(p.latitude, p.longitude) if p else nowhere for p in positions], dtype=float).reshape(-1, 2)


def on_globe(places: Degrees) -> npt.NDArray[np.float64]:
    """The places on a ball of radius 1, shape (places, 3): what is near on earth is near there, poles or not."""
    latitude, longitude = np.radians(places).T
    return np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=1
    )
