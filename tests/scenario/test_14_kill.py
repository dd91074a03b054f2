"""kill -9 of any process at any moment changes nothing in the outcome.

A batch of 20,000 rows meets a directory of 20,000 people; about 1 % of its rows are for a person to decide, and a fixed
policy decides them. Each run kills one process at a random moment; then everything must end as in a run that nobody
disturbed: results and directory byte for byte, the checker content (C1, C3, C4, C6, C7), every store equal to one
rebuilt from the log (C8). MUSTER_SEED repeats a run, MUSTER_KILLS says how many there are."""

import concurrent.futures
import os
import random
import shutil
import threading
import time

import pytest

import people
from bus import id_of, pb
from checker import check_log
from support import SERVICES, Instance, state_of, wait_for

RUNS = int(os.environ.get("MUSTER_KILLS", "50"))
JOBS = int(os.environ.get("MUSTER_KILL_JOBS", str(min(2, os.cpu_count() or 1))))
ROWS = PEOPLE = 20_000
SEED = os.environ.get("MUSTER_SEED") or str(random.SystemRandom().randrange(10**9))
# The broker is what everything hangs on: three in ten runs kill it.
VICTIMS = (
    "broker", "parsing", "matching", "broker", "ingestion", "discrepancy", "export", "broker", "matching", "export",
    "notification",
)


class Run:
    """What came of one run."""

    def __init__(self):
        self.errors, self.victim, self.moment, self.killed, self.in_flight = [], None, None, False, False
        self.results = self.directory = None
        self.events = self.first_seq = self.seconds = 0
        self.counters = {}


def decide(bus, batch, answered):
    """The policy: the row's number decides. Sends each decision until it is answered, whatever dies meanwhile."""
    listed = bus.insist(
        "discrepancy", pb.ListDiscrepancies(batch_id=batch, max=1000, open_only=True), pb.DiscrepancyList, key=batch
    )
    assert listed.message is not None, listed
    for one in listed.message.discrepancies:
        choice = (pb.CHOICE_SELECT, pb.CHOICE_NEW, pb.CHOICE_SKIP)[one.row % 3]
        record = one.question.candidates[0].record_id if choice == pb.CHOICE_SELECT else ""
        command = id_of("policy", batch, str(one.row))
        answer = bus.insist(
            "discrepancy",
            pb.ResolveDiscrepancy(batch_id=batch, row=one.row, base_version=one.version, choice=choice, record_id=record),
            pb.DiscrepancyView, key=batch, command_id=command,
        )
        assert answer.status in (pb.ANSWER_OK, pb.ANSWER_REPEATED), f"row {one.row}: {answer}"
        answered.append(id_of("discrepancy", command))
    return listed.message.more


def strike(instance, run, chooser, undisturbed, stop):
    """Kills the victim once: when the log has grown by a random number of events, or after a random time."""
    if chooser.random() < 0.7:
        growth = chooser.randint(1, max(1, undisturbed.events))
        run.moment = f"at {growth} events of {undisturbed.events}"
        with instance.bus() as watcher:
            watcher.follow(1, start=run.first_seq, credit=100_000)
            seen = run.first_seq
            while seen < run.first_seq + growth - 1 and not stop.is_set():
                got = watcher.next("delivery", timeout_s=0.2)
                if got:
                    seen = got[0].envelope.seq
    else:
        delay = chooser.uniform(0, undisturbed.seconds)
        run.moment = f"after {delay:.3f} s of {undisturbed.seconds:.3f}"
        stop.wait(delay)
    run.in_flight = not stop.is_set()
    run.killed = instance.kill(run.victim) is not None


