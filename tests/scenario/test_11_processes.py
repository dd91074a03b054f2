"""muster up keeps everything running, muster down ends it in order, and nothing is lost either way."""

import signal
import time

import pytest

import people
from checker import check_log
from support import SERVICES, state_of, wait_for


@pytest.mark.parametrize("name", ["broker", *SERVICES])
def test_what_dies_is_started_again_and_work_goes_on(shared, name):
    if not shared.documents("template", "list") or "card" not in [one["name"] for one in shared.documents("template", "list")]:
        shared.prepare(people.directory(2))
    before = shared.kill(name)
    assert before
    wait_for(lambda: shared.pid_of(name) not in (None, before), f"{name} runs again")
    shared.wait_ready()
    shared.complete(shared.create([people.CARD_HEADER, people.card(people.person(1))], "--dry-run"))


def test_status_shows_what_runs_since_when_and_how_far_behind(shared):
    text = shared.cli("status")
    for name in ("broker", *SERVICES):
        assert name in text, text
    documents = shared.documents("status")
    assert "disk" in str(documents) and "applied_seq" in str(documents), documents


def test_doctor_finds_nothing_wrong_with_a_healthy_system(shared):
    assert shared.cli("doctor").strip()


def test_sigterm_in_the_middle_of_work_drains_and_nothing_is_lost_or_counted_as_an_attempt(muster):
    muster.prepare(people.directory(10))
    content, _ = people.batch(10, 60_000, seed=6, uncertain=0.0)
    batch = muster.create(content)
    for name in ("parsing", "matching", "export"):
        pid = muster.pid_of(name)
        muster.kill(name, signal.SIGTERM)
        wait_for(lambda: muster.pid_of(name) not in (None, pid), f"{name} runs again")
    muster.complete(batch, timeout_s=120)
    assert not muster.parked()
    with muster.bus() as bus:
        report = check_log(bus)
    assert not report.errors, report


def test_down_in_the_middle_of_work_is_orderly_and_up_goes_on(muster):
    muster.prepare(people.directory(10))
    content, _ = people.batch(10, 60_000, seed=6, uncertain=0.0)
    batch = muster.create(content)
    muster.down()
    assert not muster.processes()
    muster.up()
    assert muster.complete(batch, timeout_s=120)["rows_total"] == 60_000


def test_the_supervisor_killed_takes_everything_with_it_and_up_goes_on(muster):
    muster.prepare(people.directory(10))
    content, _ = people.batch(10, 60_000, seed=6, uncertain=0.0)
    batch = muster.create(content)
    supervisors = [pid for pid, arguments in muster.processes().items() if arguments[0].rsplit("/", 1)[-1] == "muster"]
    assert len(supervisors) == 1
    import os

    os.kill(supervisors[0], signal.SIGKILL)
    wait_for(lambda: not muster.processes(), lambda: f"everything ends: {muster.processes()}")
    muster.up()
    assert muster.complete(batch, timeout_s=120)["rows_total"] == 60_000


def test_a_stopped_service_is_waited_for_and_its_work_is_not_done_twice(muster):
    muster.prepare(people.directory(10))
    content, _ = people.batch(10, 60_000, seed=6, uncertain=0.0)
    muster.kill("matching", signal.SIGSTOP)
    batch = muster.create(content)
    muster.wait_state(batch, "Checking For Discrepancies")
    muster.kill("matching", signal.SIGCONT)
    muster.complete(batch, timeout_s=120)
    with muster.bus() as bus:
        report = check_log(bus)
    assert not report.errors, report


def test_the_broker_stopped_for_a_while_costs_nothing_but_time(muster):
    muster.prepare(people.directory(10))
    content, _ = people.batch(10, 60_000, seed=6, uncertain=0.0)
    batch = muster.create(content)
    muster.kill("broker", signal.SIGSTOP)
    resume = time.monotonic() + 3.0
    wait_for(lambda: time.monotonic() > resume, "the pause to be over")
    muster.kill("broker", signal.SIGCONT)
    muster.complete(batch, timeout_s=120)
    assert not muster.parked()


def test_an_organisation_with_a_directory_of_its_own_starts_also_where_a_built_in_template_does_not_fit(muster):
    muster.prepare(people.directory(1))
    muster.down()
    muster.cli("up", "--detach")
    muster.wait_ready()
    names = {one["name"] for one in muster.documents("template", "list")}
    assert "card" in names and "connect-card" not in names, names


def test_two_instances_side_by_side_do_not_disturb_each_other(muster, idle):
    muster.prepare(people.directory(2))
    idle.up()
    idle.prepare(people.directory(1))
    assert len(muster.people()) == 2 and len(idle.people()) == 1
    idle.down()
    assert muster.processes() and state_of(muster.complete(muster.create([people.CARD_HEADER, people.card(people.person(7))])))
