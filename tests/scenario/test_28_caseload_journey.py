"""A supervisor at a human-service agency, from the blank template to the mail that all is done, and the next month's file,
which asks less (B2-B53); and what of the screens for uploading has a command already."""

import csv

import openpyxl
import pytest

import agency
from agency import HEADER, insert
from support import ROOT, STATES, wait_for

pytest.importorskip("aiosmtpd.controller")
from mail_sink import ANNA, Sink, settings  # noqa: E402

SAMPLES = ROOT / "deploy" / "samples"
LISTS = {
    "programs": "program", "staff": "staff", "relationships": "relationship", "caseload-statuses": "caseload_status",
    "dismissal-reasons": "dismissal_reason", "assignments": "caseload", "enrollments": "enrollment",
}


@pytest.fixture
def sink():
    one = Sink().start()
    yield one
    one.stop()


@pytest.fixture
def office(idle, sink):
    """Muster as it comes, with its built-in templates; the agency of the samples; mail to Anna."""
    idle.data.mkdir(parents=True)
    (idle.data / "mail.yaml").write_text(settings(sink.port))
    idle.cli("up", "--detach")
    idle.wait_ready()
    idle.import_people(SAMPLES / "participants.csv", "participant", "Participant ID")
    for name, kind in LISTS.items():
        idle.import_people(SAMPLES / f"{name}.csv", kind)
    yield idle
    idle.down()


@pytest.fixture
def small(muster):
    return agency.open_agency(muster)


def mail(sink, text):
    return wait_for(lambda: sink.about(text), lambda: [m["Subject"] for _, _, m, _, _ in sink.mails])[0].get_content()


def blank(office, name="caseload"):
    """The template's file as muster makes it today."""
    path = office.files / f"{name}.xlsx"
    office.cli("template", "generate", name, "-o", path, "--force")
    return openpyxl.load_workbook(path)


def fill(book, rows, keep_sample=False):
    """Types rows (column title -> value) under the headers of a template."""
    sheet = book.worksheets[0]
    titles = [str(cell.value).lstrip("#") for cell in sheet[1]]
    if not keep_sample:
        sheet.delete_rows(2)
    for row in rows:
        assert set(row) <= set(titles), row
        sheet.append([row.get(title) for title in titles])


def person(number, first, last, **more):
    return {"Participant ID": number, "First Name": first, "Last Name": last, "Caseworker Name": "Dana Whitfield",
            "Update or Insert": "Insert", "Start Date": "2026-05-04", **more}


def in_program(number, first, last, program, **more):
    return person(number, first, last, **{"Program Name": program, "Program Start Date": "2026-05-04", **more})


def upload(office, book, name):
    path = office.files / name
    book.save(path)
    return office.create(path, template="caseload")


