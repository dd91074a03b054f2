"""Caseload files from upload to directory: B8, B15-B24, C4. Who is meant must be known, Insert begins an assignment,
Update ends the one that is open, and what has ended is never changed. Every assertion is on the directory's records."""

import json
import shutil

import pytest

import agency
from agency import HEADER, insert, row, update
from checker import check_log
from support import check_accounting


@pytest.fixture
def office(muster):
    return agency.open_agency(muster)


def upload(office, *rows, options=(), template="caseload"):
    return office.create([HEADER, *rows], *options, template=template, name="caseload.csv")


def outcomes(office, batch):
    return [one["outcome"] for _, one in sorted(office.results(batch).items())]


def assignment(office, record, kind="caseload"):
    one = office.person(record, kind)
    return " ".join([*(one[field] or "-" for field in ("participant", "program", "caseworker", "start_date", "end_date")), f"v{one['version']}"])


def without_bad_rows(office, batch):
    view = office.wait_state(batch)
    assert view["fix_errors"], view
    office.cli("batch", "fix", batch, "--without-bad-rows")
    return office.complete(batch)


def said(office, batch):
    """Everything that the errors of a batch say, by field names and messages."""
    return json.dumps(office.errors(batch))


def test_b17_insert_begins_an_assignment_and_names_become_records(office):
    batch = upload(
        office,
        row(4, "Insert", program="Housing First", staff_first="Dana", staff_last="Sample", relationship="Primary Caseworker", status="Active",
            start="2026-01-05", program_start="2026-01-05"),
        row(5, "Insert", staff="Lee Worker", start="2026-01-06"),
    )
    view = office.complete(batch)
    assert (view["created"], view["rejected"]) == (2, 0), view
    assert assignment(office, f"{batch}-1") == "p4 P-01 S-1 2026-01-05 - v1"
    one = office.person(f"{batch}-1", "caseload")
    assert (one["relationship"], one["caseload_status"]) == ("Primary Caseworker", "Active")
    enrolled = office.person(f"{batch}-1-enrollment", "enrollment")
    assert (enrolled["participant"], enrolled["program"], enrolled["start_date"], enrolled["end_date"]) == ("p4", "P-01", "2026-01-05", "")
    # B20: a row with no program is accepted, and enrolls nobody.
    assert assignment(office, f"{batch}-2") == "p5 - S-2 2026-01-06 - v1"
    assert len(office.people("enrollment")) == 2


def test_b18_update_ends_the_open_assignment_and_history_tells_who_ended_it(office):
    batch = upload(
        office,
        update(1, "2026-03-31", reason="Moved Away", status="Closed"),
        update(2, "2026-04-30", program_id="", staff_id="S-2"),
    )
    view = office.complete(batch)
    assert view["updated"] == 2, view
    assert assignment(office, "c1") == "p1 P-01 S-1 2025-01-10 2026-03-31 v2"
    assert assignment(office, "c2") == "p2 - S-2 2025-02-20 2026-04-30 v2"
    assert office.person("c1", "caseload")["dismissal_reason"] == "Moved Away"
    versions = office.documents("directory", "history", "c1", "--kind", "caseload")
    assert [(one["version"], one["batch_id"]) for one in versions] == [(2, batch), (1, versions[1]["batch_id"])]
    assert versions[1]["values"]["end_date"] == "" and versions[1]["batch_id"] != batch
    assert {one["record_id"] for one in office.results(batch).values()} == {"c1", "c2"}


def test_b18_b19_updates_of_what_is_not_open_are_errors_and_nothing_is_touched(office):
    before = office.people("caseload")
    batch = upload(
        office,
        update(3, "2026-03-31", program_id="P-02"),           # closed
        update(4, "2026-03-31"),                              # never begun
        update(1, "2026-03-31", staff_id="S-2"),              # another caseworker's
        insert(1, "2026-01-01"),                              # open already
        update(2, "2026-03-31", program_id="", staff_id="S-2"),
    )
    view = office.wait_state(batch)
    assert view["fix_errors"] and view["rows_wrong"] == 4, view
    shown = said(office, batch)
    assert "2023-01-01" in shown, "B19: the error says when the assignment ended"
    assert office.people("caseload") == before, "B34: nothing is written while rows are wrong"
    view = without_bad_rows(office, batch)
    assert (view["updated"], view["rejected"]) == (1, 4), view
    after = office.people("caseload")
    assert {record for record in after if after[record] != before.get(record)} == {"c2"}


