"""Templates and kinds are data: what can be said in them, what is said of a mistake, and that a new one needs no program.
(Issue 3, the template language; B2-B24 and C5 rest on it.)"""

import json
import re

import pytest

from support import ROOT

SAMPLES = ROOT / "deploy" / "samples"
DIRECTORY = (
    ("participants.csv", "participant", "Participant ID"), ("programs.csv", "program", "id"), ("staff.csv", "staff", "id"),
    ("relationships.csv", "relationship", "id"), ("caseload-statuses.csv", "caseload_status", "id"),
    ("dismissal-reasons.csv", "dismissal_reason", "id"), ("assignments.csv", "caseload", "id"),
    ("enrollments.csv", "enrollment", "id"),
)

STAYS = ["Participant ID", "First Name", "Last Name", "Bed", "First Night", "Last Night", "In or Out"]
AMARA, BRUNO = ("20101", "Amara", "Osei"), ("20108", "Bruno", "Castellano")


def documented():
    """The examples of deploy/templates/README.md: package, template."""
    text = (ROOT / "deploy" / "templates" / "README.md").read_text()
    blocks = [json.loads(block) for block in re.findall(r"```json\n(\{.*?)```", text, re.S)]
    return next(one for one in blocks if "resources" in one), next(one for one in blocks if one.get("name") == "stays")


def kinds(instance):
    return {kind["name"]: kind for kind in instance.json("directory", "show")["kinds"]}


def with_builtins(instance):
    instance.cli("up", "--detach")
    instance.wait_ready()
    return instance


@pytest.fixture
def agency(idle):
    """An instance with what comes with muster, and the directory of deploy/samples."""
    with_builtins(idle)
    for name, kind, id_column in DIRECTORY:
        idle.import_people(SAMPLES / name, kind, id_column)
    yield idle
    idle.down()


def test_C5_a_new_kind_and_a_template_for_it_need_no_program(agency):
    package, template = documented()
    agency.cli("directory", "declare", agency.file("shelter.package.json", json.dumps(package)))
    agency.import_people(agency.file("beds.csv", [["id", "name"], ["N1", "North 1"], ["N2", "North 2"]]), "bed")
    said = agency.cli("template", "add", agency.file("stays.json", json.dumps(template)))
    assert "stays is version 1" in said
    first = agency.create(
        [STAYS, [*AMARA, "North 1", "3/1/2026", "", "In"], [*BRUNO, "North 2", "3/1/2026", "", "in"]], template="stays",
        name="march.csv",
    )
    assert agency.complete(first)["created"] == 2
    stays = {one["participant"]: one for one in agency.people("stay").values()}
    stay = stays["20101"]
    assert (stay["bed"], stay["first_night"], stay["last_night"]) == ("N1", "2026-03-01", "")
    second = agency.create([STAYS, [*AMARA, "North 1", "", "3/5/2026", "Out"]], template="stays", name="out.csv")
    assert agency.complete(second)["updated"] == 1
    ended = agency.person(stays["20101"]["id"], "stay")
    assert (ended["first_night"], ended["last_night"]) == ("2026-03-01", "2026-03-05")


def test_a_documented_template_refuses_what_its_rules_refuse(agency):
    package, template = documented()
    agency.cli("directory", "declare", agency.file("shelter.package.json", json.dumps(package)))
    agency.import_people(agency.file("beds.csv", [["id", "name"], ["N1", "North 1"]]), "bed")
    agency.cli("template", "add", agency.file("stays.json", json.dumps(template)))
    batch = agency.create(
        [STAYS, [*AMARA, "North 1", "", "", "In"], [*AMARA, "North 9", "3/1/2026", "", "In"],
         [*AMARA, "North 1", "3/1/2026", "", "Stay"], [*AMARA, "North 1", "3/5/2026", "3/1/2026", "In"],
         ["29999", "Ann", "Nobody", "North 1", "3/5/2026", "", "In"]],
        template="stays", name="wrong.csv",
    )
    agency.wait_state(batch)
    found = {(error["first_rows"][0], error["kind"]) for error in agency.errors(batch)}
    assert found == {(1, "rule"), (2, "reference"), (3, "enum"), (4, "rule"), (5, "reference")}


