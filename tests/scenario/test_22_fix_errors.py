"""Fix Errors: wrong values are grouped, corrected once for all their rows, remembered, and the batch goes on (B34-B44)."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios

import pytest

import agency
import people
from bus import pb
from support import BIN, to_csv, wait_for

CAMPUS, ZIP = 9, 8


@pytest.fixture
def church(muster):
    return muster.prepare(people.directory(2))


def cards(count, start=10, **wrong):
    """A header and `count` good cards; `wrong` says what stands in a column of some: campus={3: "Nort"}."""
    columns = {"campus": CAMPUS, "zip": ZIP, "first": 0}
    rows = [people.CARD_HEADER] + [people.card(people.person(start + at)) for at in range(count)]
    for name, cells in wrong.items():
        for row, value in cells.items():
            rows[row][columns[name]] = value
    return rows


def stuck(instance, rows, **options):
    """A batch of these rows, once it waits for corrections."""
    batch = instance.create(rows, **options)
    view = instance.wait_state(batch)
    assert view["fix_errors"] and view["waits_for_person"], view
    return batch


def goes_on(instance, batch):
    """Until the batch is Complete; its accounting."""
    view = instance.complete(batch)
    return {name: view[name] for name in ("created", "rejected", "left_out", "generation", "corrected")}


def fix(instance, batch, field, wrong, right, *options):
    return instance.json("batch", "fix", batch, "--field", field, "--from", wrong, "--to", right, *options)


def campuses(instance):
    return {one["email"]: one["campus"] for one in instance.people().values()}


def test_B34_nothing_of_a_batch_with_an_error_is_written_until_it_is_corrected(church):
    before = church.people()
    batch = stuck(church, cards(20, campus={7: "Nort"}))
    view = church.show(batch)
    assert view["rows_wrong"] == 1 and church.people() == before, view
    assert "Fix Errors" in church.cli("batch", "list")  # B35
    fix(church, batch, "Campus", "Nort", "North")
    done = goes_on(church, batch)
    assert done == {"created": 20, "rejected": 0, "left_out": 0, "generation": 2, "corrected": 1}
    assert len(church.people()) == len(before) + 20


def test_B37_errors_of_a_kind_are_grouped_by_value_and_their_counts_add_up(church):
    batch = stuck(church, cards(30, campus={1: "Nort", 2: "Nort", 3: "Sud", 9: "Nort"}, zip={4: "123", 9: "123"}))
    groups = church.errors(batch)
    assert [(one["field"], one["value"], one["count"]) for one in groups] == [
        ("campus", "Nort", 3), ("campus", "Sud", 1), ("postcode", "123", 2),
    ], groups
    assert church.show(batch)["rows_wrong"] == 5
    text = church.cli("batch", "errors", batch, "--group")
    assert "Not in the list" in text and "3 of 3 different ones to correct" in text, text


def test_B38_what_was_meant_is_suggested_best_first_and_all_allowed_values_can_be_listed(church):
    batch = stuck(church, cards(4, campus={2: "Suoth"}))
    assert church.errors(batch)[0]["suggestions"][0]["value"] == "South"
    with church.bus() as bus:
        listed = bus.call("parsing", pb.ListChoices(batch_id=batch, fields=["campus"]), pb.ChoiceList, key=batch)
    assert [one.value for one in listed.message.choices] == ["North", "South", "East"]


def test_B39_one_correction_is_about_every_row_of_its_group(church):
    wrong = {at: "Nort" for at in range(1, 60, 2)}
    batch = stuck(church, cards(60, campus=wrong))
    made = fix(church, batch, "campus", "Nort", "North")
    assert made["made"][0]["rows"] == 30 and made["finished"], made
    assert goes_on(church, batch)["corrected"] == 30
    found = campuses(church)
    assert all(found[people.person(9 + at)["email"]] == "North" for at in wrong)


def test_B40_a_typed_correction_is_checked_like_any_value(church):
    batch = stuck(church, cards(5, zip={2: "12"}, campus={3: "Nort"}))
    church.refused("batch", "fix", batch, "--field", "Zip", "--from", "12", "--to", "12345x", saying="[0-9]{5}")
    church.refused("batch", "fix", batch, "--field", "Campus", "--from", "Nort", "--to", "Narnia", saying="North, South, East")
    church.refused("batch", "fix", batch, "--field", "Zip", "--from", "99", "--to", "12345", saying="no wrong value")
    assert all(group["correction"] is None for group in church.errors(batch))
    fix(church, batch, "Zip", "12", " 12345 ")
    made = fix(church, batch, "Campus", "Nort", "  nórth ")["made"][0]
    assert made["correction"]["to"] == ["North"], made  # as the list has it
    assert church.json("rules", "list")["to"] == ["North"]
    assert goes_on(church, batch)["created"] == 5


def test_B41_B42_going_on_is_refused_until_every_value_is_corrected_or_left_out(church):
    batch = stuck(church, cards(6, zip={2: "12"}, first={3: ""}))
    church.refused("batch", "fix", batch, "--finish", saying="2 of 2")
    assert not fix(church, batch, "Zip", "12", "12345")["finished"]
    church.refused("batch", "fix", batch, "--finish", saying="1 of 2")
    church.cli("batch", "fix", batch, "--field", "First Name", "--from", "", "--leave-out")
    done = goes_on(church, batch)
    assert (done["created"], done["rejected"], done["left_out"]) == (5, 1, 1), done
    assert "a value is needed" in church.cli("batch", "rejected", batch).lower()


def test_B42_what_only_comes_to_light_when_rows_are_corrected_is_asked_next(church):
    """All checks are made anew: a row that came back may be wrong in another way, and is asked about again."""
    batch = stuck(church, cards(4, campus={2: "Nort"}))
    church.cli("batch", "fix", batch, "--rows", church.file("rows.csv", "row,Campus,Zip\n2,North,12\n"))
    view = church.wait_state(batch)
    assert view["fix_errors"] and view["generation"] == 2, view
    assert [(one["field"], one["value"]) for one in church.errors(batch)] == [("postcode", "12")]
    fix(church, batch, "Zip", "12", "12345")
    done = goes_on(church, batch)
    assert (done["created"], done["generation"]) == (4, 3), done


def test_B43_corrections_are_kept_over_kill_9_of_parsing_and_of_the_broker(church):
    batch = stuck(church, cards(20, campus={1: "Nort", 5: "Sud"}, zip={3: "12"}))
    fix(church, batch, "Campus", "Nort", "North")
    for name in ("parsing", "broker", "ingestion"):
        church.kill(name)
        church.wait_ready()
        corrected = {one["value"]: one["correction"] and one["correction"]["to"] for one in church.errors(batch)}
        assert corrected == {"Nort": ["North"], "Sud": None, "12": None}, corrected
    fix(church, batch, "Campus", "Sud", "South", "--hold")
    church.down()
    church.up()
    assert fix(church, batch, "Zip", "12", "12345", "--hold")["groups_left"] == 0
    assert church.show(batch)["fix_errors"], "it was held"
    church.cli("batch", "fix", batch, "--finish")
    assert goes_on(church, batch) == {"created": 20, "rejected": 0, "left_out": 0, "generation": 2, "corrected": 3}


@pytest.mark.parametrize("victim", ["parsing", "broker"])
def test_B44_a_second_reading_that_is_killed_is_done_again_with_the_same_outcome(church, victim):
    wrong = {at: f"Nort{at % 7}" for at in range(1, 4000, 3)}
    batch = stuck(church, cards(4000, campus=wrong))
    with church.bus() as bus:
        church.cli("batch", "fix", batch, "--pick", "--likeness", "500", "--hold")
        told = bus.call("parsing", pb.FinishCorrections(batch_id=batch), pb.CorrectionsFinished, key=batch, command_id=os.urandom(16))
    assert told.status == pb.ANSWER_OK, told
    church.kill(victim, signal.SIGKILL)
    church.wait_ready()
    done = goes_on(church, batch)
    assert (done["created"], done["rejected"], done["corrected"]) == (4000, 0, len(wrong)), done
    found = campuses(church)
    assert {found[people.person(9 + at)["email"]] for at in wrong} == {"North"}


def test_B44_the_file_itself_is_never_altered(church):
    rows = cards(3, campus={1: "Nort"})
    batch = stuck(church, rows)
    sha256 = church.show(batch)["sha256"]
    fix(church, batch, "Campus", "Nort", "North")
    church.complete(batch)
    assert church.show(batch)["sha256"] == sha256
    blob = next(path for path in church.data.rglob(sha256))
    assert blob.read_text() == to_csv(rows)


def test_a_choice_is_remembered_made_by_itself_next_time_and_switched_off(church):
    batch = stuck(church, cards(4, campus={1: "Nort", 2: "Nort"}))
    assert fix(church, batch, "Campus", "Nort", "North")["made"][0]["rule_id"] == "R1"
    church.complete(batch)
    second = church.create(cards(6, start=100, campus={4: "Nort"}))
    church.complete(second)
    assert church.show(second)["rules"] == ["R1: 1 row"]
    assert "R1: 1 row" in church.cli("batch", "show", second)
    rule = church.json("rules", "list", "--template", "card")
    assert (rule["id"], rule["from"], rule["to"], rule["uses"], rule["off"]) == ("R1", ["Nort"], ["North"], 1, False), rule
    church.cli("rules", "off", "R1")
    third = stuck(church, cards(3, start=200, campus={1: "Nort"}))
    assert not any(one["chosen_before"] for one in church.errors(third)[0]["suggestions"]), church.errors(third)
    church.cli("rules", "on", "R1")
    best = church.errors(third)[0]["suggestions"][0]
    assert best["value"] == "North" and best["chosen_before"], best
    church.cli("batch", "cancel", third)
    church.complete(church.create(cards(3, start=300, campus={1: "Nort"})))
    church.refused("rules", "off", "R9", saying="no rule")


def test_a_newer_choice_takes_the_place_of_an_older_rule_and_forget_leaves_none(church):
    batch = stuck(church, cards(8, campus={1: "Midlands", 2: "Sud"}))
    fix(church, batch, "Campus", "Midlands", "North", "--hold")
    fix(church, batch, "Campus", "Midlands", "East", "--hold")  # thought better of it
    assert not fix(church, batch, "Campus", "Sud", "South", "--forget")["made"][0]["rule_id"]
    church.complete(batch)
    rule = church.json("rules", "list")
    assert (rule["id"], rule["to"]) == ("R2", ["East"]), rule
    church.refused("rules", "on", "R1", saying="replaced by R2")
    assert campuses(church)[people.person(10)["email"]] == "East"


def test_values_of_one_row_only_are_not_remembered(church):
    batch = stuck(church, cards(5, zip={2: "12"}, first={3: ""}))
    fix(church, batch, "Zip", "12", "12345")
    fix(church, batch, "First Name", "", "Ann")
    church.complete(batch)
    assert church.documents("rules", "list") == []


def test_two_people_at_once_see_each_others_corrections_and_none_is_lost(church):
    wrong = {at: f"Nort{at:02}" for at in range(1, 41)}
    batch = stuck(church, cards(50, campus=wrong))
    others = [
        church.background("batch", "fix", batch, "--hold", "--json", *sum(
            (["--field", "Campus", "--from", value, "--to", right] for value in list(wrong.values())[half::2]), []
        ))
        for half, right in ((0, "North"), (1, "South"))
    ]
    for other in others:
        out, err = other.communicate(timeout=60)
        assert other.returncode == 0, out + err
    groups = church.errors(batch)
    assert len(groups) == 40
    assert all(one["correction"]["to"] == [("North", "South")[(int(one["value"][4:]) - 1) % 2]] for one in groups)
    assert len(church.documents("rules", "list")) == 40
    church.cli("batch", "fix", batch, "--finish")
    church.refused("batch", "fix", batch, "--finish", saying="does not wait")
    assert goes_on(church, batch)["created"] == 50


def test_a_correction_for_an_older_reading_is_refused_with_the_present_state(church):
    batch = stuck(church, cards(5, campus={1: "Nort"}))
    correction = pb.Correction(kind=pb.WRONG_ENUM, fields=["campus"], to=["North"], **{"from": ["Nort"]})
    with church.bus() as bus:
        told = bus.call("parsing", pb.MakeCorrection(batch_id=batch, generation=7, correction=correction), pb.CorrectionView,
                        key=batch, command_id=os.urandom(16))
    assert told.status == pb.ANSWER_STALE, told
    assert church.errors(batch)[0]["correction"] is None


def test_going_on_without_bad_rows_keeps_what_was_corrected(church):
    batch = stuck(church, cards(10, campus={1: "Nort", 2: "Nort"}, zip={3: "1", 4: "2"}))
    fix(church, batch, "Campus", "Nort", "North", "--hold")
    church.cli("batch", "fix", batch, "--without-bad-rows")
    assert goes_on(church, batch) == {"created": 8, "rejected": 2, "left_out": 2, "generation": 2, "corrected": 2}
    rejected = church.cli("batch", "rejected", batch)
    assert "[0-9]{5}" in rejected, rejected


def test_rejected_rows_that_come_back_corrected_finish_the_batch(church):
    batch = stuck(church, cards(10, campus={1: "Nort", 2: "Nort"}, zip={3: "1"}))
    path = church.files / "rejected.csv"
    church.cli("batch", "rejected", batch, "-o", path)
    text = path.read_text()
    assert text.count("Nort,") == 2, text
    good = church.file("corrected.csv", text.replace("Nort,", "North,").replace(",1,", ",12345,"))
    church.cli("batch", "fix", batch, "--rows", good)
    done = goes_on(church, batch)
    assert (done["created"], done["rejected"], done["generation"]) == (10, 0, 2), done


def test_corrected_rows_with_an_unknown_number_are_refused_and_change_nothing(church):
    batch = stuck(church, cards(5, campus={2: "Nort"}))
    for text, why in (
        ("row,Campus\n99,North\n", "99"), ("row,Campus\n2,North\n2,South\n", "twice"), ("row,Campus\ntwo,North\n", "two"),
        ("Campus\nNorth\n", "row"), ("row,Colour\n2,Red\n", "no column"), ("row,Campus,Campus\n2,North,South\n", "Campus"),
    ):
        church.refused("batch", "fix", batch, "--rows", church.file("wrong.csv", text), saying=why)
        view = church.show(batch)
        assert view["fix_errors"] and "wrong.csv" in view["notice"] and view["generation"] == 1, view
        assert "new batch" not in view["notice"] and "send it again" in view["notice"], view
    church.cli("batch", "fix", batch, "--rows", church.file("right.csv", "row,Campus\n2,North\n"))
    assert goes_on(church, batch)["created"] == 5
    assert church.show(batch)["notice"] == ""


def test_a_dry_run_asks_nobody_and_says_what_would_be_rejected(church):
    batch = church.create(cards(10, campus={1: "Nort"}), "--dry-run")
    view = church.complete(batch)
    assert (view["rejected"], view["created"]) == (1, 9), view


def test_three_hundred_wrong_values_in_twenty_thousand_rows(church):
    wrong = {at: f"North{at % 300:03}" for at in range(1, 20_001, 4)}
    batch = stuck(church, cards(20_000, campus=wrong))
    groups = church.errors(batch)
    distinct = len(set(wrong.values()))
    assert len(groups) == distinct and sum(one["count"] for one in groups) == len(wrong)
    made = church.json("batch", "fix", batch, "--pick", "--likeness", "500", timeout_s=180)
    assert len(made["made"]) == distinct and made["finished"], made["groups_left"]
    assert goes_on(church, batch)["corrected"] == len(wrong)


def test_B24_a_name_that_the_directory_does_not_know_is_corrected_for_all_its_rows(muster):
    office = agency.open_agency(muster)
    rows = [agency.HEADER] + [
        agency.insert(who, "2026-02-01", program_id="", program="Housng First" if who < 6 else "Job Ready", staff_id="S-2",
                      program_start="2026-01-15")
        for who in range(3, 7)
    ]
    batch = stuck(office, rows, template="caseload")
    groups = office.errors(batch)
    assert [(one["kind"], one["count"]) for one in groups] == [("reference", 3)], groups
    assert groups[0]["suggestions"][0]["value"] == "Housing First", groups
    office.refused("batch", "fix", batch, "--from", "Housng First", "--to", "Housing Frist", saying=("Did you mean", "Housing First"))
    office.cli("batch", "fix", batch, "--from", "Housng First", "--to", "housing FIRST")  # kept as the directory spells it
    view = office.complete(batch)
    assert view["rejected"] == 0 and view["corrected"] == 3, view
    assert office.json("rules", "list", "--template", "caseload")["to"] == ["Housing First"]


def test_B43_the_page_is_left_at_any_time_and_shows_what_was_made(church):
    """Group by group, typed as on a terminal: each answer is kept at once."""
    batch = stuck(church, cards(5, campus={1: "Nort"}, zip={2: "1"}))
    answered = church.run("batch", "fix", batch, stdin="1\n")
    assert answered.code == 2 and "--field" in answered.said, answered
    fix(church, batch, "Campus", "Nort", "North")
    shown = church.cli("batch", "errors", batch)
    assert "1 of 2 different ones to correct" in shown, shown
    assert wait_for(lambda: church.show(batch)["fix_errors"], "it waits still")


class Terminal:
    """muster ARGUMENTS as a person sees it: on a terminal of its own, typed into when it asks."""

    def __init__(self, instance, *arguments):
        command = [str(BIN / "muster"), *arguments, "--data", str(instance.data)]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            for one in (signal.SIGINT, signal.SIGQUIT):  # a job in the background ignores them, and so would its children
                signal.signal(one, signal.SIG_DFL)
            os.chdir(instance.files)
            os.execve(command[0], command, {**instance.environment, "TERM": "xterm"})
        self.resize(24, 80)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        """What came; nothing where it ended."""
        try:
            return os.read(self.fd, 65536).decode(errors="replace").replace("\r\n", "\n")
        except OSError:
            return ""

    def until(self, words):
        """What it prints up to `words`."""
        text = ""

        def said():
            nonlocal text
            if select.select([self.fd], [], [], 0.1)[0]:
                more = self.read()
                assert more, f"it ended without {words!r}: {text}"
                text += more
            return words in text

        wait_for(said, lambda: f"{words!r} in {text}")
        return text

    def answer(self, typed, words="> "):
        """Types a line when asked; what is said up to `words`."""
        os.write(self.fd, typed.encode())
        return self.until(words)

    def end(self, typed=""):
        """Its exit code (negative: the signal), and the last it said."""
        os.write(self.fd, typed.encode())
        text = ""

        def ended():
            nonlocal text
            more = self.read() if select.select([self.fd], [], [], 0.1)[0] else None
            text += more or ""
            return more == ""

        wait_for(ended, lambda: f"it ends: {text}")
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.close()
        return code, text

    def close(self):
        """The window is closed: whatever still runs in it ends."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None


