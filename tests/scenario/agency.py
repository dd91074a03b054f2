"""agency.py - a human-service agency that does not exist: participants, two programs, two caseworkers, the lists of
allowed values, and a few assignments as they were before the test began."""

import people
from support import ROOT

TEMPLATES = ROOT / "deploy" / "templates"
PACKAGE = TEMPLATES / "caseload.package.json"
TEMPLATE = TEMPLATES / "caseload.json"
PARTICIPANTS = 6
LISTS = {
    "program": [["id", "name", "site"], ["P-01", "Housing First", "North"], ["P-02", "Job Ready", "South"]],
    "staff": [["id", "name", "given_name", "family_name"], ["S-1", "Dana Sample", "Dana", "Sample"], ["S-2", "Lee Worker", "Lee", "Worker"]],
    "relationship": [["id", "name"], ["R1", "Primary Caseworker"], ["R2", "Secondary Caseworker"]],
    "caseload_status": [["id", "name"], ["ST1", "Active"], ["ST2", "Closed"]],
    "dismissal_reason": [["id", "name"], ["D1", "Goals Reached"], ["D2", "Moved Away"]],
}
ASSIGNMENTS = [
    ["id", "participant", "program", "caseworker", "relationship", "caseload_status", "start_date", "end_date", "dismissal_reason"],
    ["c0", "p1", "P-01", "S-1", "Primary Caseworker", "Closed", "2020-01-01", "2021-06-30", "Moved Away"],
    ["c1", "p1", "P-01", "S-1", "Primary Caseworker", "Active", "2025-01-10", "", ""],
    ["c2", "p2", "", "S-2", "Primary Caseworker", "Active", "2025-02-20", "", ""],
    ["c3", "p3", "P-02", "S-1", "Primary Caseworker", "Closed", "2022-01-01", "2023-01-01", "Goals Reached"],
]
ENROLLMENTS = [["id", "participant", "program", "start_date", "end_date"], ["e1", "p1", "P-01", "2024-12-01", ""]]
HEADER = [
    "Participant ID", "First Name", "Last Name", "Date of Birth", "Program ID", "Program Name", "Caseworker Staff ID", "Caseworker Name",
    "Caseworker First Name", "Caseworker Last Name", "Caseworker Relationship", "Caseload Status", "Start Date", "End Date",
    "Reason for Dismissal", "Update or Insert", "Program Start Date", "Program End Date",
]
COLUMNS = (
    "number", "first", "last", "born", "program_id", "program", "staff_id", "staff", "staff_first", "staff_last", "relationship", "status",
    "start", "end", "reason", "action", "program_start", "program_end",
)


def participant(number):
    """Participant `number`: record p<number>, participant id 1000 + number."""
    one = people.person(number)
    return {"number": str(1000 + number), "first": one["given_name"], "last": one["family_name"], "born": one["birth_date"]}


def participants(count):
    rows = [["id", "participant_id", "given_name", "family_name", "birth_date"]]
    return rows + [[f"p{at}", *participant(at).values()] for at in range(1, count + 1)]


def row(who, action="", **cells):
    """A row of a caseload file about participant `who` (a number, or cells of its own)."""
    one = {**(participant(who) if isinstance(who, int) else who), "action": action, **cells}
    assert set(one) <= set(COLUMNS), one
    return [one.get(column, "") for column in COLUMNS]


def insert(who, start, **cells):
    return row(who, **{"action": "Insert", "staff_id": "S-1", "program_id": "P-01", "start": start, **cells})


def update(who, end, **cells):
    return row(who, **{"action": "Update", "staff_id": "S-1", "program_id": "P-01", "end": end, **cells})


def open_agency(muster, count=PARTICIPANTS, template=TEMPLATE):
    muster.prepare(package=PACKAGE, templates=(template,))
    for kind, rows in {"participant": participants(count), **LISTS, "caseload": ASSIGNMENTS, "enrollment": ENROLLMENTS}.items():
        muster.import_people(muster.file(f"{kind}.csv", rows), kind)
    return muster
