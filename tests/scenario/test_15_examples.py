"""The examples are what an outsider begins with: they build against an installed prefix and show every event, live, from
the past, and over a broker that is killed."""

import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest

import people
from support import BIN, BUILD, ROOT, wait_for
from bus import pb


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """muster, installed."""
    place = tmp_path_factory.mktemp("prefix")
    done = subprocess.run(
        ["cmake", "--install", str(BUILD), "--prefix", str(place)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture(scope="module")
def c_subscriber(prefix, tmp_path_factory):
    """subscriber.c, built as its first lines say, with nothing but the prefix."""
    place = tmp_path_factory.mktemp("outsider")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "muster"], capture_output=True, text=True, env=environment, check=True
    ).stdout.split()
    source = prefix / "share" / "muster" / "examples" / "subscriber.c"
    done = subprocess.run(
        ["cc", "-std=c17", "-Wall", str(source), *flags, "-o", str(place / "subscriber")],
        capture_output=True, text=True, timeout=120, cwd=place,
    )
    assert done.returncode == 0, done.stderr
    return place / "subscriber"


@pytest.fixture(scope="module")
def python_messages(prefix, tmp_path_factory):
    """What protoc makes of the installed .proto files."""
    place = tmp_path_factory.mktemp("messages")
    proto = prefix / "share" / "muster" / "proto"
    subprocess.run(
        ["protoc", f"--python_out={place}", f"-I{proto}", *map(str, sorted(proto.glob("*.proto")))],
        check=True, timeout=120,
    )
    return place


class Watcher:
    """A subscriber at work, and the lines it has printed."""

    def __init__(self, command, output, **options):
        self.output = pathlib.Path(output)
        self.process = subprocess.Popen(list(map(str, command)), stdout=self.output.open("w"), **options)

    def lines(self):
        return self.output.read_text().splitlines()

    def seqs(self):
        return [int(line.split()[0]) for line in self.lines()]

    def end(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def a_small_batch(muster):
    content, _ = people.batch(20, 30, seed=3, uncertain=0.0)
    batch = muster.create(content)
    muster.wait_state(batch, "Complete", "Await Discrepancy Verification")
    return batch


def test_the_c_subscriber_shows_each_batch_once_though_the_broker_is_killed(muster, c_subscriber, tmp_path):
    muster.prepare(people.directory(20))
    first = a_small_batch(muster)
    watcher = Watcher([c_subscriber, muster.data], tmp_path / "seen")
    try:
        wait_for(lambda: any(f"BatchCreated {first}" in line for line in watcher.lines()), "the past is shown")
        muster.kill("broker")
        muster.wait_ready()
        second = a_small_batch(muster)
        wait_for(lambda: any(f"BatchCreated {second}" in line for line in watcher.lines()), watcher.lines)
    finally:
        watcher.end()
    seqs = watcher.seqs()
    assert seqs == sorted(set(seqs)), "in order, each once"
    wanted = [head.seq for head, _ in muster.events() if head.type in ("BatchCreated", "BatchCompleted")]
    assert seqs == wanted[: len(seqs)] and len(seqs) >= 3
    completed = [line for line in watcher.lines() if "BatchCompleted" in line]
    assert all(re.search(r"received=\d+ created=\d+ updated=\d+$", line) for line in completed)


def test_the_python_subscriber_shows_every_event_once_though_it_missed_some(muster, python_messages, tmp_path):
    muster.prepare(people.directory(20))
    a_small_batch(muster)
    environment = {**os.environ, "PYTHONPATH": str(python_messages)}
    script = ROOT / "clients" / "examples" / "subscriber.py"
    watcher = Watcher([sys.executable, script, muster.data], tmp_path / "seen", env=environment)
    try:
        wait_for(lambda: len(watcher.lines()) > 3, "the past is filled in")
        watcher.process.send_signal(signal.SIGSTOP)  # what is published now may be lost on it
        a_small_batch(muster)
        watcher.process.send_signal(signal.SIGCONT)
        tail = len(list(muster.events()))
        wait_for(lambda: watcher.seqs()[-1:] and watcher.seqs()[-1] >= tail, watcher.lines)
    finally:
        watcher.end()
    seqs = watcher.seqs()
    assert seqs == list(range(1, len(seqs) + 1)), "dense, in order, each once"


def test_the_example_service_answers_from_what_it_followed(muster):
    muster.prepare(people.directory(20))
    batch = a_small_batch(muster)
    service = subprocess.Popen(
        [str(BIN / "example-service")], env=muster.environment, stderr=subprocess.DEVNULL
    )
    try:
        with muster.bus() as bus:
            def listed():
                answer = bus.call("tally", pb.ListBatches(), pb.BatchList)
                return answer.message if answer.message and answer.message.batches else None

            views = wait_for(listed, "the tally is ready").batches
        assert [view.template_name for view in views if view.template_name] == ["card"]
        assert muster.show(batch)["rows_total"] >= sum(view.rows_total for view in views if view.template_name)
    finally:
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=10) == 0, "an orderly end"
