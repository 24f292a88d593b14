"""What a launch uses, from counters that are files here, and where it is said."""

from __future__ import annotations

import io
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

from results.energy import Energy, energy_of
from results.records import open_database
from results.rendering import render_report
from results.rows import StudyRow
from results.summary import summary
from study import energy, status_tables
from study.ending import Ending
from study.energy import GPUS, PACKAGES, EnergyMeter
from study.terminal import PlainConsole


def zone(folder: Path, name: str, microjoules: int, span: int = 1_000_000_000) -> Path:
    (folder / name).mkdir()
    (folder / name / "max_energy_range_uj").write_text(f"{span}\n")
    counter = folder / name / "energy_uj"
    counter.write_text(f"{microjoules}\n")
    return counter


@pytest.fixture(autouse=True)
def without_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)


def test_packages_are_added_up_and_their_parts_are_not(tmp_path: Path) -> None:
    first, second = zone(tmp_path, "intel-rapl:0", 5_000_000), zone(tmp_path, "intel-rapl:1", 1_000_000)
    cores = zone(tmp_path, "intel-rapl:0:0", 0)
    meter = EnergyMeter(tmp_path)
    first.write_text("7500000")
    second.write_text("2000000")
    cores.write_text("9000000")
    used = meter.taken()
    meter.close()
    assert used is not None
    assert used.joules == pytest.approx(2.5 + 1.0)
    assert used.of == (PACKAGES,)


def test_a_counter_that_starts_again_loses_nothing(tmp_path: Path) -> None:
    counter = zone(tmp_path, "intel-rapl:0", 90_000_000, span=100_000_000)
    meter = EnergyMeter(tmp_path)
    counter.write_text("5000000")
    used = meter.taken()
    assert used is not None and used.joules == pytest.approx(15.0)
    counter.write_text("6000000")
    again = meter.taken()
    meter.close()
    assert again is not None and again.joules == pytest.approx(1.0)


def test_counters_are_read_while_nobody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "PERIOD", 0.01)
    counter = zone(tmp_path, "intel-rapl:0", 0, span=100_000_000)
    meter = EnergyMeter(tmp_path)
    for step in range(1, 8):  # three times around the counter's range
        new = counter.with_name("new")
        new.write_text(str(step * 45_000_000 % 100_000_000))
        new.replace(counter)  # at once: the thread may read at any moment
        threads_look(meter)
    used = meter.taken()
    meter.close()
    assert used is not None and used.joules == pytest.approx(7 * 45.0)


def threads_look(meter: EnergyMeter) -> None:
    """Wait until the meter's thread has seen what the counter shows now."""
    counter, deadline = meter._counters[0], time.monotonic() + 60
    while counter.last != counter.read():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_what_may_not_be_read_is_left_out(tmp_path: Path) -> None:
    assert EnergyMeter(tmp_path / "none").taken() is None
    (tmp_path / "intel-rapl:0").mkdir()
    (tmp_path / "intel-rapl:0" / "energy_uj").mkdir()  # cannot be read, whoever asks
    assert EnergyMeter(tmp_path).taken() is None


def test_a_counter_that_fails_later_is_dropped(tmp_path: Path) -> None:
    gone, kept = zone(tmp_path, "intel-rapl:0", 0), zone(tmp_path, "intel-rapl:1", 0)
    meter = EnergyMeter(tmp_path)
    gone.unlink()
    kept.write_text("3000000")
    used = meter.taken()
    meter.close()
    assert used is not None and used.joules == pytest.approx(3.0)


def test_what_was_read_before_the_last_counter_failed_is_kept(tmp_path: Path) -> None:
    counter = zone(tmp_path, "intel-rapl:0", 0)
    meter = EnergyMeter(tmp_path)
    counter.write_text("4000000")
    meter._read()  # as its thread does
    counter.unlink()
    used = meter.taken()
    meter.close()
    assert used is not None and used.joules == pytest.approx(4.0) and used.of == (PACKAGES,)


def test_gpus_are_read_where_nvml_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    millijoules = {0: 1000, 1: 5000}

    def total(handle: int) -> int:
        if handle == 2:
            raise RuntimeError("not supported")  # older than Volta
        return millijoules[handle]

    nvml: Any = types.ModuleType("pynvml")
    nvml.nvmlInit = lambda: None
    nvml.nvmlDeviceGetCount = lambda: 3
    nvml.nvmlDeviceGetHandleByIndex = lambda index: index
    nvml.nvmlDeviceGetTotalEnergyConsumption = total
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    meter = EnergyMeter(tmp_path)
    millijoules.update({0: 4000, 1: 5500})
    used = meter.taken()
    meter.close()
    assert used is not None and used.joules == pytest.approx(3.5) and used.of == (GPUS,)


def test_launches_add_up_in_the_record_and_all_say_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    texts = dict.fromkeys(("space", "goal", "command", "data_source", "data_fingerprint", "backbone"), "x")
    with open_database(url) as database:
        database.studies.create(StudyRow(study_name="s", data_made_up=False, seed=0, **texts))
        energy.add(database, "s", None)
        assert energy_of(database.studies.require("s")) is None
        assert status_tables.read(url, "s")["energy"] is None
        assert "Energy" not in render_report(database, "s")
        energy.add(database, "s", Energy(3.6e5, 1800.0, (PACKAGES,)))
        energy.add(database, "s", Energy(3.6e5, 1800.0, (PACKAGES, GPUS)))
        found = energy_of(database.studies.require("s"))
        assert found == Energy(7.2e5, 3600.0, (PACKAGES, GPUS))
        told = found.sentence()
        assert "0.20 kWh" in told and f"{PACKAGES} and {GPUS}" in told
        assert str(escape(told)) in render_report(database, "s")
        ending = Ending(summary(database, "s"), tmp_path, url)
    assert ending.as_json()["energy"] == {"joules": 7.2e5, "seconds": 3600.0, "of": [PACKAGES, GPUS]}
    stream = io.StringIO()
    console = PlainConsole(file=stream, width=400)
    ending.show(console)
    status_tables.show(status_tables.read(url, "s"), console, failed=False)
    assert stream.getvalue().count(told) == 2


def test_a_little_is_in_watt_hours() -> None:
    assert "12.0 Wh" in Energy(43_200, 60.0, (PACKAGES,)).sentence()
