"""What others build on: the examples, the installed library with pkg-config, and the quickstart."""

import os
import pathlib
import subprocess
import tempfile

import pytest

import people
from support import BIN, BUILD, PATIENCE, ROOT, Instance, wait_for

PYTHON = "/usr/bin/python3"


class Follower:
    """An example that runs and prints."""

    def __init__(self, instance, *command, environment=None):
        self.out = (instance.files / f"out{id(self)}").open("w+")
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.out,
            env={**instance.environment, **(environment or {})}, cwd=instance.files,
        )

    def said(self):
        return pathlib.Path(self.out.name).read_text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.out.close()


@pytest.fixture
def church(muster):
    muster.prepare(people.directory(2))
    muster.complete(muster.create([people.CARD_HEADER, people.card(people.person(50))]))
    return muster


def another_batch(church):
    church.complete(church.create([people.CARD_HEADER, people.card(people.person(51))], name="more.csv"))
    return church.documents("batch", "list")[0]["batch_id"]


def test_the_subscriber_in_c_shows_past_and_new_batches_also_across_a_restart_of_the_broker(church):
    with Follower(church, BIN / "example-subscriber", church.data, "1") as follower:
        wait_for(lambda: follower.said().count("B2") >= 2, follower.said)
        church.kill("broker")
        church.wait_ready()
        batch = another_batch(church)
        wait_for(lambda: follower.said().count(batch) >= 2, follower.said)
        assert follower.said().count(batch) == 2, "created once, completed once"


def test_the_subscriber_in_python_shows_every_event_once_in_order(church):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["protoc", f"--python_out={folder}", f"-I{ROOT / 'proto'}", *map(str, sorted((ROOT / "proto").glob("*.proto")))], check=True
        )
        with Follower(
            church, PYTHON, ROOT / "clients/examples/subscriber.py", church.data, "1", environment={"PYTHONPATH": folder}
        ) as follower:
            wait_for(lambda: "BatchCompleted" in follower.said(), follower.said)
            church.kill("broker")
            church.wait_ready()
            another_batch(church)
            last = len(church.events())

            def seen():
                return [int(line.split()[0]) for line in follower.said().splitlines() if line.split()[0].isdigit()]

            wait_for(lambda: seen()[-1:] == [last], follower.said)
            assert seen() == list(range(1, last + 1))


def test_the_service_in_one_screen_follows_the_log_and_answers(church):
    from bus import pb

    with Follower(church, BIN / "example-service", "--data", church.data) as follower:
        def reported():
            with church.bus() as bus:
                return [one for one in bus.status().reports if one.service not in ("", "ingestion", "parsing", "matching", "discrepancy", "export") and one.state == "ready"]

        name = wait_for(reported, follower.said)[0].service
        with church.bus() as bus:
            answer = bus.call(name, pb.ListBatches(), pb.BatchList)
        assert answer.status == pb.ANSWER_OK and len(answer.message.batches) >= 1, answer


def test_an_outsider_builds_against_the_installed_library_with_pkg_config(church):
    with tempfile.TemporaryDirectory(prefix="mp") as folder:
        subprocess.run(["cmake", "--install", BUILD, "--prefix", folder], check=True, capture_output=True)
        environment = {**os.environ, "PKG_CONFIG_PATH": f"{folder}/lib/pkgconfig"}
        flags = subprocess.run(
            ["pkg-config", "--define-prefix", "--cflags", "--libs", "muster"], check=True, capture_output=True, text=True, env=environment
        ).stdout.split()
        program = f"{folder}/subscriber"
        source = f"{folder}/share/muster/examples/subscriber.c"
        done = subprocess.run(["gcc", "-Wall", "-Werror", source, *flags, "-o", program], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        with Follower(church, program, church.data, "1") as follower:
            wait_for(lambda: "B2" in follower.said(), follower.said)


def test_the_quickstart_leads_from_a_clone_to_people_in_the_directory():
    if BUILD != ROOT / "build" / "release":
        pytest.skip("the quickstart uses build/release")
    instance = Instance()
    try:
        for _ in range(2):  # doing it again is harmless
            done = subprocess.run(
                [ROOT / "deploy" / "quickstart"], capture_output=True, text=True, env=instance.environment, timeout=600 * PATIENCE
            )
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert "Done in" in done.stdout
        assert len(instance.people()) > 10
        instance.down()
    finally:
        instance.destroy()


def test_the_systemd_units_are_sound():
    units = sorted((ROOT / "deploy" / "systemd").glob("*.service")) + sorted((ROOT / "deploy" / "systemd").glob("*.target"))
    assert units
    for unit in units:
        text = unit.read_text()
        if unit.suffix == ".service":
            for hardening in ("NoNewPrivileges", "ProtectSystem", "PrivateTmp", "MemoryMax", "LimitNOFILE"):
                assert hardening in text, f"{unit.name} lacks {hardening} (S41)"
