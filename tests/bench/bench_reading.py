"""Reading and validating a file, beside the bare parser on the same bytes: rows/s and peak memory, CSV and workbook."""

import csv
import datetime
import json
import os
import statistics
import zipfile
from xml.sax.saxutils import escape

import bench_batch
from instance import ROOT, anchor, generate, program, run
from table import goal, show

TEMPLATE = os.path.join(ROOT, "deploy", "templates", "connect-card.json")
COLUMNS = ["given_name", "family_name", "birth_date", "email", "phone", "street", "city", "postcode", "campus", "notes"]
SMALL_ROWS = 10_000
DAY_ZERO = datetime.date(1899, 12, 30).toordinal()

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
PARTS = {
    "[Content_Types].xml": HEAD + '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    "_rels/.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}">'
    + "".join(
        f'<Relationship Id="rId{i}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate(
            (("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml")), 1
        )
    )
    + "</Relationships>",
    "xl/workbook.xml": f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="Cards" sheetId="1" r:id="rId1"/>'
    "</sheets></workbook>",
    "xl/styles.xml": f'{HEAD}<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
}


def rows_of(source):
    with open(source, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield [row[name] for name in COLUMNS]


def cell(number, name, value, shared):
    reference = f'r="{"ABCDEFGHIJ"[number]}%d"'
    if not value:
        return ""
    if name == "birth_date" and value[:1].isdigit():
        return f'<c {reference} s="1"><v>{datetime.date.fromisoformat(value).toordinal() - DAY_ZERO}</v></c>'
    if shared is None:
        return f'<c {reference} t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c {reference} t="s"><v>{shared.setdefault(value, len(shared))}</v></c>'


def write_workbook(source, path, strings):
    """As a spreadsheet program writes it: texts shared (or in their cells), dates as numbers with a format."""
    shared = {} if strings == "shared" else None
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>'.encode())
            lines = [row_of(1, COLUMNS, shared)]
            for number, row in enumerate(rows_of(source), 2):
                lines.append(row_of(number, row, shared))
                if len(lines) == 5000:
                    sheet.write("".join(lines).encode())
                    lines.clear()
            sheet.write(("".join(lines) + "</sheetData></worksheet>").encode())
        for name, content in PARTS.items():
            archive.writestr(name, content)
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as part:
            part.write(f'{HEAD}<sst xmlns="{MAIN}">'.encode())
            for text in shared or ():
                part.write(f"<si><t>{escape(text)}</t></si>".encode())
            part.write(b"</sst>")


def row_of(number, row, shared):
    cells = "".join(cell(i, COLUMNS[i] if number > 1 else "", value, shared).replace("%d", str(number), 1) for i, value in enumerate(row))
    return f'<row r="{number}" spans="1:10">{cells}</row>'


def file_of(kind, rows, strings, seed):
    """A file of `rows` rows in `kind`, made once."""
    folder = generate(os.path.join(bench_batch.files_dir(), f"reading-{rows}"), seed=seed, directory=0, rows=rows, known=0)
    source = os.path.join(folder, "batch.csv")
    path = os.path.join(folder, "ten.csv" if kind == "csv" else f"ten-{strings}.xlsx")
    if os.path.exists(path) and os.path.getmtime(path) > os.path.getmtime(source):
        return path
    if kind == "xlsx":
        write_workbook(source, path, strings)
    else:
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(rows_of(source))
    return path


def reading(path):
    return json.loads(run([program("muster-bench-reading"), path, TEMPLATE]))


def bench(arguments):
    kind = arguments.format
    path, small = (file_of(kind, rows, arguments.strings, arguments.seed) for rows in (arguments.rows, SMALL_ROWS))
    limit = "libcsv" if kind == "csv" else "expat"
    bare, ours = [], []
    for _ in range(arguments.repeat):  # in turns: the machine's moods fall on both
        bare.append(anchor(limit, path))
        ours.append(reading(path))
    little = reading(small)
    bare_rows, our_rows = (statistics.median(one["rows_per_s"] for one in runs) for runs in (bare, ours))
    bare_cpu, our_cpu = (statistics.median(one["cpu_us_per_row"] for one in runs) for runs in (bare, ours))
    peak = max(one["peak_rss_mib"] for one in ours)
    print(f"{path}: {os.path.getsize(path) / 1e6:.1f} MB, {ours[0]['rows']:,} rows of {len(COLUMNS)}, {ours[0]['wrong_rows']:,} wrong\n")
    show(["", "rows/s", "CPU us a row", "peak MiB"],
         [[f"{limit} bare", f"{bare_rows:,.0f}", f"{bare_cpu:.3f}", ""],
          ["read and validate", f"{our_rows:,.0f}", f"{our_cpu:.3f}", f"{peak:.1f}"],
          [f"the same, {SMALL_ROWS:,} rows", "", "", f"{little['peak_rss_mib']:.1f}"]])
    floor, aim = (0.6, 0.8) if kind == "csv" else (0.4, 0.75)
    ratio = bare_cpu / our_cpu
    show(["goal", "reached", "floor", "aim", ""], [goal(f"rows/s / {limit} bare, by CPU", ratio, floor, aim)])
    return {"format": kind, "rows": arguments.rows, "strings": arguments.strings, "rows_per_s": our_rows,
            "bare_rows_per_s": bare_rows, "cpu_us_per_row": our_cpu, "bare_cpu_us_per_row": bare_cpu,
            "ratio": round(ratio, 3), "ratio_wall": round(our_rows / bare_rows, 3), "peak_rss_mib": peak,
            "peak_rss_mib_small": little["peak_rss_mib"]}
