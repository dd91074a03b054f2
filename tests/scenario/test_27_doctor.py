"""The spreadsheet doctor: damage that spreadsheets do is noticed with evidence, and mended only when asked (C3, B44)."""

import json

import pytest

import support
from bus import body_of

TEMPLATE = support.ROOT / "deploy" / "templates" / "connect-card.json"
HEADER = ["First Name", "Last Name", "Email", "Zip", "Date of Birth", "Phone", "City"]


def healthy(number):
    return [f"Anna{number}", f"Name{number}", f"a{number}@example.org", str(10001 + 37 * number), "1980-05-17", "206 555 0100", "Seattle"]


def sick(**changes):
    """Thirty healthy rows, the first ones changed: field -> list of values."""
    rows = [healthy(number) for number in range(30)]
    columns = {"given_name": 0, "email": 2, "postcode": 3, "birth_date": 4, "phone": 5}
    for field, values in changes.items():
        for row, value in enumerate(values):
            rows[row][columns[field]] = value
    return rows


def remarks(instance, tmp_path, rows):
    path = tmp_path / "sick.csv"
    path.write_text(support.to_csv([HEADER, *rows]))
    read = instance.run("read", path, "--template", "connect-card", "--format", "json")
    assert read.code == 0, read
    return {one["name"]: one for one in json.loads(read.out)["remarks"]}


@pytest.fixture(scope="module")
def church():
    instance = support.Instance()
    try:
        instance.up()
        instance.cli("directory", "declare", support.ROOT / "deploy" / "templates" / "people.package.json")
        instance.cli("template", "add", TEMPLATE)
        yield instance
        instance.down()
    finally:
        instance.destroy()


CASES = [
    ("leading-zeros:postcode:5", "postcode", ["2134", "501", "2139"], "2134", "02134"),
    ("two-digit-years:birth_date", "birth_date", ["5/17/80", "12/31/99"], "5/17/80", "5/17/1980"),
    ("future-years:birth_date", "birth_date", ["2068-01-02"], "2068-01-02", "1968-01-02"),
    ("serial-dates:birth_date", "birth_date", ["29358"], "29358", "1980-05-17"),
    ("mojibake:given_name", "given_name", ["JosÃ©", "ZoÃ«"], "JosÃ©", "José"),
]


@pytest.mark.parametrize("name, field, values, before, after", CASES)
def test_damage_is_noticed_with_evidence_and_what_the_repair_would_make_of_it(church, tmp_path, name, field, values, before, after):
    found = remarks(church, tmp_path, sick(**{field: values}))
    assert list(found) == [name]
    one = found[name]
    assert one["field"] == field and one["rows"] == len(values) and one["repairable"]
    assert one["examples"][0] == before and one["proposals"][0] == after
    assert sorted(one["first_rows"]) == list(range(1, len(values) + 1))
    assert before in one["sentence"] and after in one["sentence"]


@pytest.mark.parametrize("name, field, values, before, after", CASES)
def test_nothing_is_changed_unasked_and_the_repair_asked_for_is_made(church, name, field, values, before, after):
    rows = sick(**{field: values})
    batch = church.create([HEADER, *rows], "--repair", name, "--dry-run", template="connect-card")
    view = church.complete(batch)
    assert view["rejected"] == 0, view
    written = values_of(church, batch, field)
    assert written[0] == ("1980-05-17" if name.startswith("two-digit") else after)
    untouched = church.create([HEADER, *rows], "--dry-run", template="connect-card")
    church.complete(untouched)
    assert values_of(church, untouched, field)[0] in (before, "", "2068-01-02")


def values_of(instance, batch, field):
    """What was read of one field, row by row, as it stands in the log."""
    recognised = next(body_of(*event) for event in instance.events(f"parsing/{batch}") if event[0].type == "FileRecognised")
    column, values = list(recognised.fields).index(field), []
    for event in instance.events(f"parsing/{batch}/g1"):
        rows, begin = body_of(*event).rows, 0
        for at, end in enumerate(rows.ends):
            if at % rows.columns == column:
                values.append(rows.values[begin:end].decode())
            begin = end
    return values


def test_numbers_cut_by_the_spreadsheet_are_said_to_be_lost(church, tmp_path):
    one = remarks(church, tmp_path, sick(phone=["1.20656E+09"]))["scientific:phone"]
    assert not one["repairable"] and "lost" in one["sentence"]


def test_cells_that_moved_a_column_are_noticed(church, tmp_path):
    rows = sick()
    rows[4][2:4] = ["", rows[4][2]]
    assert remarks(church, tmp_path, rows)["shifted-columns"]["first_rows"] == [5]


def test_a_row_of_totals_is_no_person(church, tmp_path):
    rows = [*sick(), ["Total", "30", "", "", "", "", ""]]
    assert remarks(church, tmp_path, rows)["totals-rows"]["first_rows"] == [31]
    batch = church.create([HEADER, *rows], "--repair", "totals-rows", "--dry-run", template="connect-card")
    view = church.complete(batch)
    assert view["rejected"] == 1 and view["rows_total"] == 31


def test_healthy_files_get_no_remarks(church, tmp_path):
    assert remarks(church, tmp_path, sick()) == {}
    # Codes with zeros in front, a person named Total, a German name: nothing is amiss.
    assert remarks(church, tmp_path, sick(postcode=["02134", "00501"], given_name=["Total", "Jürgen", "Ãlvaro"])) == {}


def test_a_repair_that_does_not_exist_is_refused_with_the_way_to_the_names(church, tmp_path):
    path = church.file("x.csv", [HEADER, *sick()])
    church.refused("batch", "create", path, "--template", "connect-card", "--repair", "everything", saying=("not a repair", "muster read"))
    church.refused("batch", "create", path, "--template", "connect-card", "--repair", "mojibake:shoe", saying=("not a field",))


def test_a_batch_that_waits_lists_the_remarks_and_takes_a_repair(church):
    batch = church.create([HEADER, *sick(birth_date=["5/17/80"] * 6)], template="connect-card")
    church.wait_state(batch, "Checking For Discrepancies")
    support.wait_for(lambda: church.show(batch)["fix_errors"], lambda: church.show(batch))
    assert "two-digit-years:birth_date" in church.cli("batch", "errors", batch)
    church.cli("batch", "fix", batch, "--repair", "two-digit-years:birth_date")
    view = church.wait_state(batch)
    assert (view["rows_wrong"], view["corrected"], view["generation"]) == (0, 6, 2)
    assert "mended" in church.cli("batch", "errors", batch)
