"""A file is held against the directory before anything of it is accepted: B12-B14, B17-B19, B23, B24, B38."""

import collections

import pytest

from bus import body_of
from support import ROOT, wait_for

TEMPLATES = ROOT / "deploy" / "templates"
HEADER = [
    "participant_id", "participant_first_name", "participant_last_name", "participant_birth_date", "program_name", "staff_id",
    "staff_name", "relationship", "caseload_status", "start_date", "end_date", "action", "program_start_date",
    "program_end_date",
]
PARTICIPANTS, PROGRAMS, STAFF = 1000, 12, 20


def participant(number):
    return [f"P{number:05}", f"Given{number % 97}", f"Family{number}", f"19{50 + number % 50}-05-{1 + number % 28:02}"]


def office(instance):
    """The directory of deploy/templates with people, programs, caseworkers, lists, and two assignments."""
    instance.cli("directory", "declare", TEMPLATES / "caseload.package.json")
    instance.cli("template", "add", TEMPLATES / "caseload.json")
    kinds = {
        "participant": [["id", "participant_id", "given_name", "family_name", "birth_date"]]
        + [[one[0], *one] for one in map(participant, range(PARTICIPANTS))],
        "program": [["id", "name"]] + [[f"G{number}", f"Program of Hope {number}"] for number in range(PROGRAMS)],
        "staff": [["id", "name", "given_name", "family_name"]]
        + [[f"S{number}", f"Case Worker{number}", "Case", f"Worker{number}"] for number in range(STAFF)],
        "relationship": [["id", "name"], ["R1", "Primary Caseworker"]],
        "caseload_status": [["id", "name"], ["C1", "Active"], ["C2", "On Hold"]],
        "dismissal_reason": [["id", "name"], ["D1", "Moved away"]],
        "caseload": [["id", "participant", "program", "caseworker", "start_date", "end_date"],
                     ["A1", "P00000", "G0", "S0", "2026-01-05", ""], ["A2", "P00001", "G0", "S0", "2025-01-05", "2025-06-30"]],
    }
    for kind, rows in kinds.items():
        instance.import_people(instance.file(f"{kind}.csv", rows), kind)
    return instance


def row(number, **changes):
    """A row that inserts what is not open yet."""
    who = participant(number % PARTICIPANTS)
    one = dict(zip(HEADER, [*who, "", "", "", "Primary Caseworker", "Active", "2026-02-01", "", "Insert", "", ""]))
    one["staff_id"] = f"S{(number // PARTICIPANTS + 1) % STAFF}"
    return [{**one, **changes}[name] for name in HEADER]


def parts_of(instance, batch):
    """EntriesChecked of a batch, as (envelope, bytes)."""
    return instance.events(f"export/{batch}/check")


def checked(instance, batch):
    """Waits for the check; {(kind, value): (message, rows, suggestions)} and CheckFinished."""
    finished = wait_for(
        lambda: [body_of(*event) for event in instance.events(f"export/{batch}") if event[0].type == "CheckFinished"],
        lambda: f"{batch} checked: {instance.show(batch)}", 90,
    )
    assert len(finished) == 1
    groups = collections.defaultdict(lambda: ["", [], []])
    for said in parts_of(instance, batch):
        for value in body_of(*said).values:
            group = groups[(value.field, value.value)]
            group[0], group[2] = value.message, [(one.value, one.note) for one in value.suggestions]
            group[1] += value.rows
    return dict(groups), finished[0]


@pytest.fixture(scope="module")
def agency(shared):
    return office(shared)


def one_check(agency, *rows):
    batch = agency.create([HEADER, *rows], template="caseload", name="caseload.csv")
    return (batch, *checked(agency, batch))


