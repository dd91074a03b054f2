"""Personal data stays out of logs and out of other users' reach (S9, S10, S39); binaries are hardened (S42)."""

import os
import pathlib
import re
import stat
import subprocess

import pytest

import people
from support import BIN, process_table

CANARY = {
    **people.person(1), "given_name": "Xanthippe", "family_name": "Canaryfield", "email": "canary.q7@example.org",
    "phone": "+12065557731", "street": "7731 Canary Lane", "notes": "canary note q7",
}
WORDS = ("Xanthippe", "Canaryfield", "canary", "5557731", "q7")


def test_s39_personal_data_of_inputs_never_appears_in_any_log(muster):
    row = ["p1", *(CANARY[field] for field in people.FIELDS)]
    muster.prepare([people.DIRECTORY_HEADER, row])
    unsure = [CANARY["given_name"], CANARY["family_name"], "", "", "other.canary@example.net", *[""] * 6]
    wrong = people.card(CANARY, campus="canary-campus", birth_date="canary-date", postcode="q7q7q")
    batch = muster.create([people.CARD_HEADER, people.card(CANARY), unsure, wrong], name="canary-q7.csv")
    muster.wait_state(batch)
    muster.cli("batch", "fix", batch, "--without-bad-rows")
    muster.wait_state(batch, "Await Discrepancy Verification")
    muster.resolve(batch, 2, "--new")
    muster.complete(batch)
    muster.wait_state(muster.create("canary header,q7\nXanthippe,Canaryfield\n", name="canary-q7-b.csv"))
    muster.wait_state(muster.create(b'First Name,Last Name\nXanthippe,"Canaryfield\n', name="canary-q7-c.csv"))
    muster.run("batch", "resolve", batch, "--entry", "2", "--select", "canary", "--yes")
    muster.run("directory", "find", "Canaryfield")
    muster.kill("broker")
    muster.wait_ready()
    muster.down()
    logs = muster.logs()
    assert logs and sum(map(len, logs.values())) > 500, "there are logs to look into"
    for path in [*(muster.data / "logs").rglob("*"), *(muster.data / "broker").rglob("LOG*"), *(muster.data / "services").rglob("LOG*")]:
        if path.is_file():
            text = path.read_text(errors="replace")
            for word in WORDS:
                assert word not in text, f"{word} in {path}: {next(line for line in text.splitlines() if word in line)}"


def test_log_lines_are_json_with_time_level_process_and_event(muster):
    import json

    muster.prepare(people.directory(1))
    muster.down()
    lines = 0
    for name, text in muster.logs().items():
        for line in text.splitlines():
            if line.startswith("{"):
                one = json.loads(line)
                assert {"time", "level", "process", "event"} <= set(one), f"{name}: {line}"
                lines += 1
    assert lines > 5


def test_s9_everything_in_the_data_directory_is_for_its_owner_only(muster):
    muster.prepare(people.directory(1))
    for path in [muster.data, *muster.data.rglob("*")]:
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISLNK(mode):
            assert not mode & 0o077, f"{oct(mode)} {path}"


def test_s10_no_process_can_leave_a_core_file_or_shows_a_secret_in_its_arguments(muster):
    for pid, arguments in muster.processes().items():
        if os.path.basename(arguments[0]) == "muster":
            continue
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"Max core file size\s+0\s", limits), f"{arguments[0]}\n{limits}"
        secret = [part for part in arguments if re.fullmatch(r"[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}", part) and "/" not in part]
        assert not secret, arguments


@pytest.mark.parametrize("name", ["muster", "muster-broker", *(f"muster-{one}" for one in ("ingestion", "parsing", "matching", "discrepancy", "export", "notification"))])
def test_s42_programs_are_position_independent_with_full_relro_no_exec_stack_and_guards(name):
    program = BIN / name
    assert program.is_file(), program
    read = lambda *options: subprocess.run(["readelf", "-W", *options, program], capture_output=True, text=True, check=True).stdout
    header, segments, dynamic, symbols = read("-h"), read("-l"), read("-d"), read("-s")
    assert "DYN" in header, "position independent"
    assert "GNU_RELRO" in segments and ("BIND_NOW" in dynamic or re.search(r"FLAGS_1.*NOW", dynamic)), "read-only relocations"
    assert re.search(r"GNU_STACK\s.*\sRW\s", segments), "no executable stack"
    assert "__stack_chk_fail" in symbols, "stack protector"
    assert re.search(r"__\w+_chk\b", symbols), "fortified"
    assert "RUNPATH" not in dynamic and "RPATH" not in dynamic, "libraries come from the system only"
