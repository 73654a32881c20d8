"""Where things are, how far apart, and how long it takes to get there."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

EARTH_RADIUS_KM = 6371.0088  # the mean radius R1 of the IUGG
ROADS = 1.3  # as long as the great circle
METRE = 0.001  # in km
Degrees = npt.NDArray[np.float64]
"""Latitudes and longitudes, shape (..., 2)."""


@dataclass(frozen=True, slots=True)
class Position:
    """WGS 84 degrees: latitude in [-90, 90], longitude in [-180, 180]."""

    latitude: float
    longitude: float


def distance_km(a: Position, b: Position) -> float:
    """The great circle between two positions by the haversine formula, in km."""
    lat_a, lat_b = math.radians(a.latitude), math.radians(b.latitude)
    half_lat = math.sin((lat_b - lat_a) / 2)
    half_lon = math.sin(math.radians(b.longitude - a.longitude) / 2)
    h = half_lat**2 + math.cos(lat_a) * math.cos(lat_b) * half_lon**2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, h)))


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


def travel_minutes(km: float, travel_kmh: float) -> int:
    """Whole minutes to allow for a journey by road."""
    return math.ceil(60 * ROADS * km / travel_kmh)
