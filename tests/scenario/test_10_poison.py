"""An input that kills whoever takes it is parked after five grants, visibly; its neighbours go on; it can be released."""

import contextlib
import os
import signal

import pytest

import people
from bus import Bus, id_of, pb
from support import wait_for

GROUP = "test"
TYPES = ["BatchCreated"]


def batches(muster, count):
    """Creates batches without files, each one event for the test's own group; their ids."""
    names = []
    with muster.bus() as bus:
        for at in range(count):
            view = bus.call(
                "ingestion", pb.CreateBatch(name=f"n{at}", template_name="card"), pb.BatchView, command_id=id_of("n", str(at))
            )
            assert view.status == pb.ANSWER_OK, view
            names.append(view.message.batch_id)
    return names


def member(muster, number=1):
    """A member of the group; a newer one of the same number fences the older at once, as a restarted process does."""
    bus = Bus(muster.data, producer=f"tester/{number}", observer=False)
    bus.join(GROUP, TYPES)
    return bus


def finish(bus, delivery):
    commit = pb.Commit(commit_id=id_of(GROUP, str(delivery.envelope.seq), "0"), fingerprint=bytes(16))
    commit.acks.add(group=GROUP, seq=delivery.envelope.seq, grant=delivery.grant, part=0, last=True)
    return bus.commit(commit)


def work_off(muster, poison, limit=60):
    """Members take inputs; one that gets the poisoned batch dies on it. Grants of the poison, batches done."""
    grants, done = [], []
    bus = member(muster)
    for _ in range(limit):
        got = bus.next("delivery", timeout_s=5.0)
        if got is None:
            break
        delivery, _ = got
        if delivery.envelope.batch_id == poison:
            grants.append(delivery.grants)
            bus.close()  # dies without a word
            bus = member(muster)
            continue
        assert finish(bus, delivery).status == pb.COMMIT_OK
        done.append(delivery.envelope.batch_id)
    bus.close()
    return grants, done


def test_a_poisoned_input_is_parked_after_five_grants_and_released_by_command(muster):
    muster.prepare()
    names = batches(muster, 6)
    poison = names[2]
    grants, done = work_off(muster, poison)
    assert grants == [1, 2, 3, 4, 5], grants
    assert set(done) == set(names) - {poison}, "its neighbours went on"
    parked = wait_for(muster.parked, "the parked input to be listed")
    assert [(one["batch_id"], one["group"], one["grants"]) for one in parked] == [(poison, GROUP, 5)], parked
    assert parked[0]["reason"], parked
    shown = muster.cli("parked", "list")
    assert poison in shown and "release" in shown, "it says how to release it"
    muster.down()
    muster.up()
    assert poison in muster.cli("parked", "list"), "it is still parked after a restart"
    muster.cli("parked", "release", parked[0]["group"], parked[0]["seq"])
    bus = member(muster)
    delivery, _ = bus.next("delivery", timeout_s=10.0)
    assert delivery.envelope.batch_id == poison
    assert finish(bus, delivery).status == pb.COMMIT_OK
    bus.close()
    assert poison not in muster.cli("parked", "list")


def test_an_input_is_answered_once_however_often_it_is_tried(muster):
    muster.prepare()
    batches(muster, 1)
    first, second = member(muster), None
    delivery, _ = first.next("delivery", timeout_s=10.0)
    assert finish(first, delivery).status == pb.COMMIT_OK
    again = finish(first, delivery)
    assert again.status == pb.COMMIT_REPEATED, again
    second = member(muster, 2)
    commit = pb.Commit(commit_id=b"another commit!!", fingerprint=bytes(16))
    commit.acks.add(group=GROUP, seq=delivery.envelope.seq, grant=delivery.grant, part=0, last=True)
    other = second.commit(commit)
    assert other.status == pb.COMMIT_NOT_GRANTED, other
    first.close()
    second.close()


