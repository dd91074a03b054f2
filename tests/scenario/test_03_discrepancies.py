"""Where the machine is unsure it asks, and what a person answers is done: A22, A24-A28, and decisions that come late."""

import pytest

import people
from bus import id_of, pb
from support import check_accounting, state_of

ANNA = {**people.person(1), "given_name": "Anna", "family_name": "Lindqvist", "email": "anna@example.org"}
BEN = {**people.person(2), "given_name": "Benedict", "family_name": "Okafor", "email": "ben@example.org"}


def rows_of(*persons):
    return [people.DIRECTORY_HEADER, *([f"p{at}", *(one[field] for field in people.FIELDS)] for at, one in enumerate(persons, 1))]


@pytest.fixture
def church(muster):
    return muster.prepare(rows_of(ANNA, BEN))


def unsure(one=ANNA, email="other@example.net"):
    return [one["given_name"], one["family_name"], "", "", email, "", "", "", "", "", ""]


def waiting(church, *rows):
    batch = church.create([people.CARD_HEADER, *rows])
    church.wait_state(batch, "Await Discrepancy Verification")
    return batch


def test_a22_equal_name_and_different_email_is_asked_certain_match_and_certain_stranger_are_not(church):
    batch = waiting(church, unsure(), people.card(BEN), people.card(people.person(500)))
    decisions = {row: one["decision"] for row, one in church.results(batch).items()}
    assert decisions == {1: "discrepancy", 2: "matched", 3: "new"}
    assert list(church.questions(batch)) == [1]


def test_a22_two_rows_of_one_file_about_one_new_person_make_one_record(church):
    new = people.person(700)
    batch = church.create([people.CARD_HEADER, people.card(new), people.card(new)])
    view = church.wait_state(batch)
    if state_of(view) != "Complete":
        for row in church.questions(batch):
            church.resolve(batch, row, "--select", "row:1")
    view = church.complete(batch)
    assert view["created"] == 1, view
    results = church.results(batch)
    assert results[1]["record_id"] == results[2]["record_id"]


def test_a24_a_discrepancy_shows_its_reason_the_new_data_and_the_candidates(church):
    batch = waiting(church, unsure(email="anna.new@example.net"))
    question = church.documents("batch", "discrepancies", batch)[0]
    shown = str(question)
    for words in ("anna.new@example.net", "Lindqvist", "p1"):
        assert words in shown, question
    assert question["question"]["reason"] and question["question"]["sentence"], question
    assert question["question"]["candidates"][0]["evidence"], question
    text = church.cli("batch", "discrepancies", batch)
    assert "anna.new@example.net" in text and "p1" in text, text


def test_a25_select_updates_the_chosen_person_with_the_new_data(church):
    batch = waiting(church, unsure(email="anna.new@example.net"))
    church.resolve(batch, 1, "--select", "p1")
    view = church.complete(batch)
    assert (view["updated"], view["created"]) == (1, 0), view
    anna = church.person("p1")
    assert (anna["email"], anna["birth_date"], anna["version"]) == ("anna.new@example.net", ANNA["birth_date"], 2)
    assert len(church.people()) == 2


def test_a25_select_of_a_record_that_is_not_there_is_refused(church):
    batch = waiting(church, unsure())
    church.refused("batch", "resolve", batch, "--entry", 1, "--select", "p999", "--yes", saying="p999")
    assert church.show(batch)["discrepancies_open"] == 1


def test_a26_new_person_makes_a_new_person(church):
    batch = waiting(church, unsure(email="second.anna@example.net"))
    church.resolve(batch, 1, "--new")
    assert church.complete(batch)["created"] == 1
    record = church.results(batch)[1]["record_id"]
    assert record not in ("p1", "p2")
    assert church.person(record)["email"] == "second.anna@example.net"
    assert church.person("p1")["email"] == ANNA["email"]


def test_a26_skip_writes_nothing_and_is_accounted_for(church):
    before = church.people()
    batch = waiting(church, unsure())
    church.resolve(batch, 1, "--skip")
    assert check_accounting(church.complete(batch))["skipped"] == 1
    assert church.people() == before


def test_a27_without_a_confirmation_nothing_is_recorded(church):
    batch = waiting(church, unsure())
    result = church.run("batch", "resolve", batch, "--entry", 1, "--new", stdin="n\n")
    assert church.show(batch)["discrepancies_open"] == 1, result
    assert not [1 for envelope, _ in church.events() if envelope.type == "DiscrepancyResolved"]


def test_a27_a_confirmed_choice_is_recorded_with_who_decided(church):
    batch = waiting(church, unsure())
    church.resolve(batch, 1, "--new")
    church.complete(batch)
    decided = [
        pb.DiscrepancyResolved.FromString(body) for envelope, body in church.events() if envelope.type == "DiscrepancyResolved"
    ]
    assert len(decided) == 1 and decided[0].operator and decided[0].choice == pb.CHOICE_NEW


def test_a28_the_batch_waits_until_the_last_discrepancy_is_resolved(church):
    batch = waiting(church, unsure(ANNA), unsure(BEN, "ben2@example.net"))
    church.resolve(batch, 1, "--new")
    assert (church.state(batch), church.show(batch)["discrepancies_open"]) == ("Await Discrepancy Verification", 1)
    church.resolve(batch, 2, "--select", "p2")
    assert check_accounting(church.complete(batch)) == {"created": 1, "updated": 1, "unchanged": 0, "skipped": 0, "rejected": 0}


