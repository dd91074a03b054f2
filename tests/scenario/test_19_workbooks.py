"""Workbooks (.xlsx): what an office keeps its lists in is read as it is shown, and what is made to do harm is refused with
a reason."""

import datetime
import json
import os
import resource
import subprocess
import zipfile

import openpyxl
import openpyxl.styles
import pytest

import people
from support import BIN, PATIENCE, wait_for

MEMORY_MAX = 256 << 20  # bytes of the process that reads
SECONDS_MAX = 5  # for any file that is refused or small

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@pytest.fixture(scope="module")
def church(shared):
    return shared.prepare(people.directory(3))


# Making workbooks ---------------------------------------------------------------------------------------------


def workbook(path, sheets, style=None):
    """sheets: name -> rows. `style` may dress each cell."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if style:
            for cell in (cell for row in sheet.iter_rows() for cell in row):
                style(cell)
    book.save(path)
    return path


def relations(*items):
    lines = "".join(f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{target}"/>' for name, kind, target in items)
    return f'{HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{lines}</Relationships>'


def sheet_of(rows):
    return f"{HEAD}<worksheet><sheetData>{rows}</sheetData></worksheet>"


ROWS = '<row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c></row><row r="2"><c r="A2"><v>7</v></c></row>'


def raw(path, parts=None, sheet=ROWS, more=()):
    """A workbook by hand; `parts` replace the usual ones (None: left out), `more` are written behind them."""
    usual = {
        "[Content_Types].xml": HEAD + "<Types/>",
        "_rels/.rels": relations(("a", "officeDocument", "xl/workbook.xml")),
        "xl/_rels/workbook.xml.rels": relations(
            ("r1", "worksheet", "worksheets/sheet1.xml"), ("r2", "sharedStrings", "sharedStrings.xml")
        ),
        "xl/workbook.xml": f'{HEAD}<workbook xmlns:r="{OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/sharedStrings.xml": f"{HEAD}<sst><si><t>one</t></si></sst>",
        "xl/worksheets/sheet1.xml": sheet if sheet.startswith("<?xml") else sheet_of(sheet),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in {**usual, **(parts or {})}.items():
            if content is not None:
                archive.writestr(name, content)
        for name, content in more:
            archive.writestr(name, content)
    return path


# Reading one --------------------------------------------------------------------------------------------------


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (2 * MEMORY_MAX, 2 * MEMORY_MAX))


def reading(path, *options):
    """muster-parsing --read: what it says. It may neither hang nor take memory."""
    with subprocess.Popen(
        [str(BIN / "muster-parsing"), "--read", str(path), *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limited,
    ) as process:
        out, err = process.communicate(timeout=SECONDS_MAX * PATIENCE)
    assert process.returncode in (0, 1), (path, process.returncode, err)
    return process.returncode, out.decode(), err.decode()


def rows_of(path, *options):
    code, out, err = reading(path, "--format", "json", "--rows", "100000", *options)
    assert code == 0, err
    return json.loads(out)


def refusal(path, *saying):
    code, _, err = reading(path)
    assert code == 1, f"{path} was read"
    for words in saying:
        assert words.lower() in err.lower(), err
    assert err.count(". ") >= 1 and err.rstrip().endswith("."), f"no advice: {err}"
    return err


# A batch ------------------------------------------------------------------------------------------------------


def test_B25_a_workbook_is_a_batch_like_any_other(church):
    rows = [people.CARD_HEADER, people.card(people.person(1)), people.card(people.person(2)), people.card(people.person(77))]
    path = workbook(church.files / "cards.xlsx", {"Cards": rows})
    view = church.complete(church.create(path))
    assert (view["rows_total"], view["created"], view["rejected"]) == (3, 1, 0), view


def test_B25_other_types_are_refused_with_a_message(church):
    for name in ("cards.xls", "cards.ods", "cards.pdf", "cards"):
        church.refused("batch", "create", church.file(name, b"x,y\n1,2\n"), "--template", "card", saying=".xlsx")


def test_B26_of_three_sheets_only_the_leftmost_is_read(church):
    first = [people.CARD_HEADER, people.card(people.person(1))]
    other = [people.CARD_HEADER, *(people.card(people.person(n)) for n in range(200, 205))]
    path = workbook(church.files / "three.xlsx", {"This": first, "Not this": other, "Nor this": other})
    view = church.complete(church.create(path, "--dry-run"))
    assert view["rows_total"] == 1, view
    assert rows_of(path)["dialect"]["sheet"] == "This"
    assert rows_of(path, "--sheet", "2")["dialect"]["sheet"] == "Not this"
    code, _, err = reading(path, "--sheet", "4")
    assert code == 1 and "3 worksheets" in err, err


def test_B26_a_hidden_sheet_is_not_the_leftmost_that_people_see(idle):
    path = idle.files / "hidden.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "Lists"
    book.active.append(["hidden"])
    book.active.sheet_state = "hidden"
    book.create_sheet("Cards").append(["shown"])
    book.create_sheet("Third")
    book.active = 1
    book.save(path)
    found = rows_of(path)
    assert found["dialect"]["sheet"] == "Cards" and found["dialect"]["worksheets"] == 3


def test_B7_pasted_formatting_changes_nothing(idle):
    born = datetime.date(1980, 5, 17)
    rows = [["Name", "Born", "Amount", "Zip"], ["Ana", born, 1234.5, "01234"], ["Ben", born, 0.25, "99999"]]

    def dress(cell):
        cell.font = openpyxl.styles.Font(bold=True, color="FF0000", name="Courier New", size=30)
        cell.fill = openpyxl.styles.PatternFill("solid", fgColor="00FF00")
        cell.alignment = openpyxl.styles.Alignment(horizontal="center", textRotation=45)
        if isinstance(cell.value, (datetime.date, datetime.datetime)):
            cell.number_format = '[Red][$-409]dddd", the "d. mmmm yy;@'
        elif isinstance(cell.value, float):
            cell.number_format = '#,##0 "EUR";[Red]-0%'

    plain = rows_of(workbook(idle.files / "plain.xlsx", {"S": rows}))
    dressed = rows_of(workbook(idle.files / "dressed.xlsx", {"S": rows}, dress))
    assert plain["rows"] == [["Ana", "1980-05-17", "1234.5", "01234"], ["Ben", "1980-05-17", "0.25", "99999"]]
    assert dressed["rows"] == plain["rows"] and dressed["columns"] == plain["columns"]


def test_rows_are_named_by_their_number_in_the_sheet(church):
    bad = people.card(people.person(5))
    bad[people.CARD_HEADER.index("Zip")] = "no zip"
    rows = [["Cards of the week"], [], people.CARD_HEADER, people.card(people.person(4)), [], bad]
    path = workbook(church.files / "gaps.xlsx", {"S": rows})
    batch = church.create(path)
    view = church.wait_state(batch)
    assert view["fix_errors"], view
    groups = church.errors(batch)
    assert [group["value"] for group in groups] == ["no zip"] and 6 in groups[0]["first_lines"], groups
    church.cli("batch", "cancel", batch)


# What stands in cells -----------------------------------------------------------------------------------------


def test_values_of_every_kind(idle):
    strings = (
        f'{HEAD}<sst><si><t>plain</t></si><si><r><rPr><b/></rPr><t xml:space="preserve">two </t></r><r><t>fonts</t></r>'
        "<rPh sb='0' eb='1'><t>NOT READ</t></rPh></si><si><t>a_x000D_&#10;b</t></si></sst>"
    )
    cells = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row>'
        '<row r="2"><c r="A2" t="b"><v>1</v></c><c r="B2" t="e"><v>#N/A</v></c><c r="C2" t="str"><f>A1&amp;""</f><v>plain</v></c></row>'
        '<row r="4"><c r="C4"><f>1/8</f><v>0.125</v></c></row>'
        '<row><c><v>0.30000000000000004</v></c><c t="inlineStr"><is><t>own &amp; text</t></is></c><c t="d"><v>2020-02-29T00:00:00</v></c></row>'
    )
    path = raw(idle.files / "kinds.xlsx", {"xl/sharedStrings.xml": strings}, sheet=cells)
    found = rows_of(path)
    assert found["columns"] == ["plain", "two fonts", "a\r\nb"]
    assert found["rows"] == [["TRUE", "#N/A", "plain"], ["", "", "0.125"], ["0.3", "own & text", "2020-02-29"]]


def test_merged_cells_have_their_value_once(idle):
    path = idle.files / "merged.xlsx"
    book = openpyxl.Workbook()
    for row in (["Name", "Campus"], ["Ana", "North"], ["Ben", None]):
        book.active.append(row)
    book.active.merge_cells("B2:B3")
    book.save(path)
    assert rows_of(path)["rows"] == [["Ana", "North"], ["Ben", ""]]


def test_a_formula_without_a_value_is_said(idle):
    path = workbook(idle.files / "formula.xlsx", {"S": [["a", "b"], [1, "=A2+1"]]})  # openpyxl computes nothing
    code, out, _ = reading(path)
    assert code == 0 and "never computed" in out, out


def test_the_content_counts_not_the_name(idle):
    book = workbook(idle.files / "really.xlsx", {"S": [["a", "b"], [1, 2]]})
    book.rename(idle.files / "called.csv")
    assert rows_of(idle.files / "called.csv")["dialect"]["sheet"] == "S"
    text = idle.file("called.xlsx", "a,b\n1,2\n")
    assert rows_of(text)["dialect"]["delimiter"] == ","


# What is no workbook ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content, saying",
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "Workbook".encode("utf-16le"), "old Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16le"), "password"),
        (b"<html><body><table><tr><td>1</td></tr></table></body></html>", "web page"),
        (b"\x1f\x8b\x08" + bytes(40), "packed"),
        (b"PK\x03\x04" + bytes(300), "damaged"),
    ],
)
def test_other_files_are_told_by_what_they_are(idle, content, saying):
    refusal(idle.file("people.xlsx", content), saying)


def test_other_archives_are_told_by_what_is_in_them(idle):
    for part, saying in (("content.xml", "OpenDocument"), ("xl/workbook.bin", ".xlsb"), ("word/document.xml", "Word"),
                         ("people.csv", "zip archive")):
        path = idle.files / "other.xlsx"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(part, "x")
        refusal(path, saying)


def test_a_workbook_that_was_cut_off_is_refused(idle):
    whole = workbook(idle.files / "whole.xlsx", {"S": [["a", "b"], [1, 2]]}).read_bytes()
    refusal(idle.file("cut.xlsx", whole[: len(whole) // 2]), "cut off")


# What is made to do harm ----------------------------------------------------------------------------------------


def test_S25_a_part_that_unpacks_without_end_is_refused(idle):
    rows = '<row><c t="inlineStr"><is><t>aaaaaaaaaaaaaaaaaaaa</t></is></c></row>' * 600_000  # 40 MB in 100 KB
    refusal(raw(idle.files / "ratio.xlsx", sheet=rows), "100 times")


def test_S25_declared_sizes_are_not_believed(idle):
    rows = '<row><c t="inlineStr"><is><t>aaaaaaaaaaaaaaaaaaaa</t></is></c></row>' * 600_000
    path = raw(idle.files / "lies.xlsx", sheet=rows)
    data = bytearray(path.read_bytes())
    name = b"xl/worksheets/sheet1.xml"
    for mark, at, end in ((b"PK\x03\x04", 22, data.find(name)), (b"PK\x01\x02", 24, data.rfind(name))):
        begin = data.rfind(mark, 0, end)
        assert int.from_bytes(data[begin + at : begin + at + 4], "little") > 40_000_000
        data[begin + at : begin + at + 4] = (16).to_bytes(4, "little")
    refusal(idle.file("lies.xlsx", bytes(data)), "100 times")


def test_S25_names_counts_and_kinds_of_parts(idle):
    refusal(raw(idle.files / "dots.xlsx", more=[("xl/../../evil", "x")]), "leads out")
    refusal(raw(idle.files / "root.xlsx", more=[("/etc/passwd", "x")]), "leads out")
    refusal(raw(idle.files / "nested.xlsx", more=[("xl/media/a.zip", "x")]), "further archive")
    refusal(raw(idle.files / "many.xlsx", more=[(f"p{i}", "x") for i in range(1000)]), "at most 1000")
    with pytest.warns(UserWarning, match="Duplicate"):
        refusal(raw(idle.files / "twice.xlsx", more=[("xl/workbook.xml", "x")]), "same name")
    link = zipfile.ZipInfo("xl/link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    refusal(raw(idle.files / "link.xlsx", more=[(link, "/etc/passwd")]), "a link")


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "_rels/.rels"])
def test_S26_a_billion_laughs_and_files_of_others(idle, part):
    laughs = '<!DOCTYPE a [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)
    )
    for declared in (laughs + "]><a>&j;</a>", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'):
        refusal(raw(idle.files / "laughs.xlsx", {part: HEAD + declared}), "document type")


def test_S26_depth_attributes_and_endless_tags(idle):
    refusal(raw(idle.files / "deep.xlsx", sheet="<a>" * 100_000 + "</a>" * 100_000), "within each other")
    many = " ".join(f'a{i}="1"' for i in range(300))
    refusal(raw(idle.files / "attributes.xlsx", sheet=f"<row {many}/>"), "attributes")
    noise = os.urandom(3 << 20).hex()
    refusal(raw(idle.files / "tag.xlsx", sheet=f'<row a="{noise}"/>'), "tag of more than")


def test_S27_texts_rows_and_columns(idle):
    refusal(raw(idle.files / "row.xlsx", sheet='<row r="1048577"><c><v>1</v></c></row>'), "1,048,576")
    refusal(raw(idle.files / "column.xlsx", sheet='<row r="1"><c r="XFE1"><v>1</v></c></row>'), "16,384")
    refusal(raw(idle.files / "text.xlsx", sheet='<row><c t="s"><v>1</v></c></row>'), "cell A1", "not in the workbook")
    long = f'<row><c t="inlineStr"><is><t>{os.urandom(70_000).hex()}</t></is></c></row>'
    refusal(raw(idle.files / "long.xlsx", sheet=long), "cell A1", "128 KiB")
    wide = os.urandom(60_000).hex()
    cells = "".join(f'<c t="inlineStr"><is><t>{wide}</t></is></c>' for _ in range(5))
    refusal(raw(idle.files / "wide.xlsx", sheet=f"<row>{cells}</row>"), "cell E1", "512 KiB")
    # Texts that are stored once and used without end.
    one = {"xl/sharedStrings.xml": f"{HEAD}<sst><si><t>{os.urandom(60_000).hex()}</t></si></sst>"}
    used = '<row><c><v>1</v></c></row>' + '<row><c t="s"><v>0</v></c></row>' * 3000
    code, out, _ = reading(raw(idle.files / "used.xlsx", one, sheet=used))
    assert code == 0 and "300" in out.splitlines()[-1], out[-100:]


def test_S27_a_workbook_may_have_millions_of_different_texts(idle):
    """A million people have five million names and addresses; what is bounded is the memory for them."""
    texts = {"xl/sharedStrings.xml": f"{HEAD}<sst>{''.join(f'<si><t>{at:x}</t></si>' for at in range(2_100_000))}</sst>"}
    used = '<row><c t="inlineStr"><is><t>name</t></is></c></row><row><c t="s"><v>2099999</v></c></row>'
    code, out, err = reading(raw(idle.files / "strings.xlsx", texts, sheet=used))
    assert code == 0 and f"{2_099_999:x}" in out, out + err


def cards_workbook(path, count):
    """Cards of `count` people, as a workbook with rows enough to be caught in the middle."""
    def row(cells):
        return "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells) + "</row>"
    return raw(path, sheet="".join(map(row, [people.CARD_HEADER, *(people.card(people.person(10 + at)) for at in range(count))])))


def caught_reading(instance, batch):
    """Once a part of the batch is durable, and not yet all of it."""
    wait_for(lambda: instance.events(f"parsing/{batch}/g1"), lambda: instance.show(batch), 60)
    assert not any(head.type == "ReadingFinished" for head, _ in instance.events(f"parsing/{batch}")), "it was too quick"


def test_B25_a_workbook_is_read_to_the_end_over_kill_9_in_the_middle_with_the_same_outcome(muster):
    church = muster.prepare(people.directory(3))
    book = cards_workbook(church.files / "cards.xlsx", 100_000)
    batch = church.create(book, "--dry-run", timeout_s=120)
    caught_reading(church, batch)
    church.kill("parsing")
    church.wait_ready()
    killed = church.complete(batch)
    whole = church.complete(church.create(book, "--dry-run", timeout_s=120))
    counts = ("rows_total", "created", "updated", "unchanged", "rejected")
    assert {name: killed.get(name) for name in counts} == {name: whole.get(name) for name in counts}
    assert killed["rows_total"] == 100_000 and killed["created"] == 100_000, killed


def test_a_batch_is_cancelled_in_the_middle_of_a_workbook_and_the_next_is_read(muster):
    church = muster.prepare(people.directory(3))
    batch = church.create(cards_workbook(church.files / "cards.xlsx", 100_000), timeout_s=120)
    caught_reading(church, batch)
    church.cli("batch", "cancel", batch)
    assert church.show(batch)["outcome"] == "cancelled"
    done = church.complete(church.create(workbook(church.files / "few.xlsx", {"A": [people.CARD_HEADER, people.card(people.person(10))]})))
    assert done["created"] == 1, done
    assert not any(head.type == "ReadingFinished" for head, _ in church.events(f"parsing/{batch}"))


def test_S27_a_cell_in_the_last_corner_costs_nothing(idle):
    corner = ROWS + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    code, out, err = reading(raw(idle.files / "corner.xlsx", sheet=corner))
    assert code == 0, err
    code, out, err = reading(raw(idle.files / "header.xlsx", sheet='<row><c r="XFD1"><v>1</v></c></row>'))
    assert code in (0, 1), err


# The world's workbooks ------------------------------------------------------------------------------------------


def test_every_public_workbook_is_read_or_refused_with_a_reason(public_data):
    """As the upload would read it. (Their cells are compared in tests/unit/parsing/test_xlsx_files.c.)"""
    files = sorted(path for path in (public_data / "xlsx").rglob("*") if path.suffix in (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"))
    assert len(files) >= 193, len(files)
    refused = {}
    for path in files:
        code, _, err = reading(path)
        if code == 1:
            refused[path.name] = err
            assert len(err) > len(str(path)) + 40, err
    empty = {name for name, why in refused.items() if " is empty" in why}
    others = set(refused) - empty
    assert {"any_sheets.ods", "date.xls", "date.xlsb", "example_password.xlsx", "invalid-xml.xlsx", "missing-bits.xlsx"} == others, {
        name: refused[name] for name in others
    }
