"""Validation: every wrong row is reported, each for what it is and nothing else; the template and the validator agree."""

import collections
import json
import subprocess

import hypothesis
import hypothesis.strategies
import pytest

import rows_model
from support import BIN, ROOT, STATES, to_csv

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