def decide(bus, batch, version, choice, command, row=1, record=""):
    return bus.call(
        "discrepancy",
        pb.ResolveDiscrepancy(batch_id=batch, row=row, base_version=version, choice=choice, record_id=record),
        pb.DiscrepancyView, key=batch, command_id=id_of(command),
    )


def test_a_decision_sent_twice_is_made_once_and_answered_the_same(church):
    batch = waiting(church, unsure(), unsure(BEN, "b@example.net"))
    with church.bus() as bus:
        first = decide(bus, batch, 1, pb.CHOICE_NEW, "once")
        again = decide(bus, batch, 1, pb.CHOICE_NEW, "once")
        assert first.status == pb.ANSWER_OK, first
        assert again.status in (pb.ANSWER_OK, pb.ANSWER_REPEATED) and again.message == first.message, again
        other = decide(bus, batch, 1, pb.CHOICE_SKIP, "once")
        assert other.status not in (pb.ANSWER_OK, pb.ANSWER_REPEATED), f"same id, another body: {other}"
        resolved = [envelope for envelope, _ in bus.read() if envelope.type == "DiscrepancyResolved"]
    assert len(resolved) == 1


def test_a_decision_on_an_old_version_is_refused_with_the_present_state(church):
    batch = waiting(church, unsure(), unsure(BEN, "b@example.net"))
    with church.bus(operator="maria") as bus:
        assert decide(bus, batch, 1, pb.CHOICE_NEW, "first").status == pb.ANSWER_OK
    with church.bus(operator="tom") as bus:
        late = decide(bus, batch, 1, pb.CHOICE_SKIP, "second")
        assert late.status == pb.ANSWER_STALE, late
        assert (late.message.choice, late.message.operator) == (pb.CHOICE_NEW, "maria"), late
        assert "maria" in late.text, late.text
        assert decide(bus, batch, 0, pb.CHOICE_SKIP, "third").status == pb.ANSWER_REFUSED, "no version, no decision"


def test_of_two_people_who_decide_at_once_one_wins(church):
    batch = waiting(church, unsure(), unsure(BEN, "b@example.net"))
    answers = []
    with church.bus(operator="maria") as one, church.bus(operator="tom") as two:
        for bus, choice, command in ((one, pb.CHOICE_NEW, b"m" * 16), (two, pb.CHOICE_SKIP, b"t" * 16)):
            argument = pb.ResolveDiscrepancy(batch_id=batch, row=1, base_version=1, choice=choice)
            bus.send(
                pb.BusRequest(
                    request_id=7, call=pb.Call(service="discrepancy", key=batch, method="ResolveDiscrepancy", command_id=command)
                ),
                [argument.SerializeToString()],
            )
        for bus in (one, two):
            while 7 not in bus.pending:
                assert bus.pump(10.0), "an answer comes"
            answers.append(bus.pending[7][0].call_result.status)
    assert sorted(answers) == sorted([pb.ANSWER_OK, pb.ANSWER_STALE]), answers


def test_a_decision_after_completion_is_refused_with_the_state(church):
    batch = waiting(church, unsure())
    church.resolve(batch, 1, "--new")
    church.complete(batch)
    before = church.people()
    with church.bus() as bus:
        late = decide(bus, batch, 2, pb.CHOICE_SKIP, "late")
    assert late.status in (pb.ANSWER_REFUSED, pb.ANSWER_STALE), late
    assert church.people() == before


def test_a_cancelled_batch_goes_no_further(church):
    before = church.people()
    batch = waiting(church, unsure())
    church.cli("batch", "cancel", batch)
    assert church.show(batch)["outcome"] == "cancelled"
    church.refused("batch", "resolve", batch, "--entry", 1, "--new", "--yes", saying="cancel")
    assert church.people() == before


def test_a_person_who_changed_while_somebody_was_thinking_is_asked_about_again(church):
    batch = waiting(church, unsure(ANNA, "anna.new@example.net"))
    other = church.create([people.CARD_HEADER, people.card(ANNA, phone="+12065550199")], name="other.csv")
    church.complete(other)
    church.resolve(batch, 1, "--select", "p1")
    view = church.wait_state(batch)
    if state_of(view) == "Await Discrepancy Verification":
        church.resolve(batch, 1, "--select", "p1")
        church.complete(batch)
    anna = church.person("p1")
    assert anna["email"] == "anna.new@example.net"
    assert anna["phone"].endswith("5550199"), "what the other batch wrote is still there"
    assert len(church.people()) == 2


def test_a_twin_row_in_two_batches_at_once_makes_one_person(church):
    new = people.person(800)
    rows = [people.CARD_HEADER, people.card(new), unsure(ANNA)]
    first = waiting(church, *rows[1:])
    second = church.create([people.CARD_HEADER, people.card(new)], name="second.csv")
    church.complete(second)
    church.resolve(first, 2, "--skip")
    view = church.wait_state(first)
    if state_of(view) == "Await Discrepancy Verification":
        record = church.results(second)[1]["record_id"]
        for row in church.questions(first):
            church.resolve(first, row, *(("--select", record) if row == 1 else ("--skip",)))
        church.complete(first)
    same = [one for one in church.people().values() if one["email"] == new["email"]]
    assert len(same) == 1, same
