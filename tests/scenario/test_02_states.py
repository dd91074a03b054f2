"""The six states and who moves a batch through them: A14-A20."""

import signal
import time

import people
from bus import pb
from support import STATES, state_of, wait_for

KNOWN = people.card(people.person(1))
UNSURE = people.unsure_card(people.person(2), 1)
NEW = people.card(people.person(900))


def states_of(muster, batch):
    """The states that the log itself made a batch go through, by the events that stand for them."""
    step = {
        "BatchCreated": STATES[0], "FileReceived": STATES[1], "EntriesAccepted": STATES[2],
        "DiscrepanciesOpened": STATES[3], "ExportQueued": STATES[4], "BatchCompleted": STATES[5],
    }
    seen = []
    for envelope, _ in muster.events():
        state = step.get(envelope.type)
        if envelope.batch_id == batch and state and seen[-1:] != [state]:
            seen.append(state)
    return seen


def test_a16_a_batch_with_uncertain_rows_goes_through_the_six_states_in_order(muster):
    muster.prepare(people.directory(3))
    batch = muster.create([people.CARD_HEADER, KNOWN, UNSURE, NEW])
    assert state_of(muster.wait_state(batch)) == "Await Discrepancy Verification"
    muster.resolve(batch, 2, "--new")
    muster.complete(batch)
    assert states_of(muster, batch) == list(STATES)


def test_a16_the_state_shown_is_always_one_of_six_and_never_goes_back(muster):
    muster.prepare(people.directory(3))
    content, _ = people.batch(3, 3000, seed=5, uncertain=0.0)
    running = muster.background("batch", "create", muster.file("many.csv", content), "--template", "card", "--wait")
    seen = []

    def done():
        for view in muster.documents("batch", "list"):
            state = state_of(view)
            if seen[-1:] != [state]:
                seen.append(state)
        return running.poll() is not None

    wait_for(done, "batch create --wait ends", 60)
    assert running.returncode == 0, running.communicate()
    assert [STATES.index(state) for state in seen] == sorted(STATES.index(state) for state in seen), seen


def test_a17_a_batch_without_its_file_waits_for_ever(muster):
    muster.prepare(people.directory(1))
    with muster.bus() as bus:
        view = bus.call(
            "ingestion", pb.CreateBatch(name="no file yet", template_name="card"), pb.BatchView, command_id=b"a17" + bytes(13)
        ).message
    others = muster.create([people.CARD_HEADER, NEW])
    muster.complete(others)
    assert muster.state(view.batch_id) == "Ready For File Upload"


def test_a17_a_batch_with_open_discrepancies_waits_until_somebody_decides(muster):
    muster.prepare(people.directory(3))
    batch = muster.create([people.CARD_HEADER, UNSURE])
    muster.wait_state(batch, "Await Discrepancy Verification")
    muster.complete(muster.create([people.CARD_HEADER, NEW], name="other.csv"))
    muster.down()
    muster.up()
    assert muster.state(batch) == "Await Discrepancy Verification"
    muster.resolve(batch, 1, "--skip")
    muster.complete(batch)


def test_a18_a19_without_discrepancies_a_batch_completes_with_nobody_acting(muster):
    muster.prepare(people.directory(3))
    batch = muster.create([people.CARD_HEADER, KNOWN, NEW])
    view = muster.complete(batch)
    assert (view["created"], view["discrepancies"]) == (1, 0)
    assert "Await Discrepancy Verification" not in states_of(muster, batch)
    assert states_of(muster, batch)[-2:] == ["Exporting Data", "Complete"]


def test_a14_the_upload_reports_progress_and_the_batch_does_not_depend_on_it(muster):
    muster.prepare(people.directory(1))
    content, _ = people.batch(1, 5000, seed=2, uncertain=0.0)
    result = muster.run("batch", "create", muster.file("many.csv", content), "--template", "card", "--wait")
    assert result.code == 0, result
    batch = muster.documents("batch", "list")[0]["batch_id"]
    assert batch in result.out, result
    view = muster.complete(batch)
    assert (view["rows_read"], view["rows_exported"]) == (5000, 5000)


def test_a15_processing_goes_on_after_the_operator_left(muster):
    """A15: the client is killed in the middle, the outcome is the same."""
    muster.prepare(people.directory(1))
    content, _ = people.batch(1, 20000, seed=3, uncertain=0.0)
    client = muster.background("batch", "create", muster.file("many.csv", content), "--template", "card", "--wait")
    wait_for(
        lambda: any(envelope.type == "FileReceived" and envelope.batch_id != "B1" for envelope, _ in muster.events()),
        "the file to be received",
    )
    client.send_signal(signal.SIGKILL)
    client.wait()
    batch = muster.documents("batch", "list")[0]["batch_id"]
    assert muster.complete(batch)["rows_total"] == 20000


def test_a20_every_look_shows_the_state_as_it_is_now(muster):
    muster.prepare(people.directory(3))
    batch = muster.create([people.CARD_HEADER, UNSURE])
    muster.wait_state(batch, "Await Discrepancy Verification")
    assert muster.show(batch)["discrepancies_open"] == 1
    muster.resolve(batch, 1, "--new")
    wait_for(lambda: muster.show(batch)["discrepancies_open"] == 0, "the answer to be seen")
    muster.complete(batch)


def test_a20_batch_wait_returns_when_the_batch_needs_a_person_or_is_done(muster):
    muster.prepare(people.directory(3))
    batch = muster.create([people.CARD_HEADER, UNSURE])
    muster.run("batch", "wait", batch, timeout_s=30)
    assert muster.state(batch) == "Await Discrepancy Verification"
    waiting = muster.background("batch", "wait", batch)
    muster.resolve(batch, 1, "--new")
    began = time.monotonic()
    waiting.communicate(timeout=30)
    muster.complete(batch)
    assert time.monotonic() - began < 30
