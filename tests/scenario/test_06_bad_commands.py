"""Commands that cannot be carried out say what, where and what to do, with the exit code for it (design section 9)."""

import json

import pytest

import people
from bus import Bus, Fault, pb
from support import wait_for


@pytest.fixture(scope="module")
def church(shared):
    return shared.prepare(people.directory(2))


@pytest.mark.parametrize(
    "command",
    [
        ("batch", "show", "B999"),
        ("batch", "results", "B999"),
        ("batch", "errors", "B999"),
        ("batch", "discrepancies", "B999"),
        ("batch", "log", "B999"),
        ("batch", "cancel", "B999"),
        ("batch", "resolve", "B999", "--entry", "1", "--new", "--yes"),
        ("batch", "fix", "B999", "--without-bad-rows"),
        ("batch", "wait", "B999"),
    ],
)
def test_a_batch_that_is_not_there_is_named(church, command):
    church.refused(*command, saying="B999")


def test_an_entry_that_is_not_there_is_named(church):
    batch = church.create([people.CARD_HEADER, people.unsure_card(people.person(1), 1)])
    church.wait_state(batch, "Await Discrepancy Verification")
    church.refused("batch", "resolve", batch, "--entry", "77", "--new", "--yes", saying="77")
    church.cli("batch", "cancel", batch)


@pytest.mark.parametrize(
    "command, word",
    [
        (("template", "show", "no-such-template"), "no-such-template"),
        (("directory", "history", "p1", "--kind", "unicorn"), "unicorn"),
        (("directory", "export", "--kind", "unicorn"), "unicorn"),
        (("directory", "history", "p999", "--kind", "person"), "p999"),
        (("parked", "release", "parsing", "99999"), "parked"),
    ],
)
def test_an_unknown_name_is_repeated_in_the_message(church, command, word):
    result = church.run(*command)
    assert result.code in (1, 2) and word in result.said, result


def test_a_template_that_is_not_there_lists_those_that_are(church):
    file = church.file("cards.csv", [people.CARD_HEADER, people.card(people.person(5))])
    church.refused("batch", "create", file, "--template", "cart", saying=("cart", "card"))


@pytest.mark.parametrize("arguments", [("fly",), ("batch",), ("batch", "fly"), ("batch", "show"), ("batch", "list", "--colour")])
def test_wrong_usage_ends_with_2_and_says_how_it_is_used(church, arguments):
    result = church.run(*arguments)
    assert result.code == 2, result
    assert "usage" in result.said.lower() or "help" in result.said.lower() or "did you mean" in result.said.lower(), result


def test_a_failure_is_a_document_too(church):
    result = church.run("batch", "show", "B999", "--json")
    assert result.code == 1, result
    error = json.loads((result.out or result.err).strip().splitlines()[-1])["error"]
    assert "B999" in error["message"] and error["exit_code"] == 1, error


@pytest.mark.parametrize(
    "source, word",
    [
        ("{", "line"),
        ('{"name": "t", "fields": [], "muster": {"kind": "person"}}', "field"),
        ('{"name": "t", "fields": [{"name": "a", "type": "colour"}], "muster": {"kind": "person"}}', "colour"),
        ('{"name": "t", "fields": [{"name": "a"}, {"name": "a"}], "muster": {"kind": "person"}}', "a"),
        ('{"name": "t", "fields": [{"name": "given_name"}], "muster": {"kind": "unicorn"}}', "unicorn"),
        ('{"name": "t", "fields": [{"name": "a", "muster": {"target": "wings"}}], "muster": {"kind": "person"}}', "wings"),
        ('{"name": "t", "name": "u", "fields": [{"name": "a"}]}', "name"),
    ],
)
def test_a_template_with_a_mistake_is_refused_with_the_place(church, source, word):
    church.refused("template", "add", church.file("bad.template.json", source), saying=word)
    assert "t" not in [one["name"] for one in church.documents("template", "list")]


def test_a_command_while_the_system_is_down_ends_with_3_and_says_how_to_start_it(idle):
    for command in (("status",), ("batch", "list"), ("batch", "show", "B1"), ("directory", "find", "Anna")):
        result = idle.run(*command, timeout_s=30)
        assert result.code == 3, result
        assert "muster up" in result.said, result


def test_a_command_while_a_service_is_down_waits_for_it_or_says_which(church):
    church.kill("ingestion")
    result = church.run("batch", "list", timeout_s=30)
    assert result.code == 0 or "ingestion" in result.said, result
    church.wait_ready()
    church.cli("batch", "list")


def test_up_twice_on_one_data_directory_is_refused_or_harmless(church):
    before = church.pid_of("broker")
    church.run("up", "--detach", timeout_s=30)
    assert church.pid_of("broker") == before
    church.cli("status")


def test_a_second_broker_on_the_same_data_directory_refuses_to_start(church):
    import subprocess

    from support import BIN, PATIENCE

    done = subprocess.run(
        [BIN / "muster-broker", "--data", church.data], capture_output=True, text=True, timeout=20 * PATIENCE
    )
    assert done.returncode != 0 and len(done.stderr) > 20, done
    church.cli("status")


def test_what_is_no_message_is_answered_with_a_fault_and_the_broker_goes_on(church):
    with church.bus() as bus:
        bus.socket.send_multipart([b"\xff" * 40])
        bus.socket.send_multipart([b""])
        bus.socket.send_multipart([pb.BusRequest(ping=pb.Ping()).SerializeToString()] + [b"x"] * 300)
        bus.socket.send_multipart([bytes(70_000)])
    with church.bus() as bus:
        for call in (
            pb.Call(service="ingestion", method="NoSuchMethod"), pb.Call(service="nobody", method="ShowBatch"),
            pb.Call(service="ingestion", method="Envelope"),
        ):
            reply, _ = bus.ask(call=call, bodies=[b""])
            assert reply.call_result.status not in (pb.ANSWER_OK, pb.ANSWER_UNKNOWN), reply
        reply, _ = bus.ask(call=pb.Call(service="ingestion", method="ShowBatch", key="B1"), bodies=[b"\x0a\x80\x80\x80\x80\x08"])
        assert reply.call_result.status == pb.ANSWER_REFUSED, reply
        text = pb.ShowBatch(batch_id="B1").SerializeToString().replace(b"B1", b"\xff\xfe")
        reply, _ = bus.ask(call=pb.Call(service="ingestion", method="ShowBatch", key="B1"), bodies=[text])
        assert reply.call_result.status == pb.ANSWER_REFUSED, reply
    church.cli("batch", "list")


def test_nobody_is_served_before_hello(church):
    import zmq

    with church.bus() as bus:
        bus.socket.close(linger=0)
        bus.socket = bus.context.socket(zmq.DEALER)
        bus.socket.connect(bus.endpoint)
        with pytest.raises(Fault) as refused:
            bus._once(pb.BusRequest(get_status=pb.GetStatus()), [], 5.0)
        assert refused.value.code == pb.FAULT_NO_SESSION


def test_a_client_may_not_write_the_events_of_a_service(church):
    with church.bus(observer=False, producer="intruder/1") as bus:
        commit = pb.Commit(commit_id=b"i" * 16, fingerprint=b"f" * 16)
        commit.events.add(type="BatchCancelled", stream="ingestion/B1", batch_id="B1")
        try:
            result = bus.commit(commit, [pb.BatchCancelled(batch_id="B1").SerializeToString()])
            assert result.status == pb.COMMIT_DENIED, result
        except Fault as fault:
            assert fault.code == pb.FAULT_DENIED
    assert church.show("B1")["outcome"] != "cancelled"