def test_from_the_blank_template_to_the_mail_and_the_next_file_asks_less(office, sink):
    # B2-B4: a fresh template; whoever forgets to delete its sample is told so, once.
    book = blank(office)
    drop_downs = {str(one.sqref): one.formula1 for one in book.worksheets[0].data_validations.dataValidation if one.type == "list"}
    assert any("Youth Mentoring" in values for values in drop_downs.values()), drop_downs
    forgotten = upload(office, book, "forgotten.xlsx")
    office.wait_state(forgotten)
    errors = office.errors(forgotten)
    assert [(one["kind"], one["first_rows"]) for one in errors] == [("sample", [1])], errors
    office.cli("batch", "cancel", forgotten)

    # Filled in. Three rows with one misspelled program, a status, two columns that contradict each other, a stranger's
    # number, and a participant whose name is another's.
    rows = [
        in_program("20108", "Bruno", "Castellano", "Job Readyness"),
        in_program("20115", "Celeste", "Harrow", "Job Readyness"),
        in_program("20122", "Darnell", "Whitlock", "Job Readyness"),
        in_program("20129", "Esperanza", "Quintero", "Job Readiness", **{"Caseload Status": "Actve"}),
        in_program("20136", "Farid", "Nazari", "Job Readiness", **{"Program ID": "P-02"}),
        person("29999", "Nobody", "Knows"),
        person("20185", "Somebody", "Else"),
        person("20192", "Nathaniel", "Crowe"),
    ]
    book = blank(office)
    fill(book, rows)
    before = office.people("caseload")
    batch = upload(office, book, "May caseload.xlsx")
    view = office.wait_state(batch)
    assert view["fix_errors"] and view["rows_wrong"] == 6 and office.people("caseload") == before, view  # B34
    assert f"muster batch errors {batch}" in mail(sink, "6 rows to correct")
    shown = office.cli("batch", "errors", batch)
    for words in ("3 rows Program Name \"Job Readyness\"", "Did you mean \"Job Readiness\"?", "lines 2, 3, 4", "Give Program ID or Program Name"):
        assert words in shown, shown

    # B38-B43: picked, typed, one of two columns, left out; what is typed wrong is refused.
    fix = ("batch", "fix", batch)
    office.refused(*fix, "--from", "Job Readyness", "--to", "Job Redyness", saying=("Did you mean", "Job Readiness"))
    office.cli(*fix, "--from", "Job Readyness", "--to", "Job Readiness")
    office.cli(*fix, "--pick")
    office.cli(*fix, "--field", "Program ID", "--from", "P-02", "--to", "")
    office.refused(*fix, "--finish", saying="1 of 4")
    office.down()  # the weekend
    office.cli("up", "--detach")
    office.wait_ready()
    office.cli(*fix, "--from", "29999", "--leave-out")

    # A23: whose number has another's name is asked, and shown beside the record.
    office.wait_state(batch, "Await Discrepancy Verification")
    assert f"muster batch discrepancies {batch}" in office.cli("batch", "show", batch)
    assert list(office.questions(batch)) == [7]
    asked = office.cli("batch", "discrepancies", batch, "--entry", 7)
    assert "Somebody" in asked and "Echeverria" in asked and "--new" not in asked, asked
    office.resolve(batch, 7, "--skip")

    # B45-B50: done, told by mail, and logged row by row.
    view = office.complete(batch)
    assert (view["created"], view["skipped"], view["rejected"], view["corrected"]) == (6, 1, 1, 5), view
    text = mail(sink, "complete")
    assert "Received: 8" in text and "Accepted: 6 " in text and "May caseload.xlsx" in text and f"muster batch log {batch}" in text
    assert sink.mails[-1][1] == [ANNA]
    shown = office.cli("batch", "log", batch)
    assert 'Program Name: "Job Readyness"' in shown and "program_name" not in shown, shown
    assert "program_name: " in office.run("batch", "log", batch, "--json").out
    path = office.files / "log.csv"
    office.cli("batch", "log", batch, "-o", path)
    log = list(csv.DictReader(path.open(encoding="utf-8-sig")))
    assert [one["outcome"] for one in log] == ["created"] * 5 + ["rejected", "skipped", "created"], log
    enrolled = {one["participant"] for one in office.people("enrollment").values() if (one["program"], one["start_date"]) == ("P-02", "2026-05-04")}
    assert enrolled == {"20115", "20122", "20129", "20136"}, "Bruno was in the program already"

    # Next month the same misspelling is put right by itself, and said.
    book = blank(office)
    fill(book, [in_program("20199", "Odalys", "Fuentes", "Job Readyness")])
    following = upload(office, book, "June.xlsx")
    assert office.complete(following)["created"] == 1
    assert office.show(following)["rules"] == ["R1: 1 row"]
    assert office.people("caseload")[f"{following}-1"]["program"] == "P-02"


def test_rejected_rows_of_every_template_that_is_built_in_can_be_sent_back_as_they_are(office):
    """What muster writes, muster takes: no column of the file means something else to a template."""
    files = {
        "caseload": "Participant ID,First Name,Last Name,Caseworker Name,Start Date,Update or Insert\n20192,Nathaniel,Crowe,Nobody,2026-05-04,Insert\n",
        "connect-card": "First Name,Last Name,Email\nAnn,Ash,not an address\n",
        "participant": "Participant ID,First Name,Last Name,Date of Birth\n29998,Ann,Ash,31.31.1999\n",
    }
    for template, text in files.items():
        batch = office.create(text, template=template, name=f"{template}.csv")
        assert office.wait_state(batch)["fix_errors"], template
        for form in ("csv", "xlsx"):
            generation = office.show(batch)["generation"]
            path = office.files / f"{template}-rejected.{form}"
            office.cli("batch", "rejected", batch, "-o", path)
            office.cli("batch", "fix", batch, "--rows", path)
            view = office.wait_state(batch)
            assert view["generation"] == generation + 1 and view["rows_wrong"] == 1 and not view["notice"], view


