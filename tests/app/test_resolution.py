"""The choice of rollup, with the point counts worked by hand."""

import pytest

from streamlit_app.reads.resolution import MAX_POINTS, ROLLUPS, choose

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("range_s", "sampling_s", "expected"),
    [
        (HOUR, 10, "sensor_readings"),  # 360 points
        (8 * HOUR, 10, "sensor_1m"),  # 2,880 raw, 480 minutes
        (HOUR, 1, "sensor_1m"),  # 3,600 raw
        (DAY, 10, "sensor_1m"),  # 1,440 minutes
        (3 * DAY, 10, "sensor_15m"),  # 4,320 minutes, 288 quarters
        (30 * DAY, 10, "sensor_1h"),  # 2,880 quarters, 720 hours
        (365 * DAY, 10, "sensor_1d"),  # 8,760 hours
        (DAY, 60, "sensor_readings"),  # 1,440 readings, one a minute
    ],
)
def test_finest_rollup_within_the_point_limit_is_chosen(range_s, sampling_s, expected):
    assert choose(range_s, sampling_s).query == expected


@pytest.mark.parametrize("hours", [1, 3, 8, 24, 72, 168, 720, 2000, 20000])
@pytest.mark.parametrize("sampling_s", [0.1, 1, 10, 60, 600])
def test_no_choice_gives_more_points_than_the_limit(hours, sampling_s):
    chosen = choose(hours * HOUR, sampling_s)
    step_s = chosen.bucket_s or sampling_s
    assert hours * HOUR / step_s <= MAX_POINTS or chosen is ROLLUPS[-1]
