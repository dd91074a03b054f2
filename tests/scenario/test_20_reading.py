"""Reading whatever an office has: files of public collections as their authors mean them, and columns that are understood,
shown with how sure that is before anything is uploaded, and remembered (A6, B8, B27, B33, C1)."""

import csv
import json

import pytest

import people
from bus import pb

EMPTY = "empty"  # what is said of a file without a character


@pytest.fixture(scope="module")
def church(shared):
    return shared.prepare(people.directory(2))


def read(church, path, *options):
    return church.json("read", path, "--format", "json", "--rows", "100000", *options)


def objects(seen):
    return [dict(zip(seen["columns"], row)) for row in seen["rows"]]


# Collections of CSV files ------------------------------------------------------------------------------------

SPECTRUM = ["comma_in_quotes", "empty", "empty_crlf", "escaped_quotes", "json", "newlines", "newlines_crlf",
            "quotes_and_newlines", "simple", "simple_crlf", "utf8"]


@pytest.mark.parametrize("name", SPECTRUM)
def test_csv_spectrum_files_are_read_as_their_authors_say(church, public_data, name):
    folder = public_data / "csv-spectrum"
    wanted = json.loads((folder / "json" / f"{name}.json").read_text())
    if name == "newlines_crlf":  # the file in the collection has LF where its expectation has CRLF
        wanted = json.loads(json.dumps(wanted).replace("\\r\\n", "\\n"))
    assert objects(read(church, folder / "csvs" / f"{name}.csv")) == wanted


CSVLINT = {  # line end, rows
    "cr-line-endings": ("CR", 2), "crlf-line-endings": ("CRLF", 2), "lf-line-endings": ("LF", 2),
    "inconsistent-line-endings": ("mixed", 2), "inconsistent-line-endings-unquoted": ("mixed", 2),
    "windows-line-endings": ("CRLF", 1), "valid": ("CRLF", 2), "valid_many_rows": ("CRLF", 6),
    "invalid_many_rows": ("CRLF", 10),  # invalid only against a schema of its own
    "title-row": ("LF", 2),  # its first line is a title
    "invalid-byte-sequence": ("CRLF", 23),  # invalid as UTF-8; it is windows-1252
}


@pytest.mark.parametrize("name", CSVLINT)
def test_csvlint_files_are_read(church, public_data, name):
    seen = read(church, public_data / "csvlint" / f"{name}.csv")
    line_end, rows = CSVLINT[name]
    assert seen["dialect"]["line_end"] == line_end
    assert len(seen["rows"]) == rows and all(len(row) == len(seen["columns"]) for row in seen["rows"])
    assert seen["dialect"]["header"] and seen["dialect"]["preamble_lines"] == (name == "title-row")
    if name == "invalid-byte-sequence":
        assert seen["dialect"]["encoding"] == "windows-1252" and seen["dialect"]["encoding_sure"] >= 90
        assert "Hist\u00f3rico" in seen["columns"]


SEPARATORS = {"carets": "^", "colon": ":", "comma": ",", "pipes": "|", "semicolon": ";", "tab": "\t"}


@pytest.mark.parametrize("name", SEPARATORS)
def test_frictionless_separators_are_found(church, public_data, name):
    seen = read(church, public_data / "frictionless-test-data" / "csv" / "separators" / f"{name}.csv")
    assert seen["dialect"]["delimiter"] == SEPARATORS[name]
    assert seen["columns"] == ["number", "string", "boolean"]
    assert seen["rows"] == [["1", "one", "true"], ["2", "two", "false"]]


ENCODINGS = {"utf8": "UTF-8", "iso8859": "windows-1252", "western-macos-roman": "macintosh"}