def test_B28_B29_A30_thousands_of_rows_go_through_the_steps_of_one(small):
    """Over 600 rows were not recommended once; here they are like any others."""
    people_in = agency.participants(3_000)
    small.import_people(small.file("participant.csv", people_in), "participant")
    for count in (1, 3_000):
        batch = small.create([HEADER, *(insert(at, f"2026-0{1 if count == 1 else 2}-03", staff_id="S-2", program_id="") for at in range(1, count + 1)
                                        if count == 1 or at not in (1, 2))], template="caseload")
        view = small.complete(batch, timeout_s=120)
        assert view["created"] == (1 if count == 1 else count - 2) and view["rejected"] == 0, view


def test_B36_the_error_summary_says_kind_by_kind_what_is_to_do(small):
    rows = [insert(3, "2026-02-01", program_id="", program="Housng First"), insert(4, "2026-02-01", program_id="", program="Housng First"),
            insert(5, "2026-02-01", status="Actve"), insert(6, "31.31.2026"), insert(2, ""),
            insert(6, "2026-04-05 13:30")]
    batch = small.create([HEADER, *rows], template="caseload")
    small.wait_state(batch)
    lines = small.cli("batch", "errors", batch, "--group").splitlines()
    summary = {line[:40].strip(): line[40:].split() for line in lines if line[:1].isalpha() and line.rstrip()[-1:].isdigit()}
    kinds = {}
    for one in small.errors(batch):
        counted = kinds.setdefault(one["kind"], [0, 0, 0])
        for at, more in enumerate((1, one["count"], one["correction"] is None)):
            counted[at] += more
    (timed,) = [one["message"] for one in small.errors(batch) if one["value"] == "2026-04-05 13:30"]
    assert timed.startswith('A time stands behind the date') and 'leave "13:30" out' in timed, timed
    assert sorted([int(word) for word in words[-3:]] for words in summary.values()) == sorted(kinds.values()), lines


def test_B30_a_batch_is_of_a_kind_that_is_chosen_from_a_list(small):
    small.refused("batch", "create", small.file("caseload.csv", [HEADER, insert(3, "2026-01-01")]), code=2, saying=("template", "template list"))
    assert "caseload" in small.cli("template", "list")


def test_B32_B48_B51_what_runs_or_waits_is_in_progress_and_what_has_ended_is_complete(small):
    def listed(tab):
        return [(one["batch_id"], one["template_name"], one["file_name"]) for one in small.documents("batch", "list", tab)]

    waits = small.create([HEADER, insert(3, "2026-01-01", status="Actve")], template="caseload", name="waits.csv")
    done = small.create([HEADER, insert(4, "2026-01-01")], template="caseload", name="done.csv")
    small.wait_state(waits)
    small.complete(done)
    assert listed("--in-progress") == [(waits, "caseload", "waits.csv")]
    assert listed("--complete") == [(done, "caseload", "done.csv")]
    shown = small.cli("batch", "list", "--complete")
    assert "caseload" in shown and "done.csv" in shown and "waits" not in shown, shown
    small.cli("batch", "fix", waits, "--pick")
    small.complete(waits)
    assert listed("--in-progress") == [] and len(listed("--complete")) == 2
    assert "no batches in progress" in small.cli("batch", "list", "--in-progress")
    small.refused("batch", "list", "--in-progress", "--complete", code=2, saying="or")


def test_a_file_imported_into_the_wrong_kind_is_warned_of_and_a_right_one_is_not(small):
    for header, path in (("", None), ("--id", "id")):
        options = [one for one in (header, path) if one]
        done = small.run("directory", "import", SAMPLES / "enrollments.csv", "--kind", "program", *options)
        assert done.code == 0 and f"warning: Only {1 + len(options) // 2} of 5 columns" in done.said, done
        assert '"program" as "name"' in done.said and 'Left out: ' in done.said and '"end_date"' in done.said, done
    done = small.run("directory", "import", SAMPLES / "programs.csv", "--kind", "program", "--id", "id")
    assert done.code == 0 and "Only" not in done.said, done


