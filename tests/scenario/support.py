"""support.py - one running muster under test: real processes, a data directory that dies with the test, the command line
as a person types it, and the bus for what no command shows. Nothing here waits for a time, only for a condition with a
deadline."""

import contextlib
import csv
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from bus import Bus, pb  # noqa: E402  (its folder must be known first)

BUILD = pathlib.Path(os.environ.get("MUSTER_BUILD", ROOT / "build" / "release"))
BIN = BUILD / "bin"
DATA = ROOT / "tests" / "data"
PUBLIC = pathlib.Path(os.environ["MUSTER_TEST_DATA"]) if os.environ.get("MUSTER_TEST_DATA") else None
# A machine under load is slow, not broken: every deadline is this many times what an idle machine needs.
PATIENCE = float(os.environ.get("MUSTER_PATIENCE", "1"))
SERVICES = ("ingestion", "parsing", "matching", "discrepancy", "export", "notification")
STATES = (
    "Ready For File Upload", "Auto Reading Entries", "Checking For Discrepancies", "Await Discrepancy Verification",
    "Exporting Data", "Complete",
)
WAITING_STATES = (STATES[0], STATES[3])


class NeverHappened(AssertionError):
    """A condition did not come true before its deadline."""


def wait_for(condition, what, timeout_s=30.0):
    """Returns the first true value of condition()."""
    deadline = time.monotonic() + timeout_s * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise NeverHappened(f"not within {timeout_s * PATIENCE:.0f} s: {what() if callable(what) else what}")
        time.sleep(0.02)


