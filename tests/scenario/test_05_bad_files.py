"""Files as bad as they come: each is a clear message with what, where and what to do, and nothing is lost or written."""

import os
import subprocess

import pytest

import people
from bus import pb
from support import peak_rss_mib, state_of, wait_for

GOOD = people.card(people.person(1))
HEADER = ",".join(people.CARD_HEADER)
LINE = ",".join(GOOD)


@pytest.fixture(scope="module")
def church(shared):
    return shared.prepare(people.directory(2))


@pytest.fixture(autouse=True)
def nothing_is_written_and_the_next_good_file_works(church, request):
    before = church.people()
    yield
    assert church.people() == before, "a bad file reached the directory"
    batch = church.create([people.CARD_HEADER, GOOD], "--dry-run")
    church.complete(batch)


def failure(church, content, *saying, name="bad.csv", timeout_s=60):
    """Uploads what cannot be read: refused at once or failed later, with a reason that has each of `saying`."""
    path = content if hasattr(content, "exists") else church.file(name, content)
    result = church.run("batch", "create", path, "--template", "card", "--json", timeout_s=timeout_s)
    if result.code == 0:
        view = church.wait_state(result.documents()[-1]["batch_id"], timeout_s=timeout_s)
        assert view["outcome"] == "failed", view
        text = view["failure"]
    else:
        assert result.code == 1, result
        text = result.said
    assert len(text) > 20, text
    for words in saying:
        alternatives = (words,) if isinstance(words, str) else words
        assert any(one.lower() in text.lower() for one in alternatives), f"no word of {words!r} in: {text}"
    return text


def wrong_rows(church, content):
    """Uploads a file with some bad rows; the groups of wrong values."""
    batch = church.create(content, name="some-bad.csv")
    view = church.wait_state(batch)
    assert view["fix_errors"], view
    groups = church.errors(batch)
    church.cli("batch", "cancel", batch)
    return view, groups


def test_an_empty_file(church):
    failure(church, b"", "empty")


def test_a_file_of_white_space_only(church):
    failure(church, b"\n\n  \n\r\n", ("empty", "no header", "no row"))


def test_a_file_with_a_header_only(church):
    failure(church, HEADER + "\n", ("no row", "no entries", "only a header", "header only", "no data"))


def test_a_file_for_another_template(church):
    text = failure(church, "Title,Author,Year\nMoby-Dick,Melville,1851\n", "Title", "Author", "First Name")
    assert "card" in text.lower()


def test_a_file_that_lacks_a_required_column(church):
    failure(church, [["Last Name", "Email"], ["Ash", "ash@example.org"]], "First Name")


def test_a_file_with_one_column_twice(church):
    failure(church, [["First Name", "Last Name", "Email", "Email"], ["A", "B", "a@example.org", "b@example.org"]], "Email")


def test_a_file_with_two_headers_that_mean_one_field(church):
    failure(church, [["First Name", "Given Name", "Last Name"], ["A", "B", "C"]], "First Name", "Given Name")


def test_rows_with_nul_bytes_are_named_by_line(church):
    content = f"{HEADER}\n{LINE}\n".encode() + LINE.encode().replace(people.person(1)["family_name"].encode(), b"No\0body") + b"\n"
    path = church.file("nul.csv", content)
    result = church.run("batch", "create", path, "--template", "card", "--json")
    assert result.code in (0, 1), result
    if result.code:
        assert "NUL" in result.said, result
        return
    batch = result.documents()[-1]["batch_id"]
    view = church.wait_state(batch)
    shown = view["failure"] or church.cli("batch", "errors", batch)
    assert "NUL" in shown and "3" in shown, shown
    if not view["failure"]:
        church.cli("batch", "cancel", batch)


def test_a_row_with_invalid_utf8_is_named_by_line_and_column(church):
    lines = [LINE] * 50
    content = "\n".join([HEADER, *lines]).encode() + b"\n" + "J\u00fcrgen,M\u00fcller,,,j@example.org,,,,,,\n".encode()
    content += b"J\xfcr\xc3gen,M\xffller,,,k@example.org,,,,,,\n"
    view, groups = wrong_rows(church, content)
    assert view["rows_wrong"] == 1, view
    assert {53} == {line for group in groups for line in group["first_lines"]}, groups
    assert any("first" in group["field"] or group["column"] == 1 for group in groups), groups


