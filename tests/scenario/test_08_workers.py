"""Parsing and matching run in any number, here or on another host over tcp with CURVE; the result does not depend on it."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

import people
from support import BIN, PATIENCE, Instance, state_of, wait_for

LOCAL = ("ingestion", "discrepancy", "export")


def free_port(address="127.0.0.1"):
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


class Worker:
    """A service started by hand, with a data directory of its own, as on another host."""

    def __init__(self, instance, name, number, endpoint, key, inside=()):
        self.name = f"{name}/{number}"
        self.data = instance.files / f"w{name}{number}"
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.log = (instance.files / f"{name}{number}.log").open("a+")
        server_key = instance.data / "broker" / "keys" / "server.pub"
        command = [BIN / f"muster-{name}", "--data", self.data, "--instance", str(number), "--endpoint", endpoint,
                   "--server-key", server_key, "--key", key]
        # Started again when it ends, as systemd does.
        forever = ["sh", "-c", 'while :; do "$@"; sleep 0.1; done', "worker"]
        self.process = subprocess.Popen(
            [*inside, *forever, *map(str, command)], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            start_new_session=True,
        )

    def said(self):
        return pathlib.Path(self.log.name).read_text()

    def end(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()


@contextlib.contextmanager
def workers(*started):
    try:
        yield started
    finally:
        for one in started:
            one.end()


def reported(instance):
    """Instances that the broker hears of now."""
    with instance.bus() as bus:
        return {report.instance for report in bus.status().reports}


def key_for(instance, name, authorise=True):
    path = instance.files / f"{name.replace('/', '-')}.key"
    instance.cli("key", "new", name, "-o", path)
    if authorise:
        instance.cli("key", "authorise", f"{path}.pub", "--role", "service", "--name", name)
    return path


@pytest.fixture
def church():
    """An instance without workers of its own that listens on loopback."""
    instance = Instance()
    port = free_port()
    try:
        instance.cli("up", "--detach", "--no-builtins", "--parsing", "0", "--matching", "0", "--listen", f"127.0.0.1:{port}")
        instance.wait_ready(services=LOCAL)
        instance.endpoint = f"tcp://127.0.0.1:{port}"
        yield instance
        instance.down()
    finally:
        instance.destroy()


def journey(instance):
    """One batch with uncertain rows, from file to directory; what came out of it."""
    content, _ = people.batch(2000, 9000, seed=21)
    batch = instance.create(content)
    instance.wait_state(batch, "Await Discrepancy Verification", timeout_s=90)
    questions = instance.cli("batch", "discrepancies", batch, "--json")
    for row in instance.questions(batch):
        instance.resolve(batch, row, ("--new", "--skip")[row % 2])
    instance.complete(batch, timeout_s=90)
    return instance.cli("batch", "results", batch, "--format", "csv"), instance.cli("directory", "export", "--kind", "person"), questions


def test_results_are_identical_with_one_worker_and_with_three():
    outcomes = []
    for count in (1, 3):
        instance = Instance()
        try:
            instance.up("--parsing", count, "--matching", count)
            assert len([one for one in reported(instance) if one.startswith("matching/")]) == count
            instance.prepare(people.directory(2000))
            outcomes.append(journey(instance))
            if count == 3:
                producers = {envelope.producer for envelope, _ in instance.events() if envelope.type == "CandidatesFound"}
                assert len(producers) > 1, f"the work was shared: {producers}"
            instance.down()
        finally:
            instance.destroy()
    results, directory, _ = zip(*outcomes)
    assert results[0] == results[1]
    assert directory[0] == directory[1]


def test_a_worker_killed_among_three_costs_nothing_but_time():
    instance = Instance()
    try:
        instance.up("--matching", 3).prepare(people.directory(2000))
        content, _ = people.batch(2000, 20000, seed=22, uncertain=0.0)
        batch = instance.create(content)
        for number in (1, 2, 3):
            instance.kill(f"matching/{number}")
        instance.complete(batch, timeout_s=90)
        instance.down()
    finally:
        instance.destroy()


def test_authorised_workers_over_tcp_do_the_work(church):
    keys = [key_for(church, name) for name in ("parsing/7", "matching/7")]
    with workers(Worker(church, "parsing", 7, church.endpoint, keys[0]), Worker(church, "matching", 7, church.endpoint, keys[1])):
        wait_for(lambda: {"parsing/7", "matching/7"} <= reported(church), "both workers to report")
        church.prepare(people.directory(2000))
        journey(church)
        producers = {envelope.producer for envelope, _ in church.events() if envelope.type in ("EntriesRead", "EntriesMatched")}
        assert producers == {"parsing/7", "matching/7"}


def test_a_revoked_worker_stops_working_within_five_seconds(church):
    key = key_for(church, "parsing/7")
    with workers(Worker(church, "parsing", 7, church.endpoint, key)) as (worker,):
        wait_for(lambda: "parsing/7" in reported(church), "the worker to report")
        church.prepare(people.directory(3))
        content = [people.CARD_HEADER, people.card(people.person(50))]
        first = church.create(content)
        church.wait_state(first, "Checking For Discrepancies")
        church.cli("key", "revoke", "parsing/7")
        revoked = time.monotonic()
        wait_for(lambda: "parsing/7" not in reported(church), "the worker to be gone", 5)
        assert time.monotonic() - revoked < 5 * PATIENCE
        second = church.create(content, name="second.csv")
        settled = time.monotonic() + 2
        wait_for(lambda: time.monotonic() > settled, "a moment in which nothing may happen")
        assert church.state(second) == "Auto Reading Entries", "nobody reads it"
    other = key_for(church, "parsing/8")
    with workers(Worker(church, "parsing", 8, church.endpoint, other)):
        church.wait_state(second, "Checking For Discrepancies")


def test_a_worker_whose_key_nobody_authorised_is_refused(church):
    key = key_for(church, "parsing/9", authorise=False)
    with workers(Worker(church, "parsing", 9, church.endpoint, key)) as (worker,):
        wait_for(lambda: "authoris" in worker.said().lower(), worker.said, 20)
        assert "parsing/9" not in reported(church)


def test_a_service_key_is_good_for_its_own_service_only(church):
    key = key_for(church, "parsing/7")
    with workers(Worker(church, "matching", 7, church.endpoint, key)) as (worker,):
        wait_for(lambda: "another producer" in worker.said().lower(), worker.said, 20)
        assert "matching/7" not in reported(church)


def test_the_broker_refuses_to_listen_on_tcp_without_keys(idle):
    idle.data.mkdir(mode=0o700, parents=True)
    done = subprocess.run(
        [BIN / "muster-broker", "--data", idle.data, "--listen", f"tcp://127.0.0.1:{free_port()}"], capture_output=True, text=True,
        timeout=20 * PATIENCE,
    )
    assert done.returncode != 0 and "key" in done.stderr.lower(), done


def test_a_client_over_tcp_without_or_with_a_wrong_key_hears_nothing(church):
    import zmq

    from bus import Bus, Unavailable

    server = [line for line in (church.data / "broker/keys/server.pub").read_text().split() if len(line) == 40][-1]
    public, secret = (key.decode() for key in zmq.curve_keypair())
    with pytest.raises(Unavailable):
        Bus(endpoint=church.endpoint, timeout_s=1.5)
    with pytest.raises(Unavailable):
        Bus(endpoint=church.endpoint, curve=(server, public, secret), timeout_s=1.5)
    wrong, _ = zmq.curve_keypair()
    with pytest.raises(Unavailable):
        Bus(endpoint=church.endpoint, curve=(wrong.decode(), public, secret), timeout_s=1.5)


def ip(*arguments, check=True):
    return subprocess.run(["ip", *map(str, arguments)], check=check, capture_output=True, text=True)


@pytest.fixture
def other_host():
    """A network namespace joined to this one by a cable of two ends."""
    name = f"mu{os.getpid()}"
    here, there = f"{name}a"[-15:], f"{name}b"[-15:]
    if os.geteuid() != 0 or ip("netns", "add", name, check=False).returncode != 0:
        pytest.skip("no right to make network namespaces here")
    try:
        if ip("link", "add", here, "type", "veth", "peer", "name", there, check=False).returncode != 0:
            pytest.skip("no virtual cables here")
        ip("link", "set", there, "netns", name)
        ip("addr", "add", "10.213.77.1/30", "dev", here)
        ip("link", "set", here, "up")
        ip("-n", name, "addr", "add", "10.213.77.2/30", "dev", there)
        ip("-n", name, "link", "set", there, "up")
        yield name, here
    finally:
        ip("link", "del", here, check=False)
        ip("netns", "del", name, check=False)


def test_workers_on_another_host_do_the_work_also_when_the_cable_was_out_for_a_while(other_host):
    host, cable = other_host
    instance = Instance()
    port = free_port("10.213.77.1")
    try:
        instance.cli("up", "--detach", "--no-builtins", "--parsing", "0", "--matching", "0", "--listen", f"10.213.77.1:{port}")
        instance.wait_ready(services=LOCAL)
        inside = ("ip", "netns", "exec", host)
        endpoint = f"tcp://10.213.77.1:{port}"
        started = [
            Worker(instance, name, 1, endpoint, key_for(instance, f"{name}/1"), inside) for name in ("parsing", "matching")
        ]
        with workers(*started):
            wait_for(lambda: {"parsing/1", "matching/1"} <= reported(instance), "both workers to report")
            instance.prepare(people.directory(500))
            content, _ = people.batch(500, 30_000, seed=23, uncertain=0.0)
            batch = instance.create(content)
            ip("link", "set", cable, "down")
            out = time.monotonic() + 2
            wait_for(lambda: time.monotonic() > out, "the cable to be out for a while")
            ip("link", "set", cable, "up")
            instance.complete(batch, timeout_s=120)
        instance.down()
    finally:
        instance.destroy()