def test_b19_a_row_that_names_a_closed_assignment_by_its_start_is_an_error_before_anything_is_written(office):
    batch = upload(office, update(1, "2026-03-31", start="2020-01-01"), update(2, "2026-03-31", program_id="", staff_id="S-2"))
    office.wait_state(batch)
    assert "was closed on 2021-06-30 and cannot be changed any more" in said(office, batch)
    assert assignment(office, "c2") == "p2 - S-2 2025-02-20 - v1", "nothing is written yet"
    view = without_bad_rows(office, batch)
    check_accounting(view)
    assert assignment(office, "c0") == "p1 P-01 S-1 2020-01-01 2021-06-30 v1"
    assert assignment(office, "c1") == "p1 P-01 S-1 2025-01-10 - v1"
    assert assignment(office, "c2") == "p2 - S-2 2025-02-20 2026-03-31 v2"
    assert outcomes(office, batch) == ["rejected", "updated"]
    office.cli("batch", "rejected", batch, "-o", office.files / "rejected.csv")
    assert "2021-06-30" in (office.files / "rejected.csv").read_text(), "the row comes back with the reason"


def participants_file(*numbers):
    """A file for template participant; a number may be blank."""
    rows = [["Participant ID", "First Name", "Last Name", "Date of Birth"]]
    return rows + [[number, first, "Newcomer", f"19{ord(first[0])}-04-01"] for number, first in numbers]


def test_a_participant_that_a_file_brings_is_found_by_its_number_in_the_next_file(office):
    office.cli("template", "add", agency.TEMPLATES / "participant.json")
    brought = office.create(participants_file(("5001", "Ada"), ("5002", "Bela")), template="participant", name="participants.csv")
    view = office.complete(brought)
    assert view["created"] == 2, view
    assert office.person("5001", "participant")["given_name"] == "Ada"
    batch = upload(office, insert({"number": "5001", "first": "Ada", "last": "Newcomer", "born": "1965-04-01"}, "2026-01-01"))
    assert office.complete(batch)["created"] == 1
    assert assignment(office, f"{batch}-1") == "5001 P-01 S-1 2026-01-01 - v1"


def test_a_number_that_somebody_has_is_given_to_nobody_else(office):
    office.cli("template", "add", agency.TEMPLATES / "participant.json")
    office.complete(office.create(participants_file(("5001", "Ada")), template="participant", name="one.csv"))
    # p1 is a record, though not the number of anybody: as an id it is taken all the same.
    batch = office.create(participants_file(("p1", "Zoltan"), ("5003", "Cleo")), template="participant", name="two.csv")
    view = office.complete(batch)
    assert outcomes(office, batch) == ["rejected", "created"], view
    assert assignment(office, "c1").startswith("p1 "), "and p1 is who it was"
    assert office.person("p1", "participant")["participant_id"] == "1001"
    office.cli("batch", "rejected", batch, "-o", office.files / "rejected.csv")
    assert "is that of another record already" in (office.files / "rejected.csv").read_text()


def test_an_import_without_a_column_of_ids_takes_the_primary_key(office):
    rows = [["participant_id", "given_name", "family_name"], ["7001", "Ida", "Key"], ["7002", "Jon", "Key"], ["7001", "Ida", "Keys"]]
    office.import_people(office.file("more.csv", rows), "participant", id_column=None)
    assert office.person("7001", "participant")["family_name"] == "Keys"
    office.import_people(office.file("again.csv", rows[:2]), "participant", id_column=None)
    assert office.person("7001", "participant")["version"] == 3
    assert len(office.people("participant")) == agency.PARTICIPANTS + 2


def test_rows_see_what_the_rows_before_them_did_and_one_participant_may_have_many(office):
    batch = upload(
        office,
        insert(4, "2026-01-01", program_start="2026-01-01"),
        update(4, "2026-01-31"),
        insert(4, "2026-02-01"),
        update(4, "2026-02-28", program_end="2026-02-28"),
        insert(4, "2026-03-01", staff_id="S-2"),
    )
    view = office.complete(batch)
    assert (view["created"], view["updated"], view["discrepancies"]) == (3, 2, 0), view
    assert assignment(office, f"{batch}-1") == "p4 P-01 S-1 2026-01-01 2026-01-31 v2"
    assert assignment(office, f"{batch}-3") == "p4 P-01 S-1 2026-02-01 2026-02-28 v2"
    assert assignment(office, f"{batch}-5") == "p4 P-01 S-2 2026-03-01 - v1"
    enrolled = office.person(f"{batch}-1-enrollment", "enrollment")
    assert (enrolled["start_date"], enrolled["end_date"], enrolled["version"]) == ("2026-01-01", "2026-02-28", 2)


