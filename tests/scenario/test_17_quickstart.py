"""From a clone to people in the directory, as README says; and the units for running it for real (S41)."""

import subprocess

import pytest

from support import BUILD, PATIENCE, ROOT, Instance


def test_the_quickstart_leads_from_a_clone_to_people_in_the_directory_and_may_be_repeated():
    if BUILD != ROOT / "build" / "release":
        pytest.skip("the quickstart uses build/release")
    instance = Instance()
    try:
        for _ in range(2):
            done = subprocess.run(
                [ROOT / "deploy" / "quickstart"], capture_output=True, text=True, env=instance.environment, timeout=600 * PATIENCE
            )
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
            assert "Done in" in done.stdout
        assert len(instance.people()) > 10
        instance.down()
    finally:
        instance.destroy()


def test_s41_the_systemd_units_shut_the_services_in():
    units = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
    assert units
    for unit in units:
        text = unit.read_text()
        for hardening in ("NoNewPrivileges", "ProtectSystem=strict", "PrivateTmp", "SystemCallFilter", "MemoryMax", "LimitNOFILE"):
            assert hardening in text, f"{unit.name} lacks {hardening}"