def test_b24_b38_unknown_names_are_errors_that_offer_what_may_be_meant(agency):
    batch, groups, finished = one_check(
        agency,
        row(1, program_name="progam of hope 3", program_start_date="2026-02-01"),
        row(2, program_name="progam of hope 3", program_start_date="2026-02-01"),
        row(3, staff_id="", staff_name="Worker7 Case"),
        row(4, participant_id="X99999"),
        row(5, program_name="PROGRAM OF HOPE 3", program_start_date="2026-02-01"),
    )
    program = groups[("program_name", "progam of hope 3")]
    assert program[1] == [1, 2] and program[2][0][0] == "Program of Hope 3", groups
    assert groups[("staff_name", "Worker7 Case")][2][0][0] == "Case Worker7"
    who = participant(4)
    unknown = groups[("participant_id", "X99999")]
    assert unknown[2][0] == (who[0], f"{who[1]} {who[2]}, born {who[3]}"), unknown
    assert finished.wrong_rows == 4 and len(groups) == 3
    assert agency.show(batch)["fix_errors"]


def test_b12_b13_a_value_must_be_of_its_list(agency):
    _, groups, finished = one_check(agency, row(1, relationship="Primary Casworker"), row(2, caseload_status="Actve"))
    assert groups[("relationship", "Primary Casworker")][2][0][0] == "Primary Caseworker"
    assert groups[("caseload_status", "Actve")][2][0][0] == "Active"
    assert finished.wrong_rows == 2


def test_b17_b18_b19_what_is_open_is_not_inserted_and_what_is_closed_is_not_changed(agency):
    same = {"program_name": "Program of Hope 0", "program_start_date": "2026-02-01", "staff_id": "S0"}
    update = {**same, "action": "Update", "start_date": "", "end_date": "2026-03-01"}
    _, groups, finished = one_check(
        agency, row(0, **same), row(1, **update), row(2, **update), row(0, **update), row(0, **update), row(0, **same)
    )
    said = {rows[0]: message for message, rows, _ in groups.values()}
    assert "is open since 2026-01-05" in said[1]
    assert "was closed on 2025-06-30" in said[2]
    assert "nothing to end" in said[3]
    assert "was closed on 2026-03-01 (by row 4 of this file)" in said[5]
    assert sorted(said) == [1, 2, 3, 5] and finished.wrong_rows == 4


def test_b23_a_program_end_needs_a_start(agency):
    _, groups, finished = one_check(
        agency, row(7, program_name="Program of Hope 1", program_end_date="2026-05-01"),
        row(8, program_name="Program of Hope 1", program_start_date="2026-02-01", program_end_date="2026-05-01"),
    )
    assert finished.wrong_rows == 1 and [rows for _, rows, _ in groups.values()] == [[1]]


def many_rows():
    """10,000 rows about 1,000 people; the numbers of those that are wrong, by what is wrong."""
    rows, wrong = [HEADER], collections.defaultdict(list)
    for number in range(1, 10_001):
        changes = {}
        if number % 10 == 3:
            changes["participant_id"] = f"Q{number % 1700:05}"
            wrong["participant_id"].append(number)
        if number % 7 == 2:
            changes["caseload_status"] = f"Actve {number % 900}"
            wrong["caseload_status"].append(number)
        if number % 11 == 5:
            changes.update(program_name=f"Programme of Hop {number}", program_start_date="2026-02-01")
            wrong["program_name"].append(number)
        rows.append(row(number, **changes))
    return rows, wrong


def by_field(groups):
    found = collections.defaultdict(list)
    for (field, _), (_, rows, _) in groups.items():
        found[field] += rows
    return {field: sorted(rows) for field, rows in found.items()}


def test_a_check_that_is_killed_and_goes_on_finds_the_same(agency):
    rows, wrong = many_rows()
    calm, groups, finished = one_check(agency, *rows[1:])
    assert by_field(groups) == dict(wrong)
    assert finished.wrong_rows == len(set().union(*wrong.values()))
    killed = 0
    for parts in range(min(3, len(parts_of(agency, calm)))):
        batch = agency.create(rows, template="caseload", name="caseload.csv")
        # as soon as so many parts are durable
        wait_for(lambda: len(parts_of(agency, batch)) >= parts, "the check has begun", 60)
        killed += bool(agency.kill("export"))
        agency.wait_ready(60)
        again, ended = checked(agency, batch)
        assert again == groups and ended.wrong_rows == finished.wrong_rows
        assert [body_of(*one).values for one in parts_of(agency, batch)] == [
            body_of(*one).values for one in parts_of(agency, calm)]
    assert killed