@pytest.mark.parametrize(
    "change, path, words",
    [
        (lambda t: t["muster"].update(may_crate=True), "$.muster:", "allowed are kind, may_create"),
        (lambda t: t["fields"][4].update(type="money"), "$.fields[4].type:", "allowed are string"),
        (lambda t: t["muster"]["rules"][0].update(fields=["night"]), "$.muster.rules[0].fields[0]:", "is not the name of a field"),
        (lambda t: t["muster"]["rules"][0]["when"][0].update(values=["Inn"]), "$.muster.rules[0].when[0].values:", "never apply"),
        (lambda t: t["foreignKeys"][1]["reference"].update(resource="cot"), "$.foreignKeys[1].reference.resource:", "no kind"),
        (lambda t: t["foreignKeys"][1]["reference"].update(fields="label"), "$.foreignKeys[1].reference.fields:", "it has id, name"),
        (lambda t: t["muster"]["subject"].update(target="who"), "$.muster.subject.target:", "no field \"who\""),
        (lambda t: t["muster"].update(kind="stays"), "$.muster.kind:", "muster directory declare"),
    ],
)
def test_a_mistake_in_a_template_is_named_by_its_place_with_what_is_allowed(shared, change, path, words):
    package, template = documented()
    shared.cli("directory", "declare", ROOT / "deploy" / "templates" / "caseload.package.json")
    shared.cli("directory", "declare", shared.file("shelter.package.json", json.dumps(package)))
    change(template)
    shared.refused("template", "add", shared.file("wrong.json", json.dumps(template)), saying=(path, words))


def test_json_that_is_none_is_named_by_line_and_column(shared):
    shared.refused("template", "add", shared.file("broken.json", "{\n  \"name\": \"x\",,\n}"), saying=("line 2, column",))


def test_a_plain_table_schema_is_a_template(muster):
    muster.cli("directory", "declare", muster.file("p.json", json.dumps(
        {"resources": [{"name": "visit", "schema": {"fields": [
            {"name": "who"}, {"name": "day", "type": "date"}, {"name": "paid", "type": "number"}, {"name": "at", "type": "time"}]}}]})))
    schema = muster.file("visits.json", json.dumps({"fields": [
        {"name": "who", "constraints": {"required": True}}, {"name": "day", "type": "date", "format": "%d.%m.%Y"},
        {"name": "paid", "type": "number", "decimalChar": ",", "bareNumber": False}, {"name": "at", "type": "time"}],
        "missingValues": ["-"]}))
    muster.refused("template", "add", schema, saying="$.name: is missing")
    muster.refused("template", "add", schema, "--name", "visits", saying="$.muster: is missing")
    assert "visits is version 1" in muster.cli("template", "add", schema, "--name", "visits", "--kind", "visit")
    assert "visits is version 1" in muster.cli("template", "add", schema, "--name", "visits", "--kind", "visit")
    shown = muster.cli("template", "show", "visits")
    assert "feeds visit" in shown and "time" in shown
    rows = "who;day;paid;at\nAnn;03.04.2026;12,50 €;08:15:00\nBen;31.02.2026;-;-\n"
    batch = muster.create(rows, template="visits", name="visits.csv")
    muster.wait_state(batch)
    assert [(error["field"], error["value"]) for error in muster.errors(batch)] == [("day", "31.02.2026")]


def test_what_comes_with_muster_is_there_and_an_organisations_own_kind_is_left_alone(idle):
    idle.up()
    own = {"resources": [{"name": "program", "schema": {"fields": [{"name": "label"}]}}]}
    idle.cli("directory", "declare", idle.file("own.json", json.dumps(own)))
    idle.down()
    with_builtins(idle)
    assert [field["name"] for field in kinds(idle)["program"]["fields"]] == ["label"]
    assert "caseload" not in kinds(idle) and "person" in kinds(idle)
    assert {one["name"] for one in idle.documents("template", "list")} == {"connect-card"}
    idle.down()


def test_all_three_built_in_templates_are_there_once(idle):
    for _ in range(2):
        with_builtins(idle)
        assert {one["name"]: one["version"] for one in idle.documents("template", "list")} == {
            "caseload": 1, "connect-card": 1, "participant": 1}
        assert {"participant", "program", "staff", "caseload", "enrollment", "person"} <= set(kinds(idle))
        idle.down()


def test_B8_to_B24_the_caseload_sample_becomes_what_its_table_says(agency):
    text = (SAMPLES / "README.md").read_text().split("A human-service agency")[1]
    expected = {int(row): what for row, what in re.findall(r"^\| (\d+) \|[^|]*\| (.*) \|$", text, re.M)}
    assert len(expected) == 25
    batch = agency.create(SAMPLES / "caseloads.csv", template="caseload", name="caseloads.csv")
    view = agency.wait_state(batch)
    assert view["fix_errors"], view
    wrong = set()
    for error in agency.errors(batch):
        wrong.update(error["first_rows"])
    assert wrong == {row for row, what in expected.items() if what.startswith("wrong")}
    assert next(error for error in agency.errors(batch) if error["value"] == "Youth Mentorng")["count"] == 3
    agency.cli("batch", "fix", batch, "--without-bad-rows")
    agency.complete(batch)
    results = agency.results(batch)
    for row, what in expected.items():
        word = "rejected" if what.startswith("wrong") else "updated" if what.startswith("ends") else "created"
        assert results[row]["outcome"] == word, (row, what, results[row])
    assert agency.person("A-1", "caseload")["end_date"] == "2026-03-13"
    assert agency.person("E-1", "enrollment")["end_date"] == "2026-03-13"
    assert agency.person("A-9", "caseload")["version"] == 1
