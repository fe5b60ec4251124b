"""The whole plant: it starts with one command, data flows from the broker to the page, what dies comes back, all of it stops."""

import asyncio
import json
import os
import signal
import subprocess
import time
import urllib.request
from datetime import UTC, datetime

import aiomqtt
from playwright.sync_api import Browser, expect

from gemba.paths import PROJECT
from tests.e2e.conftest import Plant, wait_for

SCREENSHOTS = PROJECT / ".gemba" / "screenshots"


def publish(plant: Plant, topic: str, message: dict) -> None:
    async def send() -> None:
        port = int(plant.environment["GEMBA_MQTT_PORT"])
        async with aiomqtt.Client("127.0.0.1", port, identifier="e2e-publisher") as client:
            await client.publish(topic, json.dumps(message), qos=1)

    asyncio.run(send())


def test_up_says_where_everything_is_and_how_to_stop_it(plant: Plant) -> None:
    for part in (plant.pages_url, plant.dagster_url, "postgresql://gemba_reader", "down"):
        assert part in plant.first_output, plant.first_output


def test_every_process_is_shown_running(plant: Plant) -> None:
    status = plant.status()
    assert {process["name"]: process["state"] for process in status["processes"]} and plant.gemba(
        "status"
    ).returncode == 0
    assert {process["state"] for process in status["processes"]} == {"running"}


def test_the_psql_line_for_bi_tools_shows_oee(plant: Plant) -> None:
    rows = plant.query(
        "SELECT count(*), count(oee_ratio), min(oee_ratio) > 0, max(oee_ratio) <= 1 FROM marts.fct_oee_by_shift WHERE NOT is_open",
        role="gemba_reader",
    )
    shifts, with_oee, above_zero, at_most_one = rows[0]
    assert shifts >= 24 and with_oee >= 0.8 * shifts and above_zero and at_most_one


def test_a_reading_published_to_the_broker_reaches_the_pages_relations(plant: Plant) -> None:
    site, area, line, machine, tag, machine_id, sensor_id = plant.query(
        "SELECT site_code, area_code, line_code, machine_code, tag, machine_id, sensor_id FROM ref.sensors JOIN ref.machines USING"
        " (machine_id) JOIN ref.lines USING (line_id) JOIN ref.areas USING (area_id) JOIN ref.sites USING (site_id) ORDER BY sensor_id LIMIT 1"
    )[0]
    # between two readings of the simulator, which come at full ten seconds
    at = datetime.fromtimestamp(int(time.time()) // 10 * 10 + 3, UTC)
    publish(plant, f"gemba/v1/{site}/{area}/{line}/{machine}/sensor", {"ts": at.isoformat(), tag: 1234.5})
    wait_for(
        "the reading is in raw",
        lambda: (
            plant.query("SELECT value FROM raw.sensor_readings WHERE sensor_id = %s AND ts = %s", sensor_id, at)
            == [(1234.5,)]
        ),
        15,
    )
    wait_for(
        "the reading is in its minute, as the pages' role sees it",
        lambda: plant.query(
            "SELECT 1 FROM agg.sensor_1m WHERE sensor_id = %s AND bucket_at = date_trunc('minute', %s::timestamptz) AND value_max = 1234.5",
            sensor_id,
            at,
            role="gemba_reader",
        ),
        90,
    )


def test_an_undecodable_message_is_kept_with_its_reason_and_replayed_in_vain(plant: Plant) -> None:
    publish(plant, "gemba/v1/nowhere/at/all/none/sensor", {"ts": int(time.time() * 1000), "x": 1})
    wait_for("the letter is there", lambda: "unknown_machine" in plant.gemba("dead-letters", "list").stdout, 15)
    assert plant.gemba("dead-letters", "replay", "--all").returncode == 0
    assert "unknown_machine" in plant.gemba("dead-letters", "list").stdout


def test_overview_shows_each_machine_with_its_state_and_oee(plant: Plant, browser: Browser) -> None:
    names = [row[0] for row in plant.query("SELECT name FROM ref.machines ORDER BY 1")]
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    page.goto(plant.pages_url)
    for name in names:
        expect(page.get_by_text(name).first).to_be_visible(timeout=20_000)
    expect(page.get_by_text("Traceback")).to_have_count(0)
    page.wait_for_timeout(3_000)  # charts draw after the text is there
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "overview.png")
    page.close()


def test_machine_and_data_health_open_without_an_error(plant: Plant, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1600, "height": 1200})
    for path, text in (("machine", "State"), ("data-health", "Dead letters")):
        page.goto(f"{plant.pages_url}/{path}")
        expect(page.get_by_text(text).first).to_be_visible(timeout=20_000)
        page.wait_for_timeout(3_000)
        expect(page.locator("[data-testid=stException]")).to_have_count(0)
        page.screenshot(path=SCREENSHOTS / f"{path}.png", full_page=True)
    page.close()


def test_dagster_refreshes_the_rollups_and_builds_the_marts_by_itself(plant: Plant) -> None:
    def succeeded_jobs() -> set[str]:
        question = {"query": "{ runsOrError(filter: {statuses: [SUCCESS]}) { ... on Runs { results { jobName } } } }"}
        request = urllib.request.Request(
            f"{plant.dagster_url}/graphql", json.dumps(question).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            answer = json.load(response)
        return {run["jobName"] for run in answer["data"]["runsOrError"]["results"]}

    wait_for(
        "a run of the rollups and one of dbt ended well",
        lambda: {"rollups_refresh_job", "dbt_build_job"} <= succeeded_jobs(),
        540,
    )


def test_an_ingest_that_is_killed_comes_back_and_stores_on(plant: Plant) -> None:
    before = next(process for process in plant.status()["processes"] if process["name"] == "ingest")
    os.kill(before["pid"], signal.SIGKILL)

    def restarted() -> bool:
        now = next(process for process in plant.status()["processes"] if process["name"] == "ingest")
        return now["state"] == "running" and now["pid"] != before["pid"] and now["restarts"] >= 1

    wait_for("status shows ingest restarted", restarted, 30)
    killed_at = datetime.now(UTC)
    wait_for(
        "readings measured after the kill are stored",
        lambda: plant.query("SELECT 1 FROM raw.sensor_readings WHERE ts > %s LIMIT 1", killed_at),
        60,
    )


def test_up_again_on_a_running_plant_says_so_and_succeeds(plant: Plant) -> None:
    again = plant.gemba("up", "--detach", timeout=60)
    assert again.returncode == 0 and plant.pages_url in again.stdout, again.stdout + again.stderr


def test_down_stops_everything_within_ten_seconds_and_the_next_up_carries_on(plant: Plant) -> None:
    readings = plant.query("SELECT count(*) FROM raw.sensor_readings")[0][0]
    started = time.monotonic()
    assert plant.gemba("down", timeout=60).returncode == 0
    duration_s = time.monotonic() - started
    orphans = subprocess.run(["pgrep", "-af", str(plant.home)], capture_output=True, text=True, check=False).stdout
    assert orphans == ""
    assert duration_s < 15  # ten for the services, the rest for starting the command itself
    assert plant.gemba("status").returncode != 0
    up = plant.gemba("up", "--detach", timeout=300)
    assert up.returncode == 0, up.stdout + up.stderr
    assert plant.query("SELECT count(*) FROM raw.sensor_readings")[0][0] >= readings
