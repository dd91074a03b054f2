"""Files that muster makes: blank ones to fill in, rejected rows to correct, the upload log; and what comes back of them."""

import csv
import io
import zipfile

import openpyxl
import pytest
from openpyxl.styles import Font, PatternFill

import people
from support import DATA, ROOT, check_accounting

TEMPLATES = ROOT / "deploy" / "templates"
STAFF = [["id", "name", "given_name", "family_name"], ["S-1", "Dana Sample", "Dana", "Sample"], ["S-2", "=Evil Sheet", "Evil", "Sheet"]]


@pytest.fixture(scope="module")
def office(shared):
    """A directory of people and one of caseloads, all built-in templates, a card with a list too long for a cell."""
    shared.prepare(people.directory(3))
    for package in sorted(TEMPLATES.glob("*.package.json")):
        if package.name != "people.package.json":
            shared.cli("directory", "declare", package)
    for template in sorted(TEMPLATES.glob("*.json")):
        if not template.name.endswith(".package.json") and template.stem != "connect-card":
            shared.cli("template", "add", template)
    shared.import_people(shared.file("staff.csv", STAFF), kind="staff")
    for kind, values in {"relationship": ["Primary Caseworker", "Backup"], "caseload_status": ["Active", "On hold"]}.items():
        shared.import_people(shared.file(f"{kind}.csv", [["name"], *([value] for value in values)]), kind=kind, id_column=None)
    shared.cli("template", "add", shared.file("visit.json", VISIT))
    return shared


VISIT = """{"name": "visit", "title": "Visit", "fields": [
  {"name": "given_name", "title": "First Name", "constraints": {"required": true}},
  {"name": "family_name", "title": "Last Name", "constraints": {"required": true}},
  {"name": "email", "title": "Email", "format": "email"},
  {"name": "birth_date", "title": "Born", "type": "date", "constraints": {"minimum": "1900-01-01", "maximum": "2026-12-31"}},
  {"name": "campus", "title": "Campus", "constraints": {"enum": ["North, by the river", "South"]}},
  {"name": "notes", "title": "Visits", "type": "integer", "constraints": {"minimum": 0, "maximum": 99}},
  {"name": "city", "title": "Town", "constraints": {"enum": [%s]}},
  {"name": "suffix", "title": "Member", "type": "boolean"},
  {"name": "postcode", "title": "Zip", "constraints": {"maxLength": 5}}],
 "muster": {"kind": "person", "may_create": true, "duplicate_check": ["email"], "instructions": "Delete these words before you upload.",
  "sample_row": ["Jane", "Sample", "jane@example.org", "1980-05-17", "South", "2", "Town 007", "yes", "01234"]}}""" % ", ".join(
    f'"Town {at:03}"' for at in range(300))


def generate(office, name, ending, *options):
    path = office.files / f"{name}.{ending}"
    office.cli("template", "generate", name, "-o", path, "--force", *options)
    return path


def rows_of(path):
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


def sheet_of(path):
    return openpyxl.load_workbook(path).worksheets[0]


def allowed(book, sheet, column):
    """The values of the drop-down of a column, and the validation."""
    for one in sheet.data_validations.dataValidation:
        if f"{column}2" in one.sqref and one.type == "list":
            if one.formula1.startswith('"'):
                return one.formula1.strip('"').split(","), one
            name = book.defined_names[one.formula1.lstrip("=")]
            title, cells = next(name.destinations)
            assert book[title].sheet_state == "hidden"
            return [row[0].value for row in book[title][cells]], one
    return None, None


def validation(sheet, column):
    return next(one for one in sheet.data_validations.dataValidation if f"{column}2" in one.sqref)


# blank files ------------------------------------------------------------------------------------------------


def test_B2_c1_s32_a_blank_csv_file_opens_in_a_spreadsheet_and_runs_nothing(office):
    path = generate(office, "visit", "csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf"), "Excel needs a byte order mark"
    header, sample, instructions = rows_of(path)
    assert header == ["First Name", "Last Name", "#Email", "Born", "Campus", "Visits", "Town", "Member", "Zip"]
    assert sample[:4] == ["Jane", "Sample", "jane@example.org", "1980-05-17"] and sample[8] == "01234"
    assert instructions[0] == "Delete these words before you upload."
    for name in ("caseload", "visit", "card"):
        for row in rows_of(generate(office, name, "csv")):
            assert not [cell for cell in row if cell[:1] in tuple("=@\t\r")], row


