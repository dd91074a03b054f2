"""Mail to people: when a batch waits for them, and when it is done (B45-B47, B52); once each, whatever dies."""

import collections
import re
import signal
import ssl
import subprocess

import pytest

import people
import support
from support import wait_for

pytest.importorskip("aiosmtpd.controller")
from aiosmtpd.smtp import AuthResult, LoginPassword  # noqa: E402

from mail_sink import ANNA, Sink, settings  # noqa: E402


@pytest.fixture
def sink():
    one = Sink().start()
    yield one
    one.stop()


def started(instance, text, rows=3):
    instance.data.mkdir(parents=True, exist_ok=True)
    (instance.data / "mail.yaml").write_text(text)
    return instance.up().prepare(people.directory(rows))


def mail_about(sink, text, timeout_s=20):
    return wait_for(lambda: sink.about(text), lambda: f"a mail about {text}: {[m['Subject'] for _, _, m, _, _ in sink.mails]}", timeout_s)[0]


def notices(instance, batch):
    """None of them while the service is starting again."""
    answer = instance.run("notices", "list", "--batch", batch, "--json")
    assert answer.code in (0, 3), answer
    return answer.documents() if answer.code == 0 else []


def sent(instance, batch, count):
    return wait_for(lambda: sum(bool(one.get("sent")) for one in notices(instance, batch)) == count, lambda: notices(instance, batch))


def test_B45_B46_B47_when_a_file_has_been_loaded_its_operator_gets_a_mail_with_the_totals_and_the_way_to_the_log(idle, sink):
    church = started(idle, settings(sink.port))
    rows = [people.card(people.person(number)) for number in (1, 2, 50, 51)]
    batch = church.create([people.CARD_HEADER, *rows], "--name", "Sunday, été")
    view = church.complete(batch)
    mail = mail_about(sink, "complete")
    text = mail.get_content()
    assert sink.mails[0][0] == "muster@example.org" and sink.mails[0][1] == [ANNA]
    assert batch in mail["Subject"] and "Sunday, été" in mail["Subject"]
    assert f"Received: {view['created'] + view['updated'] + view['unchanged']}" in text
    accepted = view["created"] + view["updated"] + view["unchanged"]
    assert f"Accepted: {accepted} ({view['created']} created, {view['updated']} updated, {view['unchanged']} unchanged)" in text
    assert f"muster batch log {batch}" in text and "cards.csv" in text
    log = church.documents("batch", "results", batch, "--format", "json")
    assert len(log) == 4 and sum(one["outcome"] in ("created", "updated", "unchanged") for one in log) == accepted
    assert mail["Auto-Submitted"] == "auto-generated" and mail["Message-ID"] and mail["Date"]
    for person in (people.person(1), people.person(50)):
        assert person["family_name"] not in text and person["email"] not in text, "no values of rows in a mail"


def test_B52_an_operator_who_left_is_told_when_the_batch_waits_for_decisions(idle, sink):
    church = started(idle, settings(sink.port))
    batch = church.create([people.CARD_HEADER, people.unsure_card(people.person(1), 1)])
    church.wait_state(batch, "Await Discrepancy Verification")
    text = mail_about(sink, "1 row to decide").get_content()
    assert f"muster batch discrepancies {batch}" in text


def test_B35_and_when_values_have_to_be_corrected(idle, sink):
    church = started(idle, settings(sink.port))
    batch = church.create([people.CARD_HEADER, people.card(people.person(50), email="not an address"), people.card(people.person(51))])
    text = mail_about(sink, "1 row to correct").get_content()
    assert f"muster batch errors {batch}" in text and "Nothing has been written yet" in text
    assert "not an address" not in text


def test_without_settings_no_mail_is_queued_and_the_system_says_so(muster):
    church = muster.prepare(people.directory(1))
    batch = church.create([people.CARD_HEADER, people.card(people.person(50))])
    church.complete(batch)
    assert "mail.yaml" in church.cli("notices", "list")


@pytest.mark.parametrize("line, saying", [
    ("smtp:\n  host: x\n  port: 99999\nfrom: a@b.c\n", "port"),
    ("smtp:\n  host: x\n  security: ssl\nfrom: a@b.c\n", "starttls"),
    ("smtp:\n  hots: x\nfrom: a@b.c\n", "hots"),
    ("smtp:\n  host: x\nfrom: not an address\n", "not an address"),
    ("smtp:\n  host: x\n  user: u\nfrom: a@b.c\n", "password_file"),
])
def test_wrong_settings_are_refused_at_the_start_and_say_what_is_wrong(idle, line, saying):
    idle.data.mkdir(parents=True)
    (idle.data / "mail.yaml").write_text(line)
    result = subprocess.run([support.BIN / "muster-notification", "--data", idle.data], capture_output=True, text=True, timeout=30)
    assert result.returncode != 0
    assert "mail.yaml" in result.stderr and saying in result.stderr, result.stderr


