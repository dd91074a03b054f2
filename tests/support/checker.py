"""checker.py - nothing lost, nothing twice: reads a whole log over the bus and says what is wrong with it.

The letters are those of the promise: C1 every answered command stands in the log once; C3 dense sequence, whole hash
chain; C4 every derived event has its cause before it, one answer per (group, input, part), parts in order; C6 stream
versions go up by one; C7 every row of every completed batch is accounted for, at every stage. (C8, projection equals
fold, needs the services stopped: Instance.projections in tests/scenario/support.py.) It counts what it looked at, so
that a test can refuse a run in which nothing was there to check.

By itself: checker.py DATA_DIR checks the instance that runs on a data directory.
"""

import collections
import hashlib
import sys

from bus import Bus, body_of, pb

BODIES = {
    "BatchCreated", "ReadingFinished", "EntriesAccepted", "EntriesMatched", "MatchingFinished", "DiscrepanciesOpened",
    "DiscrepancyResolved", "VerificationFinished", "EntriesExported", "BatchCompleted", "RecordsChanged",
    "BadRowsExcluded",
}


class Batch:
    """What the log says of one batch, added up."""

    def __init__(self):
        self.created = self.reading = self.accepted = self.matching = self.verified = self.completed = None
        self.decisions = collections.Counter()
        self.decided_rows = collections.Counter()
        self.exported_rows = collections.Counter()
        self.outcomes = collections.Counter()
        self.opened = set()
        self.resolved = {}
        self.resolved_before_verified = None
        self.records_changed = 0


class Report:
    def __init__(self):
        self.errors = []
        self.count = collections.Counter()
        self.types = collections.Counter()
        self.commits = {}  # commit_id -> [first seq, events]
        self.batches = collections.defaultdict(Batch)
        self.last_seq = 0

    def wrong(self, check, text):
        if len(self.errors) < 50:
            self.errors.append(f"{check}: {text}")

    def __str__(self):
        counters = ", ".join(f"{name} {value}" for name, value in sorted(self.count.items()))
        return "\n".join([counters, *self.errors])


def record_hash(before, envelope, body):
    """SHA-256(hash before || head packed without hash || body); before the first event stands nothing."""
    head = pb.Envelope()
    head.CopyFrom(envelope)
    head.ClearField("hash")
    return hashlib.sha256(before + head.SerializeToString(deterministic=True) + body).digest()


def _fold(report, envelope, body):
    if envelope.type not in BODIES:
        return
    message = body_of(envelope, body)
    batch = report.batches[message.batch_id]
    kind = envelope.type
    if kind == "BatchCreated":
        if batch.created:
            report.wrong("C1", f"batch {message.batch_id} was created twice, again at {envelope.seq}")
        batch.created = message
    elif kind == "ReadingFinished":
        batch.reading = message
    elif kind == "EntriesAccepted":
        batch.accepted = message
    elif kind == "EntriesMatched":
        if len(message.decisions) != message.rows:
            report.wrong("C7", f"EntriesMatched at {envelope.seq} speaks of {message.rows} rows, decides {len(message.decisions)}")
        batch.decisions.update(message.decisions)
        batch.decided_rows.update(range(message.first_row, message.first_row + message.rows))
    elif kind == "MatchingFinished":
        batch.matching = message
    elif kind == "DiscrepanciesOpened":
        batch.opened.update((message.recheck, question.row) for question in message.questions)
    elif kind == "DiscrepancyResolved":
        before = batch.resolved.get((message.recheck, message.row))
        if before is not None and message.version <= before.version:
            report.wrong("C6", f"row {message.row} of {message.batch_id} was decided twice on one version, again at {envelope.seq}")
        batch.resolved[(message.recheck, message.row)] = message
    elif kind == "VerificationFinished":
        batch.verified = message
        batch.resolved_before_verified = len(batch.resolved)
    elif kind == "EntriesExported":
        batch.outcomes.update(message.outcomes)
        batch.exported_rows.update(range(message.first_row, message.first_row + message.rows))
    elif kind == "RecordsChanged":
        batch.records_changed += message.rows.rows
    elif kind == "BatchCompleted":
        if batch.completed:
            report.wrong("C7", f"batch {message.batch_id} completed twice, again at {envelope.seq}")
        batch.completed = message