def test_rows_with_too_many_and_too_few_cells_are_named_by_line(church):
    view, groups = wrong_rows(church, f"{HEADER}\n{LINE}\n{LINE},one,too many\nAsh\n{LINE}\n")
    assert view["rows_wrong"] == 2, view
    assert {3, 4} == {line for group in groups for line in group["first_lines"]}, groups
    assert all(group["message"] for group in groups)


def test_an_open_quote_to_the_end_of_a_gigabyte_keeps_memory_low(church):
    path = church.files / "open-quote.csv"
    with path.open("wb") as file:
        file.write(f'{HEADER}\n{LINE}\n"'.encode())
        block = b"no end in sight, and no quote either\n" * 29000
        while file.tell() < 1 << 30:
            file.write(block)
    text = failure(church, path, "quote", "3", timeout_s=180)
    path.unlink()
    assert "line" in text.lower()
    for name in ("parsing", "ingestion", "broker"):
        peak = peak_rss_mib(church.pid_of(name))
        assert peak < 256, f"{name} held {peak:.0f} MiB"


def test_two_hundred_thousand_columns(church):
    header = ",".join(f"c{at}" for at in range(200_000))
    failure(church, f"{header}\n{','.join('x' * 1 for _ in range(200_000))}\n", "column")


def test_a_field_of_a_hundred_megabytes(church):
    content = f'{HEADER}\n{LINE}\n"'.encode() + b"x" * 100_000_000 + b'",Ash,,,,,,,,,\n'
    text = failure(church, content, ("field", "cell", "value", "row"), "3", timeout_s=120)
    assert "line" in text.lower()
    assert peak_rss_mib(church.pid_of("parsing")) < 256


def test_a_row_of_many_large_fields(church):
    cells = ",".join(["y" * 100_000] * len(people.CARD_HEADER))
    content = f"{HEADER}\n{LINE}\n{cells}\n"
    failure(church, content, ("row", "line"), "3")


def test_a_directory_instead_of_a_file(church):
    folder = church.files / "folder.csv"
    folder.mkdir()
    church.refused("batch", "create", folder, "--template", "card", saying="directory")


def test_a_file_that_is_not_there(church):
    church.refused("batch", "create", church.files / "nowhere.csv", "--template", "card", saying="nowhere.csv")


def test_a_file_that_may_not_be_read(church):
    path = church.file("secret.csv", [people.CARD_HEADER, GOOD])
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    church.refused("batch", "create", path, "--template", "card", saying="secret.csv")