def test_A21_every_state_has_one_label_for_people_and_one_identifier_for_programs(small):
    batch = small.create([HEADER, insert(4, "2026-01-01")], template="caseload")
    small.complete(batch)
    assert small.show(batch)["state"] == "complete"
    assert STATES[5] in small.cli("batch", "show", batch) and STATES[5] in small.cli("batch", "list")


def test_B53_the_advice_stands_in_every_file_that_is_made_to_be_filled_in(small):
    advice = ("right to make the same changes by hand", "fresh template", "without formatting", "Look at the data twice", "one or two rows first")
    book = blank(small)
    text = "\n".join(str(cell) for row in book["Instructions"].iter_rows(values_only=True) for cell in row if cell)
    for words in advice:
        assert words in text, words
    small.cli("template", "generate", "caseload", "-o", small.files / "caseload.md")
    document = (small.files / "caseload.md").read_text()
    assert all(words in document for words in advice)


def test_B24_of_two_caseworkers_of_one_name_a_person_says_which_and_it_is_not_remembered(small):
    small.import_people(small.file("staff.csv", [["id", "name", "given_name", "family_name", "email"], ["S-9", "Dana Sample", "Dana", "Sample", "dana2@example.org"]]), "staff")
    rows = [insert(3, "2026-02-01", staff_id="", staff="Dana Sample"), insert(4, "2026-02-01", staff_id="", staff_first="Dana", staff_last="Sample")]
    batch = small.create([HEADER, *rows], template="caseload")
    small.wait_state(batch)
    assert "\"S-9\" (Dana Sample, dana2@example.org)" in small.cli("batch", "errors", batch)
    assert "nothing was picked" in small.cli("batch", "fix", batch, "--pick")
    small.cli("batch", "fix", batch, "--field", "Caseworker Name", "--from", "Dana Sample", "--to", "S-9")
    small.cli("batch", "fix", batch, "--from", "Dana|Sample", "--to", "S-1")
    small.complete(batch)
    assert [small.people("caseload")[f"{batch}-{row}"]["caseworker"] for row in (1, 2)] == ["S-9", "S-1"]
    assert small.documents("rules", "list") == []


def test_who_a_row_is_about_is_never_picked_by_the_likeness_of_a_number(small):
    batch = small.create([HEADER, insert({"number": "1019", "first": "Nobody", "last": "Knows"}, "2026-02-01")], template="caseload")
    small.wait_state(batch)
    assert small.errors(batch)[0]["suggestions"], "it is suggested"
    assert "nothing was picked" in small.cli("batch", "fix", batch, "--pick", "--likeness", "1")


def test_one_of_several_columns_that_contradict_each_other_is_corrected_by_itself(small):
    batch = small.create([HEADER, insert(3, "2026-03-17", end="2026-03-10")], template="caseload")
    small.wait_state(batch)
    small.cli("batch", "fix", batch, "--field", "End Date", "--from", "2026-03-10", "--to", "2026-04-10")
    small.complete(batch)
    assert small.people("caseload")[f"{batch}-1"]["end_date"] == "2026-04-10"


def test_B4_a_torn_row_or_the_sample_is_one_error_not_several(small):
    text = "Participant ID,First Name,Last Name,Caseworker Name,Start Date,Update or Insert\n9999,A,B,Tom, Nobody,2026-05-04,Insert\n"
    batch = small.create(text, template="caseload")
    small.wait_state(batch)
    assert [one["kind"] for one in small.errors(batch)] == ["columns"]


def test_whoever_waits_for_the_end_is_told_what_a_person_has_to_do_first(small):
    batch = small.create([HEADER, insert(3, "2026-01-01", status="Actve")], template="caseload")
    small.wait_state(batch)
    watching = small.background("batch", "wait", batch, "--complete")
    try:
        line = next(line for line in watching.stderr if "note:" in line)
        assert f"muster batch errors {batch}" in line
    finally:
        watching.kill()
        watching.wait()
