"""Validation: every wrong row is reported, each for what it is and nothing else; the template and the validator agree."""

import collections
import json
import subprocess

import hypothesis
import hypothesis.strategies
import pytest

import rows_model
from support import BIN, ROOT, to_csv

TEMPLATES = ROOT / "deploy" / "templates"


def load(name):
    return json.loads((TEMPLATES / f"{name}.json").read_text())


class Refused(Exception):
    """The template or the file was not taken."""


def read(folder, template, rows):
    """What is wrong in these rows of cells below the template's titles: the groups, as `muster read` prints them."""
    titles = [field.get("title", field["name"]) for field in template["fields"]]
    (folder / "template.json").write_text(json.dumps(template))
    (folder / "rows.csv").write_text(to_csv([titles, *rows]))
    done = subprocess.run(
        [str(BIN / "muster-parsing"), "--read", "rows.csv", "--rows", "0", "--format", "json", "--template-file",
         "template.json"], capture_output=True, text=True, cwd=folder, timeout=60,
    )
    if done.returncode != 0:
        raise Refused(done.stderr)
    return json.loads(done.stdout)["wrong"]


def said_of_rows(groups):
    """Row number -> {(kind, rule or field)}."""
    said = collections.defaultdict(set)
    for group in groups:
        for row in group["rows"]:
            said[row].add((group["kind"].upper(), group.get("rule") or group["field"]))
    return said


def check_agreement(folder, template, seed, rows_count=10):
    """Random right rows pass; each constraint and rule broken once is said, and nothing else. Returns what was broken."""
    model = rows_model.Model(template, seed)
    right = [row for row in (model.right_row() for _ in range(rows_count)) if row] if model.right_row() else []
    if not right:
        raise Refused("rules that no row fulfils")
    wrong = list(model.wrong_rows())
    again = list(model.repeated_rows(right[0]))
    rows = [(row, set()) for row in right] + wrong + again
    order = list(range(len(rows) - len(again)))
    model.rng.shuffle(order)
    rows = [rows[at] for at in sorted(order, key=lambda at: (at != 0, order.index(at)))] + again
    said = said_of_rows(read(folder, template, [model.cells(row) for row, _ in rows]))
    for at, (row, expected) in enumerate(rows, start=1):
        assert said.get(at, set()) == expected, (
            f"row {at} {dict(zip(model.fields, model.cells(row)))}: expected {expected}, said {said.get(at)}; template "
            f"{json.dumps(template)}")
    return {one for _, expected in rows for one in expected}


@pytest.mark.parametrize("name", ["connect-card", "caseload", "participant"])
@pytest.mark.parametrize("seed", range(5))
def test_a_built_in_template_and_the_validator_agree(name, seed, tmp_path):
    template = load(name)
    broken = check_agreement(tmp_path, template, seed, rows_count=100)
    for rule in template["muster"].get("rules", []):
        assert rule["kind"] == "known" or ("RULE", rule["name"]) in broken, f"no row breaks {rule['name']} alone"
    for field in template["fields"]:
        if field.get("constraints", {}).get("required"):
            assert ("REQUIRED", field["name"]) in broken, field