@pytest.mark.parametrize("name", ENCODINGS)
def test_frictionless_encodings_are_found_and_how_sure_that_is_is_said(church, public_data, name):
    seen = read(church, public_data / "frictionless-test-data" / "csv" / "encodings" / f"{name}.csv")
    assert seen["rows"][0][0] == "R\u00e9union" and seen["dialect"]["encoding"] == ENCODINGS[name]
    assert seen["dialect"]["encoding_guessed"] == (name != "utf8")
    assert (seen["dialect"]["encoding_sure"] == 100) == (name == "utf8")


def test_frictionless_odd_files_are_read_or_refused_with_a_reason(church, public_data):
    folder = public_data / "frictionless-test-data"
    wide = read(church, folder / "csv" / "1030_columns.csv")
    assert len(wide["columns"]) == 1030 and {len(row) for row in wide["rows"]} == {1030}
    assert read(church, folder / "csv" / "various-characters.csv")["rows"][0] == ["\u0442\u0435\u0441\u0442", "\u0444\u0430\u0439\u043b", "\u0440\u0443\u0441\u0441\u043a\u0438\u0439"]
    ragged = read(church, folder / "csv" / "inconsistent-column-number.csv")
    assert len({len(row) for row in ragged["rows"]}) > 1, "shown as found"
    assert read(church, folder / "wrong-extension-files" / "comma.txt")["columns"] == ["number", "string", "boolean"]
    for name in ("empty-files/empty.csv", "empty-files/empty.txt", "zero-files/zero.csv", "zero-files/zero.xls"):
        church.refused("read", folder / name, saying=EMPTY)
    # Not CSV, whatever their names say.
    church.refused("read", folder / "wrong-extension-files" / "sample-1-sheet.txt", saying="Excel")
    church.refused("read", folder / "empty-files" / "empty.html", saying="CSV")


def test_w3c_csvw_tables_without_metadata_have_their_rows(church, public_data):
    folder = public_data / "w3c_csvw"
    compared = 0
    for path in sorted(folder.glob("test*.csv")):
        expected = path.with_suffix(".json")
        metadata = [path.with_name(path.stem + "-metadata.json"), path.with_name(path.stem + "-user-metadata.json"),
                    path.with_name(path.name + "-metadata.json")]
        if not expected.exists() or any(one.exists() for one in metadata):
            continue
        table = json.loads(expected.read_text())["tables"][0]
        wanted = [one for row in table["row"] for one in row["describes"]]
        seen = read(church, path)
        # What has no header is named so by CSVW (test019 says by its media type what is found here by looking).
        columns = seen["columns"] or [f"_col.{at}" for at in range(1, len(seen["rows"][0]) + 1)]
        # CSVW has no cell for a blank one; test003 keeps the blanks around values, as they are found here too.
        rows = [{name.strip(): cell for name, cell in zip(columns, row) if cell} for row in seen["rows"]]
        assert rows == wanted, path.name
        compared += 1
    assert compared >= 10


def test_pollock_survey_files_are_read_with_their_header(church, public_data):
    """A sample of the bench (tests/bench/run pollock): preamble, groups above the header, semicolons, no header."""
    folder = public_data / "pollock_survey"
    for name in ("business_expenses_apr_jun_14_peter_lewis.csv", "Sun2014-Rs.csv", "tetranatrolite.csv", "Auto_Tone_sub242_nov.csv",
                 "Wakefield Council Procurement Card Transactions 2018-19 Q2.csv"):
        text = church.cli("read", folder / "csv" / name, "--format", "csv")
        first = next(csv.reader(text.splitlines()))
        with (folder / "clean" / name).open(newline="") as file:
            assert first == next(csv.reader(file)), name


# Damaged rows --------------------------------------------------------------------------------------------------


def test_B27_a_quote_too_many_costs_its_own_row_and_no_other(church):
    rows = [",".join(people.card(people.person(at))) for at in range(1, 6)]
    rows[2] = '"' + rows[2]
    batch = church.create("\n".join([",".join(people.CARD_HEADER), *rows]) + "\n", name="quote.csv")
    view = church.wait_state(batch)
    assert view["fix_errors"] and view["rows_wrong"] == 1, view
    (group,) = church.errors(batch)
    assert group["first_lines"] == [4] and "quote" in group["message"], group
    church.cli("batch", "fix", batch, "--without-bad-rows")
    assert church.complete(batch)["rows_total"] == 5


