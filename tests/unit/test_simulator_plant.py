"""The two plants have exactly the sizes the requirement names."""

import pytest

from gemba.errors import InputError
from ingest.simulator.plant import build_plant
from ingest.simulator.timeline import Identity, Timeline

ANCHOR_MS = 1_772_000_000_000


def lines(plant) -> set[tuple[str, str, str]]:
    return {(machine.site.code, machine.area_code, machine.line_code) for machine in plant.machines}


def test_the_small_plant_is_one_tyre_factory_in_yangon_with_3_lines_12_machines_and_90_sensors() -> None:
    plant = build_plant("small")
    assert [site.time_zone for site in plant.sites] == ["Asia/Yangon"]
    assert (len(lines(plant)), len(plant.machines), plant.sensor_count) == (3, 12, 90)
    types = {machine.type.code for machine in plant.machines}
    assert types == {"mixer", "extruder", "calender", "building", "curing_press", "inspection"}


def test_the_reference_plant_has_the_scale_of_the_requirement() -> None:
    plant = build_plant("reference")
    assert (len(plant.sites), len(lines(plant)), len(plant.machines), plant.sensor_count) == (4, 20, 228, 1716)
    assert sum(len(site.shifts) for site in plant.sites) == 24
    assert (len(plant.products), len(plant.customers), len(plant.employees)) == (20, 10, 11_948)
    assert len({site.time_zone for site in plant.sites}) == 4


@pytest.mark.parametrize("scale", ["small", "reference"])
def test_codes_are_unique(scale: str) -> None:
    plant = build_plant(scale)
    assert len({machine.code for machine in plant.machines}) == len(plant.machines)
    assert len({machine.key for machine in plant.machines}) == len(plant.machines), (
        "two machines would share their luck"
    )
    assert len({person.code for person in plant.employees}) == len(plant.employees)
    for machine in plant.machines:
        assert len({sensor.tag for sensor in machine.sensors}) == len(machine.sensors)


def test_every_site_has_technicians_with_every_skill() -> None:
    plant = build_plant("reference")
    for site in plant.sites:
        held = {skill for person in plant.employees if person.site_code == site.code for skill, _ in person.skills}
        assert held == {"MECH", "ELEC", "HYDR", "CTRL", "TOOL", "ROBOT", "WELD", "MEAS"}


def test_one_machine_in_twenty_carries_a_fault_and_the_reference_plant_shows_all_ten() -> None:
    assert len(Timeline(Identity("small", 1, ANCHOR_MS)).faults) == 1  # 5 % of 12
    faults = Timeline(Identity("reference", 1, ANCHOR_MS)).faults
    assert len(faults) == 11  # 5 % of 228
    assert len({fault.pattern.code for fault in faults.values()}) == 10


def test_an_unknown_scale_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="small, reference"):
        build_plant("huge")