@hypothesis.given(seed=hypothesis.strategies.integers(0, 2**32 - 1))
@hypothesis.settings(max_examples=120, deadline=None, database=None, phases=[hypothesis.Phase.generate],
                     suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_a_random_template_and_the_validator_agree(tmp_path, seed):
    template = rows_model.random_template(seed)
    try:
        check_agreement(tmp_path, template, seed)
    except Refused as refused:
        # Some templates contradict themselves and are not taken; those that are must be understood.
        assert "rules" in str(refused), refused
        hypothesis.assume(False)


# through the whole system ----------------------------------------------------------------------------------

VISITS = {
    "name": "visits", "title": "Visits",
    "fields": [
        {"name": "given_name", "title": "First Name", "constraints": {"required": True}},
        {"name": "family_name", "title": "Last Name", "constraints": {"required": True}},
        {"name": "email", "title": "Email", "format": "email"},
        {"name": "phone", "title": "Phone", "muster": {"type": "phone"}},
        {"name": "member_number", "title": "Member Number", "constraints": {"unique": True, "pattern": "[0-9]{9}"}},
        {"name": "membership_date", "title": "Member Since", "type": "date", "format": "any"},
        {"name": "campus", "title": "Campus", "constraints": {"enum": ["North", "South", "East"]}},
        {"name": "notes", "title": "Notes"},
    ],
    "muster": {
        "kind": "person", "may_create": True, "duplicate_check": ["email"],
        "sample_row": ["Jane", "Example", "jane@example.org", "", "", "2020-01-31", "North", "Delete this row."],
        "instructions": "One line a visit.\nDelete these lines before you upload.",
        "rules": [
            {"name": "one-way", "kind": "one_of", "groups": [["email"], ["phone"]], "required": True},
            {"name": "members", "kind": "together", "fields": ["member_number", "membership_date"]},
        ],
    },
}
TITLES = [field["title"] for field in VISITS["fields"]]


@pytest.fixture(scope="module")
def visits(shared):
    template = shared.file("visits.json", json.dumps(VISITS))
    return shared.prepare(templates=(template,))


def wrong(visits, rows):
    """Uploads rows of which some are wrong; the groups, and the batch's view. The batch is cancelled."""
    batch = visits.create([TITLES, *rows], template="visits", name="visits.csv")
    view = visits.wait_state(batch)
    assert view["fix_errors"], view
    groups = visits.errors(batch)
    visits.cli("batch", "cancel", batch)
    assert visits.people() == {}, "rows of a batch with errors reached the directory"
    return groups, view


def kind(group):
    return group["kind"].upper().rpartition("WRONG_")[2]


def test_B9_two_columns_that_exclude_each_other_are_said_for_each_row(visits):
    groups, view = wrong(visits, [
        ["Ann", "Ash", "a@example.org", "206 555 0101", "", "", "", ""],
        ["Bob", "Birch", "b@example.org", "206 555 0102", "", "", "", ""],
        ["Cid", "Cedar", "", "", "", "", "", ""],
        ["Dot", "Date", "d@example.org", "", "", "", "", ""],
    ])
    assert [(kind(group), group["rule"], group["count"]) for group in groups] == [("RULE", "one-way", 1)] * 3
    assert {tuple(group["values"]) for group in groups} == {
        ("a@example.org", "206 555 0101"), ("b@example.org", "206 555 0102"), ("", "")}
    assert all(group["fields"] == ["email", "phone"] for group in groups)
    assert any("Only one of Email and Phone may be filled" in group["message"] for group in groups)
    assert int(view["wrong_rows"] if "wrong_rows" in view else 3) == 3


def test_B4_sample_data_and_instructions_left_in_the_file_are_rejected_by_number(visits):
    groups, _ = wrong(visits, [
        VISITS["muster"]["sample_row"], [VISITS["muster"]["instructions"]] + [""] * 7,
        ["Dot", "Date", "d@example.org", "", "", "", "", ""],
    ])
    assert {kind(group) for group in groups} == {"SAMPLE"}
    assert sorted(group["first_rows"] for group in groups) == [[1], [2]]


def test_B37_every_wrong_row_of_ten_thousand_is_counted_in_its_group(visits):
    rows = []
    for number in range(1, 10001):
        row = [f"Given{number}", f"Family{number}", f"p{number}@example.org", "", "", "", "North", ""]
        if number % 10 == 0:
            row[6] = "Nroth"
        elif number % 10 == 1:
            row[6] = f"West {number % 3}"
        elif number % 10 == 2:
            row[4] = f"{number:09}"  # without the date of membership
        elif number % 10 == 3:
            row[4], row[5] = "123-45-6789", "2020-02-29"  # of all these the first is right
        rows.append(row)
    groups, _ = wrong(visits, rows)
    counts = collections.Counter()
    for group in groups:
        counts[kind(group)] += group["count"]
    assert counts == {"ENUM": 2000, "RULE": 1000, "UNIQUE": 999}
    assert {group["value"]: group["count"] for group in groups if kind(group) == "ENUM"}["Nroth"] == 1000
    [unique] = [group for group in groups if kind(group) == "UNIQUE"]
    assert "Row 3 (line 4)" in unique["message"]


def test_B37_a_value_that_is_not_in_the_list_comes_with_those_that_are_like_it(visits):
    groups, _ = wrong(visits, [["Ann", "Ash", "a@example.org", "", "", "", "Noth", ""],
                               ["Bob", "Birch", "b@example.org", "", "", "3/4/62", "north ", ""]])
    [enum] = [group for group in groups if kind(group) == "ENUM"]
    assert enum["suggestions"][0]["value"] == "North", enum


def test_C3_a_year_with_two_digits_is_asked_back_with_both_readings(visits):
    groups, _ = wrong(visits, [["Ann", "Ash", "a@example.org", "", "123456789", "3/14/62", "", ""]])
    [year] = groups
    assert "1962-03-14" in year["message"] and "2062-03-14" in year["message"], year
    assert [one["value"] for one in year["suggestions"]] == ["1962-03-14", "2062-03-14"], year


def test_B27_an_extra_comma_is_said_by_row(visits):
    good = "Ann,Ash,a@example.org,,,,,"
    path = visits.file("comma.csv", f"{','.join(TITLES)}\n{good}\nBob,Birch, the elder,b@example.org,,,,North,x\n")
    batch = visits.create(path, template="visits")
    visits.wait_state(batch)
    [group] = visits.errors(batch)
    assert kind(group) == "COLUMNS" and group["first_rows"] == [2], group
    visits.cli("batch", "cancel", batch)