@pytest.mark.parametrize("encoding, name", [("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("cp1252", "windows-1252")])
def test_files_in_other_encodings_are_read_right_and_the_encoding_is_named(church, encoding, name):
    rows = "\r\n".join(
        [HEADER] + [f"Ren\u00e9e,M\u00fcller-Stra\u00dfe,,,r{at}@example.org,,Caf\u00e9 \u20ac 5,,,," for at in range(40)]
    )
    path = church.file("encoded.csv", (rows + "\r\n").encode(encoding))
    read = church.json("read", path, "--format", "json", "--rows", "3")
    text = str(read)
    assert "Ren\u00e9e" in text and "M\u00fcller-Stra\u00dfe" in text and "Caf\u00e9 \u20ac 5" in text, read
    assert name.lower() in text.lower(), read
    batch = church.create(path, "--dry-run")
    assert church.complete(batch)["rows_total"] == 40


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_recognised(church, delimiter):
    content = "".join(delimiter.join(line) + "\n" for line in (people.CARD_HEADER, GOOD))
    assert church.complete(church.create(content, "--dry-run"))["rows_total"] == 1


def test_an_upload_cut_in_the_middle_goes_on_where_it_was(church):
    content, _ = people.batch(2, 60_000, seed=4, uncertain=0.0)
    path = church.file("long.csv", content)
    data = path.read_bytes()
    import hashlib

    with church.bus() as bus:
        batch = bus.call(
            "ingestion", pb.CreateBatch(name="cut", template_name="card", dry_run=True), pb.BatchView, command_id=os.urandom(16)
        ).message.batch_id
        begin = pb.BeginUpload(batch_id=batch, size=len(data), sha256=hashlib.sha256(data).digest(), file_name="long.csv")
        offset = bus.call("ingestion", begin, pb.UploadView, key=batch, command_id=os.urandom(16)).message.offset
        assert offset == 0
        step = 512 * 1024
        for _ in range(4):
            offset = bus.call(
                "ingestion", pb.PutRange(batch_id=batch, offset=offset, data=data[offset : offset + step]), pb.UploadView,
                key=batch, command_id=os.urandom(16),
            ).message.offset
        assert offset == 4 * step
    church.kill("ingestion")
    church.wait_ready()
    with church.bus() as bus:
        resumed = bus.insist("ingestion", begin, pb.UploadView, key=batch, command_id=os.urandom(16)).message
        assert 0 < resumed.offset <= offset, "what had arrived is not sent again"
        offset = resumed.offset
        wrong = bus.call(
            "ingestion", pb.PutRange(batch_id=batch, offset=offset + 1, data=b"x"), pb.UploadView, key=batch,
            command_id=os.urandom(16),
        )
        assert wrong.status != pb.ANSWER_OK or wrong.message.offset == offset, "a hole is not accepted"
        while offset < len(data):
            offset = bus.insist(
                "ingestion", pb.PutRange(batch_id=batch, offset=offset, data=data[offset : offset + step]), pb.UploadView,
                key=batch, command_id=os.urandom(16),
            ).message.offset
        done = bus.insist("ingestion", pb.FinishUpload(batch_id=batch), pb.BatchView, key=batch, command_id=os.urandom(16))
        assert done.status == pb.ANSWER_OK, done
    assert church.complete(batch)["rows_total"] == 60_000


def test_an_upload_whose_bytes_differ_from_what_was_announced_is_refused(church):
    data = f"{HEADER}\n{LINE}\n".encode()
    with church.bus() as bus:
        batch = bus.call(
            "ingestion", pb.CreateBatch(name="changed", template_name="card"), pb.BatchView, command_id=os.urandom(16)
        ).message.batch_id
        bus.call(
            "ingestion", pb.BeginUpload(batch_id=batch, size=len(data), sha256=b"\1" * 32, file_name="x.csv"), pb.UploadView,
            key=batch, command_id=os.urandom(16),
        )
        bus.call("ingestion", pb.PutRange(batch_id=batch, data=data), pb.UploadView, key=batch, command_id=os.urandom(16))
        done = bus.call("ingestion", pb.FinishUpload(batch_id=batch), pb.BatchView, key=batch, command_id=os.urandom(16))
    assert done.status == pb.ANSWER_REFUSED and len(done.text) > 20, done
    assert church.state(batch) == "Ready For File Upload"
    church.cli("batch", "cancel", batch)


def test_a_client_killed_while_uploading_leaves_a_batch_that_can_be_cancelled(church):
    path = church.files / "large.csv"
    with path.open("w") as file:
        file.write(HEADER + "\n")
        for at in range(1_200_000):
            file.write(f"A{at},B{at},,,,,,,,,\n")
    before = len(church.documents("batch", "list"))
    client = church.background("batch", "create", path, "--template", "card", "--dry-run")
    wait_for(lambda: len(church.documents("batch", "list")) > before or client.poll() is not None, "the batch to be there")
    client.kill()
    client.wait()
    view = church.documents("batch", "list")[0]
    if state_of(view) == "Ready For File Upload":
        church.cli("batch", "cancel", view["batch_id"])
        assert church.show(view["batch_id"])["outcome"] == "cancelled"
    else:
        church.wait_state(view["batch_id"])


def test_read_shows_how_a_file_is_understood_and_what_is_wrong_without_uploading(church):
    before = len(church.events())
    text = church.cli("read", church.file("semi.csv", "a;b\n1;2\n"), "--format", "csv")
    assert text.replace("\r\n", "\n") == "a,b\n1,2\n"
    result = church.run("read", church.file("empty.csv", b""))
    assert result.code == 1 and "empty" in result.said.lower(), result
    assert len(church.events()) == before
