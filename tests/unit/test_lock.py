"""requirements.lock: complete pins with hashes, and no address of any registry."""

import re
import tomllib

from gemba.paths import PROJECT

LOCK = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
PINS = dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+) \\$", LOCK, re.MULTILINE))


def test_every_line_is_a_pin_or_its_hash() -> None:
    odd = [
        line
        for line in LOCK.splitlines()
        if not re.fullmatch(r"[a-z0-9._-]+==\S+ \\|    --hash=sha256:[0-9a-f]{64}( \\)?|#.*|", line)
    ]
    assert odd == []


def test_the_lock_names_no_address() -> None:
    assert "://" not in LOCK and "--index-url" not in LOCK


def test_every_dependency_of_the_project_is_pinned() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = {re.match(r"[A-Za-z0-9._-]+", line)[0].lower().replace("_", "-") for line in wanted}
    assert not names - set(PINS)


def test_dbt_stays_below_1_12_which_downloads_a_binary_while_it_installs() -> None:
    assert PINS["dbt-core"].startswith("1.11.")
