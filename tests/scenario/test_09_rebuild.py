"""Every store but the log is a projection: delete any, restart, and it is equal, key for key and value for value (C8)."""

import shutil

import pytest

import people
from checker import check_log
from support import SERVICES, wait_for


@pytest.fixture(scope="module")
def church(shared):
    """An instance with a life behind it: completed, waiting, dry, failed, cancelled and half-corrected batches."""
    shared.prepare(people.directory(300))
    content, _ = people.batch(300, 2500, seed=11, uncertain=0.01)
    done = shared.create(content, "--option", "membership-date")
    shared.wait_state(done, "Await Discrepancy Verification")
    for row in shared.questions(done):
        shared.resolve(done, row, ("--new", "--skip")[row % 2])
    shared.complete(done)
    shared.complete(shared.create(content, "--dry-run"))
    shared.wait_state(shared.create([people.CARD_HEADER, people.unsure_card(people.person(2), 1)]), "Await Discrepancy Verification")
    shared.wait_state(shared.create("a,b\n1,2\n"))
    shared.wait_state(shared.create([people.CARD_HEADER, people.card(people.person(9000), campus="Mars")]))
    cancelled = shared.create([people.CARD_HEADER, people.unsure_card(people.person(3), 1)])
    shared.wait_state(cancelled, "Await Discrepancy Verification")
    shared.cli("batch", "cancel", cancelled)
    return shared


def answers(church):
    """What people would see: every question there is a command for."""
    batches = church.documents("batch", "list")
    names = [one["batch_id"] for one in batches]
    seen = {
        "batches": batches,
        "templates": church.documents("template", "list"),
        "directory": church.cli("directory", "export", "--kind", "person"),
        "history": church.cli("directory", "history", "p1", "--kind", "person"),
        "shown": [church.show(name) for name in names],
    }
    for name in names:
        for command in ("discrepancies", "errors"):
            result = church.run("batch", command, name, "--json")
            seen[f"{command} {name}"] = (result.code, result.out)
        result = church.run("batch", "results", name, "--format", "csv")
        seen[f"results {name}"] = (result.code, result.out)
    return seen


@pytest.mark.parametrize("service", SERVICES)
def test_a_deleted_store_is_rebuilt_equal_and_answers_the_same(church, service):
    before = answers(church)
    church.down()
    stores = [store for store in church.stores() if store.name.startswith(service + "-")]
    assert stores, f"{service} has a store"
    dumps = church.dumps()
    assert len(dumps[stores[0].name]) > 100, "there is something to compare"
    for store in stores:
        shutil.rmtree(store)
    church.up()
    after = answers(church)
    church.down()
    rebuilt = church.dumps()
    church.up()
    for question in before:
        assert after[question] == before[question], question
    assert sorted(rebuilt) == sorted(dumps)
    for name in dumps:
        assert rebuilt[name] == dumps[name], f"the store of {name} differs from the one before"


def test_all_stores_deleted_at_once_are_rebuilt_and_work_goes_on(church):
    before = answers(church)
    church.down()
    dumps = church.dumps()
    shutil.rmtree(church.data / "services")
    church.up()
    assert answers(church) == before
    church.down()
    assert church.dumps() == dumps
    church.up()
    waiting = next(one["batch_id"] for one in before["batches"] if one["state"] == "await_discrepancy_verification" and not one["outcome"])
    church.resolve(waiting, 1, "--new")
    church.complete(waiting)
    with church.bus() as bus:
        report = check_log(bus)
    assert not report.errors, report


def test_a_service_killed_while_it_rebuilds_goes_on_rebuilding(church):
    before = answers(church)
    church.down()
    shutil.rmtree(church.data / "services")
    church.cli("up", "--detach", "--no-builtins")
    for service in SERVICES:
        wait_for(lambda: church.kill(service), f"{service} runs")
    church.wait_ready()
    assert answers(church) == before


def test_the_log_verifies_offline(church):
    church.down()
    said = church.cli("log", "verify")
    assert said.strip()
    church.up()


def test_a_damaged_log_is_refused_with_the_place_and_never_served(muster):
    muster.prepare(people.directory(50))
    content, _ = people.batch(50, 3000, seed=3, uncertain=0.0)
    muster.complete(muster.create(content))
    muster.down()
    files = sorted(path for path in (muster.data / "broker").rglob("*") if path.suffix in (".log", ".sst") and path.stat().st_size > 5000)
    assert files, list((muster.data / "broker").rglob("*"))
    victim = max(files, key=lambda path: path.stat().st_size)
    with victim.open("r+b") as file:
        file.seek(victim.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 0x40]))
    result = muster.run("log", "verify", timeout_s=60)
    assert result.code != 0 and len(result.said) > 30, result
    result = muster.run("up", "--detach", timeout_s=90)
    if result.code == 0:
        for pid in muster.processes():
            assert pid
        pytest.fail(f"a damaged log is served: {result}")