def test_b23_a_program_end_date_needs_a_start_here_or_in_the_directory(office):
    batch = upload(
        office,
        update(1, "2026-03-31", program_end="2026-03-31"),      # enrolled since 2024-12-01
        insert(4, "2026-01-01", program_end="2026-03-31"),      # never enrolled
    )
    view = office.wait_state(batch)
    assert view["fix_errors"] and view["rows_wrong"] == 1, view
    assert "Program Start Date" in said(office, batch)
    without_bad_rows(office, batch)
    assert office.person("e1", "enrollment")["end_date"] == "2026-03-31"
    assert len(office.people("enrollment")) == 1 and f"{batch}-2" not in office.people("caseload")


def test_b8_an_id_of_one_and_the_name_of_another_are_asked_about_and_nobody_new_is_made(office):
    mixed = {**agency.participant(5), "number": "1004"}
    batch = upload(office, insert(mixed, "2026-01-01"), insert(6, "2026-01-01"))
    office.wait_state(batch)
    questions = office.questions(batch)
    assert list(questions) == [1], questions
    candidates = {one["record_id"] for one in questions[1]["question"]["candidates"]} if "question" in questions[1] else {
        one["record_id"] for one in questions[1]["candidates"]}
    assert {"p4", "p5"} <= candidates, questions
    # Whom the row names stands beside the candidates; what it wants for them below.
    beside, wanted = office.cli("batch", "discrepancies", batch, "--entry", "1").split("what the row wants:")
    assert "participant_first_name" in beside and "start_date" not in beside, beside
    assert "start_date: 2026-01-01" in wanted and "staff_id: S-1" in wanted, wanted
    office.refused("batch", "resolve", batch, "--entry", "1", "--new", "--yes", saying="participant")
    office.resolve(batch, 1, "--select", "p5")
    office.complete(batch)
    assert assignment(office, f"{batch}-1") == "p5 P-01 S-1 2026-01-01 - v1"
    assert len(office.people("participant")) == agency.PARTICIPANTS


def test_b24_unknown_participants_programs_and_caseworkers_are_errors_with_suggestions(office):
    batch = upload(
        office,
        insert({**agency.participant(4), "number": "9999"}, "2026-01-01"),
        insert(4, "2026-01-01", program_id="", program="Housing Frist", program_start="2026-01-01"),
        insert(4, "2026-01-01", staff_id="", staff="Dana Sampel"),
        insert(5, "2026-01-01", status="Actve"),
        insert(6, "2026-01-01"),
    )
    view = office.wait_state(batch)
    assert view["fix_errors"] and view["rows_wrong"] == 4, view
    shown = said(office, batch)
    for words in ("9999", "Housing First", "Dana Sample", "Active"):
        assert words in shown, f"{words}: {shown}"
    without_bad_rows(office, batch)
    assert set(office.people("caseload")) == {"c0", "c1", "c2", "c3", f"{batch}-5"}


def test_b9_to_b16_b21_b22_rows_that_contradict_themselves_are_errors(office):
    batch = upload(
        office,
        insert(4, "2026-01-01", program="Housing First", program_start="2026-01-01"),  # B9: id and name
        insert(4, "2026-01-01", staff="Dana Sample"),                                  # B10: id and name
        insert(4, "2026-01-01", staff_id="", staff_first="Dana"),                      # B11
        insert(4, ""),                                                                 # B15
        insert(4, "2026-02-01", end="2026-01-01"),                                     # B15
        row(4, "Upsert", staff_id="S-1", start="2026-01-01"),                          # B16
        insert(4, "2026-01-01", program_id="", program="Housing First"),               # B21
        insert(4, "2026-01-01", program_id="", program_start="2026-01-01"),            # B22
        insert(5, "2026-01-01"),
    )
    view = office.wait_state(batch)
    assert view["fix_errors"] and view["rows_wrong"] == 8, view
    view = without_bad_rows(office, batch)
    assert (view["created"], view["rejected"]) == (1, 8), view