@pytest.fixture
def fixes(church):
    """fixes(batch): muster batch fix on a terminal."""
    opened = []

    def open_one(batch):
        opened.append(Terminal(church, "batch", "fix", batch))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def test_B38_B43_on_a_terminal_one_group_after_the_other_is_asked_about_and_left_at_any_time(church, fixes):
    batch = stuck(church, cards(20, campus={1: "Nort", 2: "Nort", 3: "Sud"}, zip={4: "123", 9: "12é"}, first={5: ""}))
    terminal = fixes(batch)
    assert "1 of 5  A value is missing: First Name" in terminal.until("> ")
    assert "a key was pressed" in terminal.answer("\x1b[AAnn\n")
    shown = terminal.answer("Ann\n")
    assert '-> "Ann" (1 row)' in shown and '2 of 5  Not in the list of allowed values: Campus\n  "Nort"' in shown, shown
    assert 'Did you mean\n    1  "North"' in shown, shown
    assert "no suggestion 7" in terminal.answer("7\n")
    assert "not one of the allowed values" in terminal.answer("Narnia\n")
    assert "3 of 5" in terminal.answer("\n")  # the next one
    for _ in range(2):  # in the middle, and again
        code, said = terminal.end("\x03")
        assert code == -signal.SIGINT and "remembered" not in said, said
        terminal = fixes(batch)
        terminal.until("> ")
    terminal.end("\x03")

    terminal = fixes(batch)
    assert "2 of 5" in terminal.until("> "), "the one that was answered is not asked about again"
    terminal.resize(10, 30)
    assert '"Nort" -> "North", remembered (2 rows)' in terminal.answer("1\n")
    assert '"Sud" -> "South"' in terminal.answer("South\n")
    code, said = terminal.end(".\n")
    assert code == 0 and "2 different wrong values are left" in said, said

    terminal = fixes(batch)
    assert "4 of 5  Wrong form: Zip" in terminal.until("> ")
    assert "more than a value may have" in terminal.answer("1" * 5000 + "\n")
    assert "5 of 5" in terminal.answer("12345\n")
    assert "left out (1 row)" in terminal.answer("-\n", "[y/N] ")
    code, said = terminal.end("n\n")
    assert code == 0 and "--finish goes on" in said and church.show(batch)["fix_errors"], said
    terminal = fixes(batch)
    terminal.until("[y/N] ")
    code, said = terminal.end("y\n")
    assert code == 0 and "is read again" in said, said
    assert goes_on(church, batch) == {"created": 19, "rejected": 1, "left_out": 1, "generation": 2, "corrected": 5}


