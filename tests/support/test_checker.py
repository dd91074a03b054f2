"""The checker itself: a sound log passes, and each way of being unsound is seen."""

import types

import pytest

from bus import id_of, pb
from checker import check_log, record_hash

INCARNATION = b"i" * 16


def log():
    """A small sound log of one completed batch: a list of [head as keywords, message]."""
    commit = lambda name: id_of(name)
    person = dict(stream="ingestion/B1", commit_id=commit("create"), operator="anna")
    derived = lambda group, cause, part, name: dict(cause_group=group, cause_seq=cause, cause_part=part, commit_id=commit(name))
    return [
        [person, pb.BatchCreated(batch_id="B1")],
        [dict(stream="parsing/B1", **derived("parsing", 1, 0, "read")), pb.ReadingFinished(batch_id="B1", rows=3)],
        [dict(stream="matching/B1/g1", **derived("matching", 2, 0, "match")),
         pb.EntriesMatched(batch_id="B1", first_row=1, rows=3, decisions=bytes([pb.DECISION_NEW, pb.DECISION_MATCHED, pb.DECISION_DISCREPANCY]))],
        [dict(stream="matching/B1", **derived("matching", 2, 1, "matched")),
         pb.MatchingFinished(batch_id="B1", rows=3, matched=1, new_rows=1, discrepancies=1)],
        [dict(stream="discrepancy/B1", **derived("discrepancy", 4, 0, "open")),
         pb.DiscrepanciesOpened(batch_id="B1", questions=[pb.EntryQuestion(row=3)])],
        [dict(stream="discrepancy/B1", commit_id=commit("decide")), pb.DiscrepancyResolved(batch_id="B1", row=3, version=2, choice=pb.CHOICE_SKIP)],
        [dict(stream="discrepancy/B1", commit_id=commit("decide")), pb.VerificationFinished(batch_id="B1", resolved=1)],
        [dict(stream="export/B1/records", **derived("export", 7, 0, "write")),
         pb.RecordsChanged(batch_id="B1", rows=pb.Rows(rows=2))],
        [dict(stream="export/B1/g1", **derived("export", 7, 0, "write")),
         pb.EntriesExported(batch_id="B1", first_row=1, rows=3, outcomes=bytes([pb.OUTCOME_CREATED, pb.OUTCOME_UPDATED, pb.OUTCOME_SKIPPED]))],
        [dict(stream="export/B1", **derived("export", 7, 1, "done")),
         pb.BatchCompleted(batch_id="B1", received=3, created=1, updated=1, skipped=1)],
    ]


def sealed(entries):
    """The entries with sequence, versions and hash chain, as a broker would store them."""
    before, versions, stored = b"", {}, []
    for seq, (head, message) in enumerate(entries, 1):
        versions[head["stream"]] = versions.get(head["stream"], 0) + 1
        body = message.SerializeToString()
        fields = dict(
            seq=seq, type=type(message).__name__, stream_version=versions[head["stream"]], batch_id="B1", body_size=len(body),
            incarnation=INCARNATION,
        )
        envelope = pb.Envelope(**{**fields, **head})
        envelope.hash = before = record_hash(before, envelope, body)
        stored.append([envelope, body])
    return stored


def report_of(stored, **journal):
    bus = types.SimpleNamespace(
        welcome=types.SimpleNamespace(incarnation=INCARNATION), read=lambda: iter(map(tuple, stored))
    )
    return check_log(bus, **journal)


def test_a_sound_log_passes_and_says_what_it_saw():
    report = report_of(sealed(log()), answered=[id_of("create"), id_of("decide")])
    assert not report.errors, report
    assert (report.count["events"], report.count["rows completed"], report.count["derived events"]) == (10, 3, 7)


def missing(entries):
    stored = sealed(entries)
    del stored[4]
    return stored


def flipped(entries):
    stored = sealed(entries)
    stored[8][1] = stored[8][1][:-1] + bytes([stored[8][1][-1] ^ 1])
    return stored


def changed(at, **head):
    def change(entries):
        entries[at][0].update(head)
        return sealed(entries)

    return change


def other(at, message):
    def change(entries):
        entries[at][1] = message
        return sealed(entries)

    return change


def again(at, **head):
    def change(entries):
        entries.append([{**entries[at][0], **head}, entries[at][1]])
        return sealed(entries)

    return change


@pytest.mark.parametrize(
    "check, harm",
    [
        ("C3", missing),
        ("C3", flipped),
        ("C6", changed(3, stream_version=7)),
        ("C4", changed(2, cause_seq=9)),
        ("C4", again(2, commit_id=id_of("match once more"))),
        ("C1", again(0)),
        ("C1", again(0, commit_id=id_of("create once more"))),
        ("C6", again(5, commit_id=id_of("decide once more"))),
        ("C7", other(9, pb.BatchCompleted(batch_id="B1", received=3, created=1, updated=1))),
        ("C7", other(9, pb.BatchCompleted(batch_id="B1", received=3, created=2, updated=1))),
        ("C7", other(8, pb.EntriesExported(batch_id="B1", first_row=1, rows=2, outcomes=bytes([1, 2])))),
        ("C7", other(3, pb.MatchingFinished(batch_id="B1", rows=3, matched=2, new_rows=1))),
        ("C7", other(4, pb.DiscrepanciesOpened(batch_id="B1"))),
        ("C7", other(1, pb.ReadingFinished(batch_id="B1", rows=4))),
        ("C7", other(7, pb.RecordsChanged(batch_id="B1"))),
    ],
)
def test_harm_is_seen(check, harm):
    report = report_of(harm(log()))
    assert any(error.startswith(check + ":") for error in report.errors), report


def test_an_answered_command_that_is_not_in_the_log_is_seen_and_a_refused_one_that_is():
    assert report_of(sealed(log()), answered=[id_of("never written")]).errors
    assert report_of(sealed(log()), refused=[id_of("decide")]).errors
