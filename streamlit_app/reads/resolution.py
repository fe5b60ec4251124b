"""Which rollup a time range is read from, so that a curve has enough points and no more."""

from dataclasses import dataclass

MAX_POINTS = 2000


@dataclass(frozen=True)
class Resolution:
    """A rollup as the machine page reads it. query: in sql/queries/machine.sql; bucket_s: seconds, 0 for raw."""

    query: str
    name: str
    bucket_s: float


RAW = Resolution("sensor_readings", "raw readings", 0)
ROLLUPS = (
    Resolution("sensor_1m", "1-minute rollup", 60),
    Resolution("sensor_15m", "15-minute rollup", 900),
    Resolution("sensor_1h", "1-hour rollup", 3600),
    Resolution("sensor_1d", "1-day rollup", 86400),
)


def choose(range_s: float, sampling_interval_s: float, max_points: int = MAX_POINTS) -> Resolution:
    """The finest resolution that gives at most max_points per sensor over range_s seconds.

    sampling_interval_s: the shortest interval between readings among the sensors shown.
    """
    if range_s / sampling_interval_s <= max_points:
        return RAW
    for rollup in ROLLUPS:
        if rollup.bucket_s >= sampling_interval_s and range_s / rollup.bucket_s <= max_points:
            return rollup
    return ROLLUPS[-1]