def test_B3_the_template_is_generated_from_the_settings_as_they_are_now(office):
    office.cli("template", "add", office.file("visit.json", VISIT.replace('["email"]', '["family_name"]').replace("Visit\"", "Visit!\"")))
    header = rows_of(generate(office, "visit", "csv"))[0]
    assert "#Last Name" in header and "Email" in header
    assert "#Email" in rows_of(generate(office, "visit", "csv", "--version", "1"))[0]
    for name in ("caseload", "participant", "card"):
        template = office.json("template", "show", name)
        header = rows_of(generate(office, name, "csv"))[0]
        for field in template["fields"]:
            marked = field["name"] in template["duplicate_check"]
            if marked or field["required"]:
                assert ("#" if marked else "") + field["title"] in header
    office.cli("template", "add", office.file("visit.json", VISIT))


def test_B3_the_same_settings_give_the_same_bytes_and_a_new_value_of_the_directory_is_in_the_next_one(office):
    first = generate(office, "caseload", "xlsx").read_bytes()
    assert generate(office, "caseload", "xlsx").read_bytes() == first
    office.import_people(office.file("more.csv", [["name"], ["Emergency"]]), kind="relationship", id_column=None)
    path = generate(office, "caseload", "xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    columns = {cell.value.lstrip("#"): cell.column_letter for cell in sheet[1]}
    values, one = allowed(book, sheet, columns["Caseworker Relationship"])
    assert sorted(values) == ["Backup", "Emergency", "Primary Caseworker"]
    assert one.errorStyle == "warning", "it may have been added since"
    assert sorted(allowed(book, sheet, columns["Caseworker Name"])[0]) == ["=Evil Sheet", "Dana Sample"]
    assert allowed(book, sheet, columns["Update or Insert"])[0] == ["Insert", "Update"]
    assert allowed(book, sheet, columns["Participant ID"])[0] is None, "people are not handed around"


def test_B2_a_workbook_knows_what_belongs_into_its_cells(office):
    book = openpyxl.load_workbook(generate(office, "visit", "xlsx"))
    assert [(one.title, one.sheet_state) for one in book] == [
        ("Data entry", "visible"), ("Instructions", "visible"), ("Lists", "hidden")]
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == [
        "First Name", "Last Name", "#Email", "Born", "Campus", "Visits", "Town", "Member", "Zip"]
    assert all(cell.font.bold for cell in sheet[1]) and sheet.freeze_panes == "A2"
    assert "Needed in every row" in sheet["A1"].comment.text and "Example: Jane" in sheet["A1"].comment.text
    assert "South" in sheet["E1"].comment.text
    assert allowed(book, sheet, "E")[0] == ["North, by the river", "South"], "a comma is part of a value"
    towns, one = allowed(book, sheet, "G")
    assert towns == [f"Town {at:03}" for at in range(300)] and one.errorStyle != "warning"
    assert allowed(book, sheet, "H")[0] == ["yes", "no"]
    whole, born, zipped = (validation(sheet, column) for column in "FDI")
    assert (whole.type, whole.formula1, whole.formula2) == ("whole", "0", "99")
    assert born.type == "date" and "1900-01-01" in born.error and "2026-12-31" in born.error
    assert (zipped.type, zipped.formula2) == ("textLength", "5") and "at most 5 characters" in zipped.error
    assert sheet["I2"].value == "01234" and sheet["I2"].number_format == "@", "leading zeros stay"
    assert sheet["D2"].is_date and sheet["D2"].value.isoformat() == "1980-05-17T00:00:00"
    assert sheet["F2"].value == 2
    assert sheet.column_dimensions["I"].number_format == "@", "for rows that are still to come"
    words = "\n".join(str(cell) for row in book.worksheets[1].iter_rows(values_only=True) for cell in row if cell)
    for expected in ("Delete these words", "one or two rows", "without formatting", "First Name", "whole number"):
        assert expected in words, expected


def test_a_file_that_is_there_is_not_written_over_unasked_and_a_format_that_is_none_is_refused(office):
    path = office.file("mine.csv", "mine")
    office.refused("template", "generate", "visit", "-o", path, saying=("there already", "--force"))
    assert path.read_text() == "mine"
    office.refused("template", "generate", "visit", "-o", office.files / "x.pdf", code=2, saying="csv, xlsx and md")
    office.refused("template", "generate", "nothing", saying="visit")
    office.refused("batch", "rejected", "B999", saying="B999")


@pytest.mark.parametrize("name", ["connect-card", "caseload", "participant"])
def test_the_documentation_of_a_built_in_template_is_what_is_generated(office, name):
    if name == "connect-card":
        office.cli("directory", "declare", TEMPLATES / "people.package.json")
        office.cli("template", "add", TEMPLATES / "connect-card.json")
    assert generate(office, name, "md").read_text() == (TEMPLATES / f"{name}.md").read_text()
    office.cli("directory", "declare", DATA / "people.package.json")


# what comes back --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("template", ["visit", "caseload"])
def test_B4_a_blank_file_that_comes_back_as_it_was_is_rejected_naming_the_rows(office, template, ending):
    batch = office.create(generate(office, template, ending), template=template)
    view = office.wait_state(batch)
    assert view["fix_errors"] and view["rows_wrong"] == (2 if ending == "csv" else 1), view
    wrong = {row for one in office.errors(batch) for row in one["first_rows"] if "sample" in one["kind"]}
    assert wrong == ({1, 2} if ending == "csv" else {1}), office.errors(batch)
    office.cli("batch", "cancel", batch)


def test_B5_B6_B28_a_pasted_and_renamed_file_with_columns_in_another_order_goes_through(office):
    header = rows_of(generate(office, "visit", "csv"))[0]
    order = [6, 2, 0, 1, 8, 3, 4, 5, 7]
    person = ["Ann", "Ash", "ann.ash@example.org", "1999-01-31", "South", "3", "Town 001", "no", "00501"]
    content = [[header[at] for at in order] + ["From elsewhere"], [person[at] for at in order] + ["ignored"]]
    batch = office.create(content, template="visit", name="what we got on Sunday (2).final.csv")
    assert check_accounting(office.complete(batch))["created"] == 1
    written = office.person(f"{batch}-1")
    assert (written["given_name"], written["postcode"], written["birth_date"]) == ("Ann", "00501", "1999-01-31")


def test_B7_pasted_formatting_of_a_workbook_changes_nothing(office):
    path = generate(office, "visit", "xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    sheet.delete_rows(2)
    for column, value in enumerate(["Bo", "Birch", "bo@example.org", "1971-02-28", "South", 7, "Town 002", "yes", "00777"], 1):
        cell = sheet.cell(2, column, value)
        cell.font, cell.fill = Font(bold=True, color="FF0000", size=20), PatternFill("solid", fgColor="00FF00")
        if column == 6:
            cell.number_format = '0.00 "times"'
    path = office.files / "pasted.xlsx"
    book.save(path)
    batch = office.create(path, template="visit")
    assert check_accounting(office.complete(batch))["created"] == 1
    written = office.person(f"{batch}-1")
    assert (written["notes"], written["postcode"], written["campus"]) == ("7", "00777", "South")


# rejected rows ----------------------------------------------------------------------------------------------

BAD = [
    ["First Name", "Last Name", "Email", "Born", "Campus", "Visits", "Zip", "Phone"],
    ["Cy", "Cedar", "cy@example.org", "1960-01-01", "South", "1", "00011", ""],
    ["Di", "=Dogwood", "di@example.org", "1960-31-31", "Sotuh", "1", "00012", ""],
    ["", "Elm", "el@example.org", "", "", "100", "0001234", ""],
    ["Flo", "Fir", "flo@example.org", "", "North, by the river", "", "", ""],
]


def test_rejected_rows_come_as_csv_with_their_values_and_reasons_and_can_be_sent_again(office):
    batch = office.create(BAD, template="visit")
    assert office.wait_state(batch)["fix_errors"]
    path = office.files / "rejected.csv"
    office.cli("batch", "rejected", batch, "-o", path, "--force")
    header, *rows = rows_of(path)
    assert header[0] == "row" and header[-1] == "what is wrong" and header[1:-1] == rows_of(generate(office, "visit", "csv"))[0]
    assert [row[0] for row in rows] == ["2", "3"]
    assert rows[0][1:6] == ["Di", "'=Dogwood", "di@example.org", "1960-31-31", "Sotuh"], "as it stood, and no formula"
    assert "Born:" in rows[0][-1] and "Campus:" in rows[0][-1] and "First Name:" in rows[1][-1]
    office.cli("batch", "fix", batch, "--without-bad-rows")
    assert check_accounting(office.complete(batch))["rejected"] == 2
    again = office.files / "again.csv"
    office.cli("batch", "rejected", batch, "-o", again, "--force")
    assert rows_of(again)[1][1:-1] == rows[0][1:-1], "rejected at the end: the same rows"
    rows[0][4:6] = ["1960-12-31", "South"]
    rows[1][1], rows[1][6], rows[1][9] = "Eve", "10", "01234"
    batch = office.create([header, *rows], template="visit", name="corrected.csv")
    assert check_accounting(office.complete(batch))["created"] == 2
    assert office.person(f"{batch}-1")["family_name"] == "=Dogwood", "the guard is taken away again"


def test_rejected_rows_come_as_a_workbook_with_coloured_cells_notes_and_drop_downs(office):
    batch = office.create(BAD, template="visit")
    office.wait_state(batch)
    path = office.files / "rejected.xlsx"
    office.cli("batch", "rejected", batch, "-o", path, "--force")
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet["A"]] == ["row", 2, 3]
    head = {cell.value.lstrip("#"): cell.column_letter for cell in sheet[1]}
    coloured = {cell.coordinate for row in sheet.iter_rows(min_row=2) for cell in row if cell.fill.fgColor.rgb == "FFFFC7CE"}
    assert coloured == {head["Born"] + "2", head["Campus"] + "2", head["First Name"] + "3", head["Visits"] + "3", head["Zip"] + "3"}
    assert "such day" in sheet[head["Born"] + "2"].comment.text
    assert allowed(book, sheet, head["Campus"])[0] == ["North, by the river", "South"]
    assert sheet[head["Last Name"] + "2"].value == "=Dogwood" and sheet[head["Last Name"] + "2"].data_type == "s"
    with zipfile.ZipFile(path) as archive:
        assert not [name for name in archive.namelist() if b"<f>" in archive.read(name) and "worksheets/" in name]
    sheet[head["Born"] + "2"], sheet[head["Campus"] + "2"] = "1960-12-31", "South"
    sheet.delete_rows(3)
    book.save(path)
    office.cli("batch", "cancel", batch)
    batch = office.create(path, template="visit")
    assert check_accounting(office.complete(batch))["rejected"] == 0
    assert office.person(office.results(batch)[1]["record_id"])["family_name"] == "=Dogwood"


def test_a_batch_without_bad_rows_has_none_and_one_that_is_not_read_says_so(office):
    batch = office.create([BAD[0], BAD[1]], template="visit")
    office.complete(batch)
    assert len(list(csv.reader(io.StringIO(office.cli("batch", "rejected", batch))))) == 1


# the log ----------------------------------------------------------------------------------------------------


def test_B47_B49_B50_the_log_has_an_entry_per_row_and_names_batch_file_kind_operator_and_times(office):
    content = [BAD[0], *BAD[1:], people_row("Gus", "Grove")]
    batch = office.create(content, template="visit", name="log me.csv")
    office.wait_state(batch)
    office.cli("batch", "fix", batch, "--without-bad-rows")
    view = office.complete(batch)
    shown = office.cli("batch", "log", batch)
    for expected in (batch, "log me.csv", "visit", "5 received", view["operator"], "BadRowsExcluded"):
        assert expected in shown, expected
    path = office.files / "log.csv"
    office.cli("batch", "log", batch, "-o", path)
    entries = list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))
    assert [one["row"] for one in entries] == ["1", "2", "3", "4", "5"]
    for one in entries:
        assert (one["batch"], one["file"], one["kind"], one["operator"]) == (batch, "log me.csv", "person", view["operator"])
        assert one["created_at"].startswith("20") and one["completed_at"] >= one["created_at"]
    outcomes = [one["outcome"] for one in entries]
    for name, count in check_accounting(view).items():
        assert outcomes.count(name) == count, name
    assert "Campus" in entries[1]["reason"] or "campus" in entries[1]["reason"]
    assert entries[1]["by"] == view["operator"], "who went on without it"
    assert entries[4]["record_id"] == f"{batch}-5"


def people_row(given, family):
    return [given, family, f"{given}.{family}@example.org".lower(), "", "", "", "", ""]


def test_B50_the_log_says_what_was_corrected_and_by_whom(office):
    batch = office.create(BAD, template="visit", name="corrected.csv")
    office.wait_state(batch)
    path = office.files / "to-correct.csv"
    office.cli("batch", "rejected", batch, "-o", path, "--force")
    header, *rows = rows_of(path)
    rows[0][4:6], rows[1][1], rows[1][6], rows[1][9] = ["1960-12-31", "South"], "Eve", "10", "01234"
    office.cli("batch", "fix", batch, "--rows", office.file("corrected-rows.csv", [header, *rows]))
    operator = office.wait_state(batch)["operator"]
    entries = {one["row"]: one for one in office.documents("batch", "log", batch) if one["type"] == "entry"}
    assert sorted(entries) == [1, 2, 3, 4]
    for row in (2, 3):
        assert (entries[row]["corrected"], entries[row]["by"]) == ("corrected in a file", operator)
    assert not entries[1]["corrected"] and not entries[4]["by"]