def process_table():
    """Every process with its arguments: pid -> list."""
    table = {}
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                arguments = (folder / "cmdline").read_bytes().split(b"\0")[:-1]
                if arguments and (folder / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                    table[int(folder.name)] = [part.decode(errors="replace") for part in arguments]
    return table


def peak_rss_mib(pid):
    """Most memory that a process ever held."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) / 1024


class Result:
    """What a command said."""

    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.arguments = done.args

    @property
    def said(self):
        return self.out + self.err

    def documents(self):
        """The JSON documents it printed: one for one thing, one a line for lists."""
        text = self.out.strip()
        if not text:
            return []
        try:
            whole = json.loads(text)
            return whole if isinstance(whole, list) else [whole]
        except json.JSONDecodeError:
            return [json.loads(line) for line in text.splitlines()]

    def __repr__(self):
        return f"{' '.join(map(str, self.arguments[1:]))}\n-> {self.code}\n{self.out}\n{self.err}"


class Instance:
    """A data directory and the processes on it."""

    def __init__(self, data=None, environment=None):
        # Short: the path of a unix socket has at most 107 bytes.
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="mu", dir="/tmp")) if data is None else None
        self.data = (self.base / "d") if data is None else pathlib.Path(data)
        self.environment = {**os.environ, "MUSTER_DATA": str(self.data), "LC_ALL": "C.UTF-8", **(environment or {})}
        self.environment.pop("MUSTER_ENDPOINT", None)
        self.files = pathlib.Path(tempfile.mkdtemp(prefix="mf", dir="/tmp"))

    # life -------------------------------------------------------------------------------------------------

    def up(self, *options, timeout_s=60):
        self.cli("up", "--detach", "--no-builtins", *options, timeout_s=timeout_s)
        self.wait_ready()
        return self

    def wait_ready(self, timeout_s=30, services=SERVICES):
        """Until the broker and each service answer and have applied the whole log."""
        last = {}

        def ready():
            try:
                with Bus(self.data, timeout_s=1.0) as bus:
                    status = bus.status(timeout_s=1.0)
            except Exception as error:  # not there yet: that is what we wait for
                last["error"] = error
                return False
            last["reports"] = {report.instance: (report.state, report.applied_seq) for report in status.reports}
            states = {report.service: report for report in status.reports}
            return all(
                name in states and states[name].state == "ready" for name in services
            ) and status

        return wait_for(ready, lambda: f"all services ready: {last}", timeout_s)

    def down(self, timeout_s=30):
        """An orderly end; whatever is left after it is killed, and that is an error."""
        if self.processes():
            result = self.run("down", timeout_s=timeout_s)
            wait_for(lambda: not self.processes(), lambda: f"processes end: {self.processes()} {result}", timeout_s)

    def destroy(self):
        for _ in range(50):
            left = self.processes()
            if not left:
                break
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        shutil.rmtree(self.files, ignore_errors=True)
        if self.base:
            shutil.rmtree(self.base, ignore_errors=True)

    def processes(self):
        """pid -> arguments of all that runs on this data directory."""
        mine = str(self.data)
        found = {}
        for pid, arguments in process_table().items():
            name = os.path.basename(arguments[0])
            if name.startswith("muster") and (
                mine in arguments or f"--data={mine}" in arguments or any(mine + "/" in part for part in arguments[1:])
            ):
                found[pid] = arguments
        return found

    def pid_of(self, name):
        """'broker', 'parsing', 'parsing/2': the process, or None."""
        program, _, number = name.partition("/")
        for pid, arguments in self.processes().items():
            if os.path.basename(arguments[0]) != f"muster-{program}":
                continue
            if not number:
                return pid
            for at, part in enumerate(arguments):
                if part == f"--instance={number}" or (part == "--instance" and arguments[at + 1 : at + 2] == [number]):
                    return pid
        return None

    def kill(self, name, how=signal.SIGKILL):
        """Kills one process; returns its pid, None where it was not there."""
        pid = self.pid_of(name)
        if pid:
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                return None
        return pid

    # the command line -------------------------------------------------------------------------------------

    def run(self, *arguments, timeout_s=60, stdin=None, environment=None):
        """muster ARGUMENTS, whatever comes of it."""
        done = subprocess.run(
            [str(BIN / "muster"), *map(str, arguments), "--data", str(self.data)],
            capture_output=True, text=True, errors="replace", timeout=timeout_s * PATIENCE, input=stdin or "",
            env={**self.environment, **(environment or {})}, cwd=self.files,
        )
        return Result(done)

    def cli(self, *arguments, **options):
        """muster ARGUMENTS, which must succeed; what it printed."""
        result = self.run(*arguments, **options)
        assert result.code == 0, f"failed: {result}"
        return result.out

    def refused(self, *arguments, code=1, saying=(), **options):
        """muster ARGUMENTS, which must fail with a message that has each of `saying`; the result."""
        result = self.run(*arguments, **options)
        assert result.code == code, f"expected exit code {code}: {result}"
        for words in [saying] if isinstance(saying, str) else saying:
            assert words.lower() in result.said.lower(), f"no word of {words!r}: {result}"
        assert len(result.said.strip()) > 10, f"no explanation: {result}"
        return result

    def json(self, *arguments, **options):
        """The one document that muster ARGUMENTS --json prints."""
        documents = self.documents(*arguments, **options)
        assert len(documents) == 1, documents
        return documents[0]

    def documents(self, *arguments, **options):
        result = self.run(*arguments, "--json", **options)
        assert result.code == 0, f"failed: {result}"
        return result.documents()

    def background(self, *arguments):
        """muster ARGUMENTS as a process of its own."""
        return subprocess.Popen(
            [str(BIN / "muster"), *map(str, arguments), "--data", str(self.data)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment, cwd=self.files,
        )

    # the bus ----------------------------------------------------------------------------------------------

    def bus(self, **options):
        return Bus(self.data, **options)

    def events(self, stream="", start=1):
        with self.bus() as bus:
            return list(bus.read(stream, start))

    # directories and batches --------------------------------------------------------------------------------

    def file(self, name, content):
        """A file to upload: text, bytes or rows (the first is the header)."""
        path = self.files / name
        if isinstance(content, list):
            content = to_csv(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def prepare(self, people=None, package=DATA / "people.package.json", templates=(DATA / "card.template.json",), kind="person"):
        """Declares the directory, adds the templates and imports `people` (rows, the first is the header)."""
        self.cli("directory", "declare", package)
        for template in templates:
            self.cli("template", "add", template)
        if people:
            self.import_people(self.file("people.csv", people), kind)
        return self

    def import_people(self, path, kind="person", id_column="id", timeout_s=120):
        arguments = ["directory", "import", path, "--kind", kind]
        if id_column:
            arguments += ["--id", id_column]
        return self.cli(*arguments, timeout_s=timeout_s)

    def create(self, content, *options, template="card", name="cards.csv", timeout_s=60):
        """Creates a batch from rows, text, bytes or a path; its id."""
        path = content if isinstance(content, pathlib.Path) else self.file(name, content)
        return self.json("batch", "create", path, "--template", template, *options, timeout_s=timeout_s)["batch_id"]

    def show(self, batch):
        return self.json("batch", "show", batch)

    def state(self, batch):
        return state_of(self.show(batch))

    def wait_state(self, batch, *states, timeout_s=60):
        """Until the batch is in one of the states (default: where nothing moves by itself) or has failed; its view."""
        wanted = states or (STATES[3], STATES[5])
        last = {}

        def there():
            view = self.show(batch)
            if view != last.get("view"):
                last.update(view=view, since=time.monotonic())
            waits_for_nothing = view["waits_for_person"] and time.monotonic() - last["since"] > 10 * PATIENCE
            assert not waits_for_nothing or state_of(view) in wanted, f"it waits for a person: {view}"
            if state_of(view) in wanted:
                return view
            ended = view.get("outcome") in ("failed", "cancelled", "parked")
            assert not ended or not states, f"batch {batch} ended: {view}"
            return view if ended or (not states and view.get("fix_errors")) else None

        return wait_for(there, lambda: f"{batch} in {' or '.join(wanted)}: {last.get('view')}", timeout_s)

    def complete(self, batch, timeout_s=60):
        """Until the batch is Complete; its view, with the accounting checked (A29)."""
        view = self.wait_state(batch, "Complete", timeout_s=timeout_s)
        check_accounting(view)
        return view

    def results(self, batch):
        """batch results, as dictionaries by row."""
        text = self.cli("batch", "results", batch, "--format", "csv")
        header = text.splitlines()[0]
        assert header == "row,decision,outcome,record_id,candidate_id,probability,reason", header
        return {int(row["row"]): row for row in csv.DictReader(io.StringIO(text))}

    def questions(self, batch):
        """Open discrepancies by row."""
        return {int(one["row"]): one for one in self.documents("batch", "discrepancies", batch) if one.get("open", True)}

    def resolve(self, batch, row, *choice):
        return self.cli("batch", "resolve", batch, "--entry", row, *choice, "--yes")

    def person(self, record, kind="person"):
        """The newest version of a record, as a dictionary of its fields with `id` and `version`."""
        newest = self.documents("directory", "history", record, "--kind", kind)[0]
        return {**newest["values"], "id": newest["id"], "version": newest["version"]}

    def parked(self):
        """Inputs that failed five times."""
        return self.json("parked", "list")["inputs"]

    def errors(self, batch):
        """Groups of wrong values."""
        return self.documents("batch", "errors", batch, "--max", "0")

    def people(self, kind="person"):
        """The whole directory by id."""
        text = self.cli("directory", "export", "--kind", kind)
        return {row["id"]: row for row in csv.DictReader(io.StringIO(text))}

    # rebuild ------------------------------------------------------------------------------------------------

    def stores(self):
        return sorted(path for path in (self.data / "services").iterdir() if path.is_dir())

    def dump(self, store):
        """All keys and values of one service's store, as text; the service must be down."""
        name, _, number = store.name.rpartition("-")
        done = subprocess.run(
            [str(BIN / f"muster-{name}"), "--data", str(self.data), "--instance", number, "--dump"],
            capture_output=True, timeout=60 * PATIENCE, env=self.environment,
        )
        assert done.returncode == 0, done
        return done.stdout

    def dumps(self):
        return {store.name: self.dump(store) for store in self.stores()}

    # when a test fails ----------------------------------------------------------------------------------------

    def logs(self):
        """Everything the processes logged: name -> text."""
        folder = self.data / "logs"
        return {path.name: path.read_text(errors="replace") for path in sorted(folder.glob("*"))} if folder.is_dir() else {}

    def describe(self, lines=25):
        parts = [f"data directory {self.data}", f"processes {self.processes()}"]
        for name, text in self.logs().items():
            parts += [f"--- {name}", *text.splitlines()[-lines:]]
        return "\n".join(parts)


def to_csv(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def state_of(view):
    """The state as A16 writes it, from whatever spelling."""
    plain = re.sub(r"[^a-z]", "", str(view["state"]).lower().removeprefix("state_"))
    for state in STATES:
        if re.sub(r"[^a-z]", "", state.lower()) == plain:
            return state
    raise AssertionError(f"no state of A16: {view['state']!r}")


def check_accounting(view):
    """A29: received = created + updated + unchanged + skipped + rejected."""
    parts = {name: int(view.get(name, 0)) for name in ("created", "updated", "unchanged", "skipped", "rejected")}
    assert int(view["rows_total"]) == sum(parts.values()), f"{view['rows_total']} rows, accounted for {parts}"
    return parts