def test_S10_a_password_that_others_may_read_is_refused(idle, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("hush\n")
    secret.chmod(0o644)
    idle.data.mkdir(parents=True)
    (idle.data / "mail.yaml").write_text(settings(25, user="muster", password_file=secret))
    result = subprocess.run([support.BIN / "muster-notification", "--data", idle.data], capture_output=True, text=True, timeout=30)
    assert result.returncode != 0 and "chmod 600" in result.stderr and "hush" not in result.stderr


def test_mail_goes_over_tls_with_a_password_and_never_to_a_server_with_a_wrong_certificate(idle, tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
        check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")

    def known(server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"muster", b"hush")
        return AuthResult(success=good)

    sink = Sink(tls_context=context, require_starttls=True, authenticator=known, auth_required=True).start()
    try:
        secret = tmp_path / "password"
        secret.write_text("hush\n")
        secret.chmod(0o600)
        safe = {"security": "starttls", "user": "muster", "password_file": secret}
        church = started(idle, settings(sink.port, ca_file=tmp_path / "cert.pem", **safe))
        church.complete(church.create([people.CARD_HEADER, people.card(people.person(50))]))
        mail_about(sink, "complete")
        assert sink.mails[0][3] and sink.mails[0][4], "encrypted and logged in"
        logs = "".join(path.read_text() for path in (church.data / "logs").iterdir())
        assert "hush" not in logs and ANNA not in logs
        church.down()
        (church.data / "mail.yaml").write_text(settings(sink.port, **safe))  # the machine's own certificates do not know it
        church.up()
        batch = church.create([people.CARD_HEADER, people.card(people.person(51))])
        failed = wait_for(lambda: [one for one in notices(church, batch) if one.get("failed")], lambda: notices(church, batch))
        assert "certificate" in failed[0]["last_error"].lower() and len(sink.mails) == 1
    finally:
        sink.stop()


def test_a_mail_server_that_is_down_gets_the_mail_later_and_the_wait_is_visible(idle):
    sink = Sink()
    church = started(idle, settings(sink.port))
    batch = church.create([people.CARD_HEADER, people.card(people.person(50))])
    church.complete(batch)
    waiting = wait_for(lambda: [one for one in notices(church, batch) if one.get("attempts")], lambda: notices(church, batch))
    assert waiting[0]["last_error"] and not waiting[0].get("sent") and not waiting[0].get("failed")
    assert "waits" in church.cli("notices", "list")
    sink.start()
    try:
        sent(church, batch, 1)
        assert len(sink.mails) == 1
    finally:
        sink.stop()


def test_a_mail_that_is_refused_for_good_is_given_up_visibly_and_goes_out_when_told(idle, sink):
    sink.answer = "550 no such mailbox"
    church = started(idle, settings(sink.port))
    batch = church.create([people.CARD_HEADER, people.card(people.person(50))])
    church.complete(batch)
    failed = wait_for(lambda: [one for one in notices(church, batch) if one.get("failed")], lambda: notices(church, batch))
    assert failed[0]["attempts"] == 1 and "550" in failed[0]["last_error"]
    assert "given up" in church.cli("notices", "list") and "notices retry" in church.cli("notices", "list")
    sink.answer = "250 taken"
    church.cli("notices", "retry", batch, "1")
    sent(church, batch, 1)
    assert len(sink.mails) == 1
    church.refused("notices", "retry", batch, "1", saying=("was sent",))
    church.refused("notices", "retry", batch, "7", saying=("no notice 7",))


def test_H16_each_notice_comes_once_over_kill_9_but_for_a_death_between_taking_and_noting(idle, sink):
    church = started(idle, settings(sink.port))
    for round_ in range(8):
        between = round_ % 2 == 1
        sink.came.clear()
        sink.pause_s = 0.4 if between else 0.0  # the server takes its time to say that it has taken the mail
        batch = church.create([people.CARD_HEADER, people.card(people.person(100 + round_))])
        if between:
            assert sink.came.wait(20)
        church.kill("notification")
        church.complete(batch)
        sent(church, batch, 1)
    counts = collections.Counter(mail["Message-ID"] for _, _, mail, _, _ in sink.mails)
    assert len(counts) == 8, counts
    assert all(count <= 2 for count in counts.values()), "one death, one repetition at most, under the same Message-ID"
    before = len(sink.mails)
    church.down()
    church.up()
    church.complete(church.create([people.CARD_HEADER, people.card(people.person(200))]))
    wait_for(lambda: len(sink.mails) > before, "the mail about the last batch")
    assert len(sink.mails) == before + 1, "nothing old is sent again"


def test_an_orderly_end_waits_for_the_mail_under_way_so_that_none_comes_twice(idle, sink):
    church = started(idle, settings(sink.port))
    sink.pause_s = 1.5
    batch = church.create([people.CARD_HEADER, people.card(people.person(50))])
    assert sink.came.wait(30)
    church.kill("notification", signal.SIGTERM)
    sent(church, batch, 1)
    assert len(sink.mails) == 1


def test_S18_a_batch_name_cannot_add_headers_to_a_mail(idle, sink):
    church = started(idle, settings(sink.port))
    name = "Sunday\r\nBcc: everybody@example.org\r\n\r\nHello " + "x" * 200
    batch = church.create([people.CARD_HEADER, people.card(people.person(50))], "--name", name)
    church.complete(batch)
    mail = mail_about(sink, "complete")
    assert mail["Bcc"] is None and sink.mails[0][1] == [ANNA]
    assert not re.search(r"(?m)^Bcc:", mail.as_string())


def test_dry_runs_say_that_nothing_was_written_and_imports_are_silent(idle, sink):
    church = started(idle, settings(sink.port))
    batch = church.create([people.CARD_HEADER, people.card(people.person(50))], "--dry-run")
    church.complete(batch)
    assert "Nothing was written" in mail_about(sink, "dry run").get_content()
    assert len(sink.mails) == 1, "the import of the directory sent nothing"