def one_run(prepared, content, victim=None, chooser=None, undisturbed=None):
    """One batch from file to directory in a copy of the prepared data directory."""
    run, answered = Run(), []
    run.victim = victim
    instance = Instance()
    striker, stop = None, threading.Event()
    try:
        shutil.copytree(prepared, instance.data, ignore=shutil.ignore_patterns("*.sock"))
        instance.up()
        path = instance.file("cards.csv", content)
        with instance.bus(producer="policy") as bus:
            run.first_seq = bus.status().durable_seq + 1
            began = time.monotonic()
            if victim:
                striker = threading.Thread(target=strike, args=(instance, run, chooser, undisturbed, stop))
                striker.start()
            batch = instance.create(path)
            last = {}

            def done():
                answer = bus.insist("ingestion", pb.ShowBatch(batch_id=batch), pb.BatchView, key=batch)
                last["view"] = view = answer.message
                assert view is not None, answer
                assert not view.failure, view
                if view.state == pb.STATE_AWAIT_DISCREPANCY_VERIFICATION:
                    decide(bus, batch, answered)
                return view.state == pb.STATE_COMPLETE

            wait_for(done, lambda: f"{batch} is Complete: {last.get('view')}", 60)
            run.seconds = time.monotonic() - began
            stop.set()
            if striker:
                striker.join()
                instance.wait_ready()
            report = check_log(bus, answered=answered)
            run.events = report.last_seq - run.first_seq + 1
            run.counters = dict(report.count)
            run.errors += report.errors
            if report.count["rows completed"] != ROWS + PEOPLE:
                run.errors.append(f"C7: {report.count['rows completed']} rows completed")
        run.results = instance.cli("batch", "results", batch, "--format", "csv")
        run.directory = instance.cli("directory", "export", "--kind", "person")
        instance.down()
        before = instance.dumps()
        shutil.rmtree(instance.data / "services")
        instance.up()
        instance.down()
        after = instance.dumps()
        run.errors += [f"C8: the store of {name} differs from the fold of the log" for name in before if before[name] != after.get(name)]
    except Exception as error:  # a run's failure is shown with its seed, by its own test
        run.errors.append(f"{type(error).__name__}: {error}\n{instance.describe(lines=12)}")
    finally:
        stop.set()
        if striker:
            striker.join()
        instance.destroy()
    return run


@pytest.fixture(scope="module")
def runs():
    """All runs: number 0 is the undisturbed one."""
    content, truth = people.batch(PEOPLE, ROWS, seed=1)
    origin = Instance()
    try:
        origin.up().prepare(people.directory(PEOPLE))
        origin.down()
        undisturbed = one_run(origin.data, content)
        assert not undisturbed.errors, "\n".join(undisturbed.errors)
        asked = undisturbed.counters["discrepancies resolved"]
        assert 100 <= asked <= 400, f"{asked} rows were uncertain, about {ROWS // 100} are meant to be"
        print(f"seed {SEED}; undisturbed: {undisturbed.seconds:.2f} s, {undisturbed.events} events, {asked} decisions")
        every = {0: undisturbed}
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            started = {
                number: pool.submit(
                    one_run, origin.data, content, VICTIMS[number % len(VICTIMS)], random.Random(f"{SEED}/{number}"), undisturbed
                )
                for number in range(1, RUNS + 1)
            }
            for number, future in started.items():
                every[number] = future.result()
        yield every
    finally:
        origin.destroy()


@pytest.mark.parametrize("number", range(1, RUNS + 1))
def test_a_killed_process_changes_nothing_in_the_outcome(runs, number):
    run, undisturbed = runs[number], runs[0]
    story = f"MUSTER_SEED={SEED}, run {number}: {run.victim} killed {run.moment}"
    print(story)
    assert not run.errors, story + "\n" + "\n".join(run.errors)
    assert run.results == undisturbed.results, f"{story}: results differ {first_difference(undisturbed.results, run.results)}"
    assert run.directory == undisturbed.directory, f"{story}: the directory differs {first_difference(undisturbed.directory, run.directory)}"


def first_difference(left, right):
    for number, (one, other) in enumerate(zip(left.splitlines(), right.splitlines()), 1):
        if one != other:
            return f"in line {number}: {one!r} became {other!r}"
    return f"in length: {len(left.splitlines())} lines became {len(right.splitlines())}"


def test_the_kills_hit_running_work(runs):
    """A harness that kills nothing, or only idle processes, proves nothing."""
    disturbed = [run for number, run in runs.items() if number]
    struck = [run for run in disturbed if run.killed and run.in_flight]
    assert len(struck) >= 0.8 * len(disturbed), f"{len(struck)} of {len(disturbed)} kills were in time"
    if RUNS >= 50:
        assert sum(run.victim == "broker" for run in struck) >= 10
        for name in SERVICES:
            assert any(run.victim == name for run in struck), name