def test_B27_a_row_with_a_delimiter_too_many_is_rejected_and_never_shifted(church):
    good = people.card(people.person(3))
    blank_end = [*good[:-1], ""]  # what is moved beyond the header is blank: no reason to believe the rest
    rows = [good, [good[0], "", *good[1:]], good[:-1], [blank_end[0], "", *blank_end[1:]]]
    batch = church.create([people.CARD_HEADER, *rows], name="shifted.csv")
    view = church.wait_state(batch)
    assert view["rows_wrong"] == 3, view
    assert {line for group in church.errors(batch) for line in group["first_lines"]} == {3, 4, 5}
    church.cli("batch", "cancel", batch)


def test_rows_that_all_end_in_delimiters_are_whole(church):
    text = ",".join(people.CARD_HEADER) + "\n" + "".join(",".join(people.card(people.person(at))) + ",,\n" for at in range(1, 5))
    assert church.complete(church.create(text, "--dry-run", name="delimiters.csv"))["rejected"] == 0


def test_mac_and_dos_files_are_uploaded_with_their_letters(church):
    for encoding, name in (("mac_roman", "macintosh"), ("cp850", "IBM850"), ("utf-32", "UTF-32")):
        rows = "".join(f"Ren\u00e9e,M\u00fcller-Stra\u00dfe,r{at}@{encoding}.example.org\n" for at in range(30))
        path = church.file(f"{encoding}.csv", ("First Name,Last Name,Email\n" + rows).encode(encoding))
        seen = read(church, path)
        assert name in seen["dialect"]["encoding"] and seen["rows"][0][:2] == ["Ren\u00e9e", "M\u00fcller-Stra\u00dfe"]


# Columns ---------------------------------------------------------------------------------------------------------


def columns(church, content, template="card", name="columns.csv", *options):
    seen = read(church, church.file(name, content), "--template", template, *options)
    return {one["header"]: one for one in seen["mapping"]}, seen


def test_C1_A6_columns_are_understood_by_name_title_synonym_and_mark_and_how_sure_that_is_is_shown(church):
    found, seen = columns(church, "#First Name,SURNAME!,e_mail,Date of  Birth,Shoe size\nAnn,Ash,a@example.org,1980-01-02,38\n")
    assert [found[name]["field"] for name in ("#First Name", "SURNAME!", "e_mail", "Date of  Birth", "Shoe size")] == [
        "first_name", "last_name", "email", "birth_date", ""]
    assert found["#First Name"]["sure"] == 100 and found["SURNAME!"]["how"] == "synonym"
    assert found["Shoe size"]["how"] == "left out" and any("Shoe size" in one for one in seen["warnings"])
    table = church.cli("read", church.files / "columns.csv", "--template", "card")
    assert "first_name" in table and "100 %" in table


def test_a_misspelled_header_is_understood_only_when_it_is_clear(church):
    found, seen = columns(church, "Frist Name,Last Nmae,Email,Emial\nAnn,Ash,a@example.org,x\n")
    assert found["Frist Name"]["field"] == "first_name" and found["Last Nmae"]["field"] == "last_name"
    assert found["Last Nmae"]["how"] == "spelling" and 50 < found["Last Nmae"]["sure"] < 100
    assert found["Emial"]["field"] == "", "the file has the field already"
    assert any("Last Nmae" in one and "spelling" in one for one in seen["warnings"])


CONTACTS = {
    "name": "contacts",
    "fields": [
        {"name": "email", "title": "Email", "type": "string", "format": "email", "constraints": {"required": True},
         "muster": {"type": "email"}},
        {"name": "birth_date", "title": "Date of Birth", "type": "date", "constraints": {"required": True}},
    ],
    "muster": {"kind": "person", "may_create": True, "duplicate_check": ["email"]},
}