def _conserve(report, name, batch):
    """C7 for one completed batch."""
    done = batch.completed
    wrong = lambda text: report.wrong("C7", f"batch {name}: {text}")
    parts = done.created + done.updated + done.unchanged + done.skipped + done.rejected
    if done.received != parts:
        wrong(f"received {done.received}, accounted for {parts}")
    if batch.reading is None or batch.reading.rows != done.received:
        wrong(f"read {batch.reading.rows if batch.reading else None} rows, received {done.received}")
    if sorted(batch.exported_rows) != list(range(1, done.received + 1)):
        wrong(f"{len(batch.exported_rows)} of {done.received} rows have an outcome")
    twice = [row for row, times in batch.exported_rows.items() if times > 1]
    if twice:
        wrong(f"{len(twice)} rows have two outcomes, first {twice[0]}")
    itemised = {
        pb.OUTCOME_CREATED: done.created, pb.OUTCOME_UPDATED: done.updated, pb.OUTCOME_UNCHANGED: done.unchanged,
        pb.OUTCOME_SKIPPED: done.skipped, pb.OUTCOME_REJECTED: done.rejected,
    }
    for outcome, stated in itemised.items():
        if batch.outcomes[outcome] != stated:
            wrong(f"{pb.Outcome.Name(outcome)}: {batch.outcomes[outcome]} rows, stated {stated}")
    if not done.dry_run and batch.records_changed < done.created:
        wrong(f"{done.created} created, {batch.records_changed} records changed")
    if done.dry_run and batch.records_changed:
        wrong(f"a dry run changed {batch.records_changed} records")
    report.count["rows completed"] += done.received
    if done.purpose == pb.PURPOSE_IMPORT:
        return
    matching = batch.matching
    if matching is None:
        wrong("completed without matching")
        return
    decided = matching.matched + matching.new_rows + matching.discrepancies + matching.rejected
    if matching.rows != decided or matching.rows != done.received:
        wrong(f"{matching.rows} rows to match, {decided} decided, {done.received} received")
    if sorted(batch.decided_rows) != list(range(1, done.received + 1)):
        wrong(f"{len(batch.decided_rows)} of {done.received} rows have a decision")
    if batch.decisions[pb.DECISION_DISCREPANCY] != matching.discrepancies:
        wrong(f"{batch.decisions[pb.DECISION_DISCREPANCY]} rows are discrepancies, stated {matching.discrepancies}")
    if not done.dry_run:
        if len([1 for recheck, _ in batch.opened if recheck == 0]) != matching.discrepancies:
            wrong(f"{len(batch.opened)} discrepancies opened of {matching.discrepancies}")
        if batch.opened != set(batch.resolved):
            wrong(f"{len(batch.opened)} discrepancies opened, {len(batch.resolved)} resolved")
        report.count["discrepancies resolved"] += len(batch.resolved)


def check_log(bus, answered=(), unknown=(), refused=()):
    """Checks the whole log of the running instance. `answered`: commit ids that were answered OK (C1: there once),
    `unknown`: sent, no answer (there at most once), `refused`: answered with a refusal (not there)."""
    report = Report()
    before, versions, parts = b"", collections.defaultdict(int), collections.defaultdict(list)
    incarnation, commit, types = bus.welcome.incarnation, None, {}
    for envelope, body in bus.read():
        seq = envelope.seq
        report.count["events"] += 1
        report.types[envelope.type] += 1
        types[seq] = envelope.type
        if seq != report.last_seq + 1:
            report.wrong("C3", f"{seq} follows {report.last_seq}")
        report.last_seq = seq
        if envelope.incarnation != incarnation:
            report.wrong("C3", f"{seq} is of another incarnation")
        if envelope.body_size != len(body):
            report.wrong("C3", f"{seq} says {envelope.body_size} bytes, has {len(body)}")
        if record_hash(before, envelope, body) != envelope.hash:
            report.wrong("C3", f"the hash chain breaks at {seq}")
        before = envelope.hash
        versions[envelope.stream] += 1
        if envelope.stream_version != versions[envelope.stream]:
            report.wrong("C6", f"{envelope.stream} goes to {envelope.stream_version} at {seq}, {versions[envelope.stream]} is next")
            versions[envelope.stream] = envelope.stream_version
        identity = envelope.commit_id
        if identity != commit:
            if identity in report.commits:
                report.wrong("C1", f"commit {identity.hex()} stands twice, again at {seq}")
            report.commits[identity] = [seq, 0]
            commit = identity
        report.commits[identity][1] += 1
        if envelope.cause_seq:
            report.count["derived events"] += 1
            if envelope.cause_seq >= seq or envelope.cause_seq not in types:
                report.wrong("C4", f"{seq} is caused by {envelope.cause_seq}, which does not stand before it")
            known = parts[(envelope.cause_group, envelope.cause_seq)]
            answer = (envelope.cause_part, identity)
            if answer not in known:
                if known and envelope.cause_part <= known[-1][0]:
                    report.wrong("C4", f"{envelope.cause_group} answered part {envelope.cause_part} of {envelope.cause_seq} again, at {seq}")
                known.append(answer)
        _fold(report, envelope, body)
    report.count["inputs answered"] = len(parts)
    report.count["commits"] = len(report.commits)
    report.count["streams"] = len(versions)
    for identity in answered:
        report.count["answered commands"] += 1
        if identity not in report.commits:
            report.wrong("C1", f"command {identity.hex()} was answered and is not in the log")
    for identity in refused:
        if identity in report.commits:
            report.wrong("C1", f"command {identity.hex()} was refused and is in the log")
    report.count["unanswered commands"] = len(list(unknown))
    for name, batch in report.batches.items():
        if batch.completed:
            report.count["batches completed"] += 1
            _conserve(report, name, batch)
    return report


def main():
    with Bus(sys.argv[1]) as bus:
        report = check_log(bus)
    print(report)
    return 1 if report.errors or not report.count["events"] else 0


if __name__ == "__main__":
    sys.exit(main())