def test_a_worker_that_hangs_past_its_lease_loses_its_input_and_its_late_answer_is_refused(muster):
    muster.prepare()
    batches(muster, 1)
    slow = member(muster)
    delivery, _ = slow.next("delivery", timeout_s=10.0)
    fast = member(muster, 2)  # `slow` is silent from now on: it is not pumped
    taken = fast.next("delivery", timeout_s=slow.welcome.lease_ms / 1000 * 3 + 10)
    assert taken is not None, "the input goes to another"
    assert taken[0].envelope.seq == delivery.envelope.seq and taken[0].grant > delivery.grant
    late = pb.Commit(commit_id=b"late commit.....", fingerprint=bytes(16))
    late.acks.add(group=GROUP, seq=delivery.envelope.seq, grant=delivery.grant, part=0, last=True)
    try:
        assert slow.commit(late).status in (pb.COMMIT_NOT_GRANTED, pb.COMMIT_FENCED)
    except Exception as error:  # the session itself may be gone: as good
        assert "SESSION" in str(error) or "DENIED" in str(error), error
    assert finish(fast, taken[0]).status == pb.COMMIT_OK
    slow.close()
    fast.close()


def test_orderly_leaving_does_not_count_as_an_attempt(muster):
    muster.prepare()
    batches(muster, 1)
    for _ in range(7):
        bus = member(muster)
        delivery, _ = bus.next("delivery", timeout_s=10.0)
        bus.send(pb.BusRequest(leave=pb.Leave(group=GROUP)))
        bus.status()
        bus.close()
    assert delivery.grants <= 2, delivery
    assert not muster.parked()


def test_a_file_that_kills_parsing_each_time_is_parked_and_the_next_one_is_read(muster):
    """The real thing: parsing is killed whenever it was given one batch's file."""
    muster.prepare(people.directory(1))
    content, _ = people.batch(1, 120_000, seed=8, uncertain=0.0)
    path, killed = muster.file("poison.csv", content), set()
    client = muster.background("batch", "create", path, "--template", "card", "--dry-run")
    with muster.bus() as bus:

        def parked():
            status = bus.status()
            group = next(one for one in status.groups if one.group == "parsing")
            for report in status.reports:
                if group.granted and report.service == "parsing" and report.pid not in killed:
                    killed.add(report.pid)
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(report.pid, signal.SIGKILL)
            return group.parked

        wait_for(parked, lambda: f"it is parked; {len(killed)} processes were killed", 60)
    assert len(killed) >= 5, f"parked after {len(killed)} deaths"  # more where one died before it was given the file
    client.communicate(timeout=30)
    parked = muster.parked()
    poison = parked[0]["batch_id"]
    assert [(one["group"], one["type"], one["grants"]) for one in parked] == [("parsing", "FileReceived", 5)], parked
    good = muster.create([people.CARD_HEADER, people.card(people.person(2))], name="good.csv")
    muster.complete(good)
    assert muster.state(poison) == "Auto Reading Entries"
    muster.refused("batch", "wait", poison, saying=("parked", "release"))
    muster.cli("parked", "release", "parsing", parked[0]["seq"])
    assert muster.complete(poison)["rows_total"] == 120_000


def test_a_commit_that_expects_a_stream_elsewhere_is_refused_and_told_where_it_stands(muster):
    with muster.bus(producer="tester/1", observer=False) as bus:

        def append(name, version):
            commit = pb.Commit(commit_id=id_of(name), fingerprint=bytes(16))
            commit.expectations.add(stream="tester/x", version=version)
            commit.events.add(type="BatchCancelled", stream="tester/x", batch_id="B1")
            return bus.commit(commit, [pb.BatchCancelled(batch_id="B1").SerializeToString()])

        assert append("first", 0).status == pb.COMMIT_OK
        late = append("second", 0)
        assert (late.status, late.stale_stream, late.stale_version) == (pb.COMMIT_STALE, "tester/x", 1), late
        assert append("third", 1).status == pb.COMMIT_OK
        again = append("first", 0)
        assert (again.status, again.first_seq) == (pb.COMMIT_REPEATED, 1), "its answer, whatever came after"
        assert len(list(bus.read("tester/x"))) == 2