@pytest.fixture(scope="module")
def contacts(church):
    church.cli("template", "add", church.file("contacts.template.json", json.dumps(CONTACTS)))
    return church


def test_columns_without_a_name_are_known_by_their_values(contacts):
    rows = "".join(f"person{at}@example.org,198{at}-02-03,{at}\n" for at in range(6))
    found, seen = columns(contacts, "Column1,Column2,Column3\n" + rows, "contacts")
    assert (found["Column1"]["field"], found["Column2"]["field"], found["Column3"]["field"]) == ("email", "birth_date", "")
    assert found["Column1"]["how"] == "content" and found["Column1"]["sure"] >= 80
    # A name that says something else is believed: a spouse's address is nobody's own.
    path = contacts.file("spouse.csv", "Spouse,Date of Birth\n" + "".join(f"s{at}@example.org,1980-01-0{at + 1}\n" for at in range(4)))
    said = contacts.run("read", path, "--template", "contacts")
    assert said.code == 1 and "Email" in said.said and 'column 1 "Spouse"' in said.said, said


def test_a_file_without_header_is_read_when_every_needed_column_is_sure(contacts):
    rows = "".join(f"198{at}-02-03,north,person{at}@example.org\n" for at in range(6))
    batch = contacts.create(rows, "--dry-run", template="contacts", name="bare.csv")
    assert contacts.complete(batch)["rows_total"] == 6
    # Names cannot be told by their looks: refused, with what to do.
    path = contacts.file("bare-card.csv", "".join(f"Ann,Ash,a{at}@example.org,198{at}-01-02\n" for at in range(6)))
    batch = contacts.create(path, template="card")
    view = contacts.wait_state(batch)
    assert view["outcome"] == "failed" and "First Name" in view["failure"] and "names of columns" in view["failure"], view
    assert '--map "#3=FIELD"' in view["failure"], view
    # Said by number, it goes.
    batch = contacts.create(path, "--dry-run", "--map", "#1=first_name", "--map", "#2=last_name", template="card")
    assert contacts.complete(batch)["rows_total"] == 6


def test_B8_B33_A6_a_file_that_does_not_fit_is_refused_with_its_columns_and_the_template_that_fits_better(contacts):
    batch = contacts.create("First Name,Last Name,Suffix\nAnn,Ash,Jr\n", template="contacts", name="other.csv")
    view = contacts.wait_state(batch)
    assert view["outcome"] == "failed", view
    for words in ("Email", "First Name", "Last Name", '"card"', '--map "HEADER=FIELD"'):
        assert words in view["failure"], view["failure"]


def test_what_somebody_chose_for_a_header_is_used_for_the_next_file_of_the_template(church):
    header = "Rufname,Nachname,Anschrift\n"
    first = church.create(header + "Ann,Ash,ann.ash@example.org\n", "--dry-run", "--map", "Rufname=first_name", "--map",
                          "Nachname=last_name", "--map", "Anschrift=email", name="one.csv")
    church.complete(first)
    second = church.create("NACHNAME,Anschrift,rufname\nBirch,bob@example.org,Bob\n", "--dry-run", name="two.csv")
    assert church.complete(second)["rows_total"] == 1
    (recognised,) = [
        pb.FileRecognised.FromString(body) for head, body in church.events(f"parsing/{second}") if head.type == "FileRecognised"
    ]
    assert {one.header: (one.field, one.how) for one in recognised.columns} == {
        "NACHNAME": ("last_name", "remembered"), "Anschrift": ("email", "remembered"), "rufname": ("first_name", "remembered")}
    assert all(90 <= one.sure < 100 for one in recognised.columns)
    assert any("earlier batch" in one for one in recognised.warnings)