def test_what_is_typed_ahead_or_ended_by_control_d_is_kept_as_far_as_it_was_answered(church, fixes):
    batch = stuck(church, cards(6, campus={1: "Nort", 2: "Sud"}))
    terminal = fixes(batch)
    terminal.until("> ")
    terminal.answer("1\n")
    code, said = terminal.end("\x04")
    assert code == 0 and "\n1 wrong value is left to correct" in said, said
    assert [one["correction"] is not None for one in church.errors(batch)] == [True, False]


def test_a_repair_and_corrections_are_made_in_one_go(church):
    """The repair mends one column, the correction another value; the rows are read once more with both."""
    zips = {at: "2134" for at in range(4, 21, 4)}
    batch = stuck(church, cards(20, campus={1: "Nort", 2: "Nort"}, zip=zips))
    church.refused("batch", "fix", batch, "--repair", "nope", saying='There is "leading-zeros:postcode:5"')
    made = church.json("batch", "fix", batch, "--repair", "leading-zeros:postcode:5", "--field", "Campus", "--from", "Nort",
                       "--to", "North")
    assert made["finished"] and len(made["made"]) == 1, made
    assert goes_on(church, batch) == {"created": 20, "rejected": 0, "left_out": 0, "generation": 2, "corrected": 7}
    found = {one["email"]: one for one in church.people().values()}
    assert {found[people.person(9 + at)["email"]]["postcode"] for at in zips} == {"02134"}
    assert found[people.person(10)["email"]]["campus"] == "North"


def test_a_repair_that_leaves_rows_out_says_which_and_the_others_go_on(church):
    """A line of totals below the people is no person."""
    rows = cards(30, campus={1: "Nort"})
    rows.append(["Total"] + [""] * (len(rows[0]) - 2) + ["30"])
    batch = stuck(church, rows)
    church.cli("batch", "fix", batch, "--repair", "totals-rows", "--field", "Campus", "--from", "Nort", "--to", "North")
    done = goes_on(church, batch)
    assert (done["created"], done["rejected"], done["left_out"], done["corrected"]) == (30, 1, 1, 1), done
    lines = church.cli("batch", "rejected", batch).splitlines()
    assert len(lines) == 2 and lines[1].startswith("31,Total"), lines
