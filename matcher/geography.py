"""Where things are, how far apart, and how long it takes to get there."""

from __future__ import annotations

import math
from dataclasses import dataclass

EARTH_RADIUS_KM = 6371.0088  # the mean radius R1 of the IUGG
ROADS = 1.3  # as long as the great circle


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


def travel_minutes(km: float, travel_kmh: float) -> int:
    """Whole minutes to allow for a journey by road."""
    return math.ceil(60 * ROADS * km / travel_kmh)
