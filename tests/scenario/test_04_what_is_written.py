"""What reaches the directory, and that every row is accounted for: A9, A10, A25, A29, update policies, dry runs."""

import pytest

import people
from support import check_accounting

ANNA = {**people.person(1), "campus": "North", "notes": "old note"}


@pytest.fixture
def church(muster):
    rows = people.directory(3)
    rows[1] = ["p1", *(ANNA[field] for field in people.FIELDS)]
    return muster.prepare(rows)


def put(church, *rows, options=()):
    batch = church.create([people.CARD_HEADER, *rows], *options)
    return batch, church.complete(batch)


def test_a9_with_the_option_created_and_updated_people_get_the_batch_date_as_membership_date(church):
    new = people.person(50)
    batch, view = put(
        church, people.card(ANNA, phone="+12065550111"), people.card(new),
        options=("--date", "2020-05-17", "--option", "membership-date"),
    )
    assert (view["updated"], view["created"]) == (1, 1), view
    for row, one in church.results(batch).items():
        assert church.person(one["record_id"])["membership_date"] == "2020-05-17", row


def test_a9_without_the_option_nobody_gets_a_membership_date(church):
    batch, _ = put(church, people.card(ANNA, phone="+12065550111"), people.card(people.person(50)), options=("--date", "2020-05-17"))
    for one in church.results(batch).values():
        assert not church.person(one["record_id"])["membership_date"]


def test_a10_with_update_campus_the_campus_of_matched_people_follows_the_file(church):
    put(church, people.card(ANNA, campus="South"), options=("--option", "update-campus"))
    assert church.person("p1")["campus"] == "South"


def test_a10_without_update_campus_it_is_left_as_it_was_and_new_people_have_theirs(church):
    new = people.person(50)
    batch, _ = put(church, people.card(ANNA, campus="South", phone="+12065550111"), people.card(new, campus="East"))
    assert church.person("p1")["campus"] == "North"
    assert church.person("p1")["phone"].endswith("5550111")
    assert church.person(church.results(batch)[2]["record_id"])["campus"] == "East"


def test_a_blank_cell_keeps_what_the_directory_has_and_fill_blanks_never_overwrites(church):
    put(church, people.card(ANNA, street="", city="", notes="a new note", phone="+12065550111"))
    anna = church.person("p1")
    assert (anna["street"], anna["city"], anna["notes"]) == (ANNA["street"], ANNA["city"], "old note")
    put(church, people.card(people.person(2), notes="first note"))
    assert church.person("p2")["notes"] == "first note"


def test_a29_every_row_of_a_mixed_file_has_one_outcome_and_the_sums_agree(church):
    content, truth = people.batch(3, 500, seed=9, uncertain=0.0)
    bad = people.card(people.person(9000), postcode="ABCDE")
    content.append(bad)
    batch = church.create(content)
    view = church.wait_state(batch)
    assert view["fix_errors"] and view["rows_wrong"] == 1, view
    church.cli("batch", "fix", batch, "--without-bad-rows")
    view = church.complete(batch)
    assert (view["rows_total"], view["rejected"]) == (501, 1)
    results = church.results(batch)
    assert sorted(results) == list(range(1, 502))
    assert (results[501]["decision"], results[501]["outcome"]) == ("rejected", "rejected")
    outcomes = [one["outcome"] for one in results.values()]
    for name, count in check_accounting(view).items():
        assert outcomes.count(name) == count, name
    assert len(church.people()) == 3 + view["created"]
    for row, (kind, record) in truth.items():
        if kind == "known":
            assert results[row]["record_id"] == record


def test_b34_while_rows_are_wrong_nothing_is_written_and_the_errors_are_listed(church):
    before = church.people()
    batch = church.create(
        [people.CARD_HEADER, people.card(people.person(60)), people.card(people.person(61), campus="Mars"),
         people.card(people.person(62), birth_date="31.31.1999"), people.card(people.person(63), given_name="")]
    )
    view = church.wait_state(batch)
    assert view["fix_errors"] and view["rows_wrong"] == 3, view
    assert church.people() == before
    shown = church.cli("batch", "errors", batch)
    for words in ("Mars", "31.31.1999", "Campus", "First Name"):
        assert words in shown, shown
    lines = [line for one in church.errors(batch) for line in one.get("first_lines", [])]
    assert sorted(lines) == [3, 4, 5], "the lines of the file are named"


def test_b37_rows_with_one_wrong_value_are_one_group_with_their_count(church):
    rows = [people.card(people.person(70 + at), campus="Sotuh" if at % 2 else "South") for at in range(40)]
    batch = church.create([people.CARD_HEADER, *rows])
    church.wait_state(batch)
    groups = [one for one in church.errors(batch) if one.get("value") == "Sotuh"]
    assert len(groups) == 1 and groups[0]["count"] == 20, groups


def test_rejected_rows_can_be_downloaded_with_their_reasons(church):
    batch = church.create([people.CARD_HEADER, people.card(people.person(60)), people.card(people.person(61), campus="Mars")])
    church.wait_state(batch)
    church.cli("batch", "fix", batch, "--without-bad-rows")
    church.complete(batch)
    path = church.files / "rejected.csv"
    church.cli("batch", "rejected", batch, "-o", path)
    text = path.read_text()
    assert "Mars" in text and people.person(61)["email"] in text and people.person(60)["email"] not in text


def test_a_dry_run_writes_nothing_asks_nobody_and_says_what_would_happen(church):
    before = church.people()
    rows = [people.card(ANNA, phone="+12065550111"), people.card(people.person(50)), people.unsure_card(people.person(2), 1)]
    batch = church.create([people.CARD_HEADER, *rows], "--dry-run")
    view = church.complete(batch)
    assert view["outcome"] == "dry run" and view["discrepancies_open"] == 0, view
    outcomes = {row: one["outcome"] for row, one in church.results(batch).items()}
    assert outcomes == {1: "updated", 2: "created", 3: "skipped"}
    assert church.people() == before
    assert not [1 for envelope, _ in church.events() if envelope.type == "RecordsChanged" and envelope.batch_id == batch]


def test_the_same_file_twice_is_told_and_changes_nothing_the_second_time(church):
    rows = [people.CARD_HEADER, people.card(people.person(50)), people.card(people.person(51))]
    first = church.create(rows)
    assert church.complete(first)["created"] == 2
    before = church.people()
    second = church.create(rows)
    view = church.complete(second)
    assert view["same_file_as"] == [first], view
    assert (view["created"], view["unchanged"]) == (0, 2), view
    assert church.people() == before
    assert first in church.cli("batch", "show", second), "people are told as well"


def test_every_version_of_a_record_is_kept(church):
    put(church, people.card(ANNA, phone="+12065550111"))
    put(church, people.card(ANNA, phone="+12065550222"))
    history = church.cli("directory", "history", "p1", "--kind", "person")
    assert "5550111" in history and "5550222" in history, history
    assert church.person("p1")["version"] == 3
