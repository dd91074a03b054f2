"""Public sets of people that nobody here wrote, through the whole system: every row is accounted for (A29)."""

import csv

import pytest

from checker import check_log
from support import DATA, check_accounting, state_of


def through(muster, directory, batch, name, id_column, directory_rows, batch_rows, template):
    muster.cli("directory", "declare", DATA / f"{name}.package.json")
    muster.cli("template", "add", DATA / f"{template}.template.json")
    muster.import_people(directory, "person", id_column, timeout_s=300)
    identity = muster.create(batch, template=template, timeout_s=300)
    view = muster.wait_state(identity, timeout_s=300)
    assert view["outcome"] != "failed", view
    if view.get("fix_errors"):
        muster.cli("batch", "fix", identity, "--without-bad-rows")
        view = muster.wait_state(identity, timeout_s=300)
    opened = view["discrepancies"]
    if state_of(view) == "Await Discrepancy Verification":
        for at, row in enumerate(sorted(muster.questions(identity))):
            muster.resolve(identity, row, "--new" if at % 3 else "--skip")
    view = muster.complete(identity, timeout_s=300)
    assert view["rows_total"] == batch_rows, view
    results = muster.results(identity)
    assert sorted(results) == list(range(1, batch_rows + 1))
    assert sum(one["decision"] == "discrepancy" for one in results.values()) == opened
    people = muster.people()
    assert len(people) == directory_rows + view["created"]
    for one in results.values():
        if one["outcome"] in ("created", "updated", "unchanged"):
            assert one["record_id"] in people, one
    with muster.bus() as bus:
        report = check_log(bus)
    assert not report.errors and report.count["rows completed"] == directory_rows + batch_rows, report
    return results, view


def test_febrl_4b_against_4a_every_row_is_accounted_for_and_most_people_are_recognised(muster, public_data):
    folder = public_data / "febrl"
    results, view = through(
        muster, folder / "dataset4a.csv", folder / "dataset4b.csv", "febrl", "rec_id", 5000, 5000, "febrl"
    )
    with (folder / "dataset4b.csv").open() as file:
        truth = {at: row["rec_id"].strip() for at, row in enumerate(csv.DictReader(file, skipinitialspace=True), 1)}
    same = lambda row: truth[row].split("-")[1]
    matched = [row for row, one in results.items() if one["decision"] == "matched" and not one["candidate_id"].startswith("row:")]
    right = [row for row in matched if results[row]["candidate_id"].split("-")[1] == same(row)]
    print(f"FEBRL 4: {len(matched)} matched, {len(right)} right, accounting {check_accounting(view)}")
    assert len(right) >= 3000, "at least what the naive floor finds"
    assert len(matched) - len(right) <= 0.02 * len(matched), "few wrong merges"


def test_pseudopeople_wic_against_its_census_every_row_is_accounted_for(muster, public_data):
    folder = public_data / "pseudopeople_us"
    results, view = through(
        muster, folder / "decennial_census.csv", folder / "women_infants_and_children.csv", "census", None, 33330, 3105, "wic"
    )
    print(f"pseudopeople: accounting {check_accounting(view)}")
    assert sum(one["decision"] == "matched" for one in results.values()) > 0
