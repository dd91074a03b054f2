"""A person gives muster a file: A1, A5-A8, A11-A13, C8, B28."""

import datetime

import pytest

import people
from support import STATES, check_accounting, state_of

ROWS = [people.CARD_HEADER, people.card(people.person(1)), people.card(people.person(2))]


@pytest.fixture(scope="module")
def church(shared):
    return shared.prepare(people.directory(1))


def test_a1_without_a_template_no_batch_can_be_created_and_the_message_says_how_to_make_one(muster):
    for template in (one["name"] for one in muster.documents("template", "list")):
        assert template, "a template in the list has a name"
    if muster.documents("template", "list"):
        pytest.skip("templates are built in, so there is always one")
    file = muster.file("cards.csv", ROWS)
    muster.refused("batch", "create", file, "--template", "card", saying=("template", "template add"))
    assert muster.documents("batch", "list") == []


def test_a5_templates_are_listed_and_each_can_be_looked_at_and_chosen_by_name(church):
    names = [one["name"] for one in church.documents("template", "list")]
    assert "card" in names
    shown = church.json("template", "show", "card")
    assert [field["name"] for field in shown["fields"]][:2] == ["first_name", "last_name"]


def test_a6_a_file_whose_columns_do_not_fit_is_refused_with_the_columns_named(church):
    before = church.people()
    batch = church.create([["Species", "Colour", "Last Name"], ["Dog", "brown", "Rex"]], name="animals.csv")
    view = church.wait_state(batch)
    assert view["outcome"] == "failed", view
    assert "First Name" in view["failure"] or "first_name" in view["failure"], view["failure"]
    assert "Species" in view["failure"] and "Colour" in view["failure"], view["failure"]
    assert church.people() == before, "nothing reached the directory"


def test_a6_columns_that_mean_no_field_are_left_out_and_named_in_a_warning(church):
    rows = [[*people.CARD_HEADER, "Shoe Size"], [*people.card(people.person(21)), "44"]]
    view = church.complete(church.create(rows))
    assert any("Shoe Size" in warning for warning in view["warnings"]), view["warnings"]


def test_a6_columns_are_recognised_by_title_name_and_synonym_in_any_order(church):
    one = people.person(31)
    rows = [["DOB", "email", "Surname", "Given Name"], [one["birth_date"], one["email"], one["family_name"], one["given_name"]]]
    batch = church.create(rows)
    church.complete(batch)
    record = church.person(church.results(batch)[1]["record_id"])
    assert (record["given_name"], record["family_name"]) == (one["given_name"], one["family_name"])
    assert (record["birth_date"], record["email"]) == (one["birth_date"], one["email"])


def test_a7_the_batch_has_the_name_it_was_given(church):
    batch = church.create(ROWS, "--name", "Easter: visitors / 2026 \u2013 \u00e9", "--dry-run")
    assert church.show(batch)["name"] == "Easter: visitors / 2026 \u2013 \u00e9"


def test_a8_any_past_date_is_the_batch_date_and_is_kept_apart_from_the_run_date(church):
    batch = church.create(ROWS, "--date", "1987-02-28", "--dry-run")
    view = church.show(batch)
    assert view["batch_date"] == "1987-02-28"
    created = datetime.datetime.fromtimestamp(int(view["created_at_ms"]) / 1000)
    assert abs(datetime.datetime.now() - created) < datetime.timedelta(days=1)


@pytest.mark.parametrize("date", ["2026-02-30", "yesterday", "26-1-1", "2026-13-01"])
def test_a8_what_is_no_date_is_refused_with_the_form_named(church, date):
    before = len(church.documents("batch", "list"))
    result = church.run("batch", "create", church.file("cards.csv", ROWS), "--template", "card", "--date", date)
    assert result.code in (1, 2) and date in result.said and "YYYY-MM-DD" in result.said, result
    assert len(church.documents("batch", "list")) == before


def test_a8_a_date_to_come_is_refused(church):
    tomorrow = (datetime.date.today() + datetime.timedelta(days=3)).isoformat()
    result = church.run("batch", "create", church.file("cards.csv", ROWS), "--template", "card", "--date", tomorrow)
    assert result.code in (1, 2) and tomorrow in result.said, result


def test_a11_an_option_that_the_template_does_not_have_is_refused_with_those_it_has(church):
    result = church.run("batch", "create", church.file("cards.csv", ROWS), "--template", "card", "--option", "send-flowers")
    assert result.code in (1, 2), result
    for words in ("send-flowers", "membership-date", "update-campus"):
        assert words in result.said, result


@pytest.mark.parametrize(
    "name, content",
    [
        ("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(200)),
        ("letter.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"),
        ("people.zip", b"PK\x03\x04" + bytes(64)),
        ("picture.csv", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(300)),
    ],
)
def test_a12_a_file_that_is_no_csv_is_refused_with_a_message(church, name, content):
    before = church.people()
    result = church.run("batch", "create", church.file(name, content), "--template", "card", "--json")
    if result.code == 0:
        view = church.wait_state(result.documents()[-1]["batch_id"])
        assert view["outcome"] == "failed" and len(view["failure"]) > 20, view
    else:
        assert "csv" in result.said.lower(), result
    assert church.people() == before


def test_a12_exactly_one_file_is_taken(church):
    one, two = church.file("one.csv", ROWS), church.file("two.csv", ROWS)
    church.refused("batch", "create", one, two, "--template", "card", code=2)
    church.refused("batch", "create", "--template", "card", code=2)


def test_a13_creating_a_batch_stores_it_and_starts_the_upload_by_itself(church):
    batch = church.create(ROWS)
    view = church.complete(batch)
    assert view["file_size"] == len((church.files / "cards.csv").read_bytes())
    assert [one["batch_id"] for one in church.documents("batch", "list")].count(batch) == 1
    assert view["operator"], "the operator is known"


def test_a3_the_list_shows_every_batch_with_name_and_state(church):
    batch = church.create(ROWS, "--name", "The last one", "--dry-run")
    church.wait_state(batch)
    first = church.documents("batch", "list")[0]
    assert (first["batch_id"], first["name"], state_of(first)) == (batch, "The last one", "Complete"), "newest first"
    assert state_of(first) in STATES


def test_c8_file_names_of_any_length_and_characters_are_taken(church):
    awkward = "'; DROP TABLE people;-- \u202e\u00e9\u6f22\u5b57 <b>.. %s%n" + "x" * 150 + ".csv"
    batch = church.create(ROWS, "--dry-run", name=awkward)
    view = church.wait_state(batch)
    assert state_of(view) == "Complete", view
    assert view["file_name"].endswith("x.csv") and "DROP TABLE" in view["file_name"]


def test_b28_one_row_goes_through_the_same_steps_as_many(church):
    batch = church.create([people.CARD_HEADER, people.card(people.person(77))])
    assert check_accounting(church.complete(batch))["created"] == 1
    types = [envelope.type for envelope, _ in church.events() if envelope.batch_id == batch]
    for step in ("BatchCreated", "FileReceived", "EntriesRead", "ReadingFinished", "EntriesAccepted", "MatchingStarted",
                 "EntriesMatched", "MatchingFinished", "RecordsChanged", "EntriesExported", "BatchCompleted"):
        assert step in types, types