def test_c4_without_the_column_what_is_open_is_updated_and_what_is_not_is_inserted(muster):
    source = json.loads(agency.TEMPLATE.read_text())
    source["name"] = "assignments"
    source["fields"] = [field for field in source["fields"] if field["name"] != "action"]
    del source["muster"]["action"], source["muster"]["sample_row"]
    source["muster"]["rules"] = [rule for rule in source["muster"]["rules"] if "action" not in json.dumps(rule)]
    office = agency.open_agency(muster, template=muster.file("assignments.json", json.dumps(source)))
    batch = upload(office, update(1, "2026-03-31", action=""), insert(4, "2026-01-01", action=""), update(3, "2026-03-31", action=""),
                   template="assignments")
    office.wait_state(batch)
    assert "No such Caseload assignment is open, and without Start Date none can begin." in said(office, batch)
    view = without_bad_rows(office, batch)
    assert outcomes(office, batch) == ["updated", "created", "rejected"], view
    assert assignment(office, "c1") == "p1 P-01 S-1 2025-01-10 2026-03-31 v2"
    assert assignment(office, f"{batch}-2") == "p4 P-01 S-1 2026-01-01 - v1"


def test_of_two_batches_that_end_one_assignment_the_second_says_why_it_did_not(office):
    unsure = {**agency.participant(5), "number": "1004"}
    waits = upload(office, update(1, "2026-04-30"), insert(unsure, "2026-01-01"))
    office.wait_state(waits, "Await Discrepancy Verification")
    first = upload(office, update(1, "2026-03-31"))
    office.complete(first)
    office.resolve(waits, 2, "--select", "p5")
    view = office.complete(waits)
    assert outcomes(office, waits) == ["rejected", "created"], view
    assert assignment(office, "c1") == "p1 P-01 S-1 2025-01-10 2026-03-31 v2", "the first one's word stands"
    assert "ended on 2026-03-31" in office.results(waits)[1]["reason"], "each entry tells its reason"
    office.cli("batch", "rejected", waits, "-o", office.files / "rejected.csv")
    assert "ended on 2026-03-31" in (office.files / "rejected.csv").read_text()


def test_with_option_repeat_assignments_insert_begins_another_though_one_is_open(muster):
    source = json.loads(agency.TEMPLATE.read_text())
    source["muster"]["options"] = [{"name": "repeat-assignments", "title": "Insert though one is open"}]
    office = agency.open_agency(muster, template=muster.file("caseload.json", json.dumps(source)))
    batch = upload(office, insert(1, "2026-01-01"), options=("--option", "repeat-assignments"))
    office.complete(batch)
    assert assignment(office, f"{batch}-1") == "p1 P-01 S-1 2026-01-01 - v1"
    assert assignment(office, "c1") == "p1 P-01 S-1 2025-01-10 - v1"


def test_a_dry_run_says_of_every_row_what_the_run_then_does(office):
    rows = [insert(4, "2026-01-01"), update(4, "2026-01-31"), update(1, "2026-03-31"), insert(5, "2026-01-01", program_start="2026-01-01")]
    before = [office.people(kind) for kind in ("caseload", "enrollment")]
    dry = upload(office, *rows, options=("--dry-run",))
    office.complete(dry)
    assert [office.people(kind) for kind in ("caseload", "enrollment")] == before
    batch = upload(office, *rows)
    office.complete(batch)
    assert outcomes(office, dry) == outcomes(office, batch) == ["created", "updated", "updated", "created"]


def test_kill_9_of_export_in_the_middle_of_a_file_changes_nothing_in_the_result(muster):
    office = agency.open_agency(muster, count=300)
    rows = []
    for at in range(7, 301):
        for month in (1, 2, 3, 4):
            rows += [insert(at, f"2026-{month:02}-01"), update(at, f"2026-{month:02}-28")]
    batch = upload(office, *rows)
    for _ in range(3):
        office.wait_state(batch, "Exporting Data", "Complete")
        office.kill("export")
        office.wait_ready()
    view = office.complete(batch, timeout_s=120)
    assert (view["created"], view["updated"]) == (294 * 4, 294 * 4), view
    records = office.people("caseload")
    assert len(records) == 294 * 4 + 4
    assert all(one["end_date"] for record, one in records.items() if record.startswith(batch))


def test_a_deleted_directory_of_several_kinds_is_rebuilt_equal_from_the_log(office):
    batch = upload(office, insert(4, "2026-01-01", program_start="2026-01-01"), update(4, "2026-01-31"), update(1, "2026-03-31"))
    office.complete(batch)
    seen = [office.people(kind) for kind in ("participant", "caseload", "enrollment")]
    office.down()
    store = next(store for store in office.stores() if store.name.startswith("export-"))
    before = office.dump(store)
    shutil.rmtree(store)
    office.up()
    assert [office.people(kind) for kind in ("participant", "caseload", "enrollment")] == seen
    with office.bus() as bus:
        report = check_log(bus)
    assert not report.errors, report
    office.down()
    assert office.dump(store) == before
