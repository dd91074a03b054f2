"""One muster system on a fresh data directory, and what its processes cost."""

import csv
import json
import os
import shutil
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def program(name):
    """A program of the release build, or of the build directory named by MUSTER_BUILD."""
    path = os.path.join(os.environ.get("MUSTER_BUILD", os.path.join(ROOT, "build", "release")), "bin", name)
    if not os.path.exists(path):
        raise SystemExit(f"{path} is missing: cmake --preset release && cmake --build build/release")
    return path


def run(arguments, **options):
    """Runs a program and gives its standard output; a failure ends the bench with what it said."""
    done = subprocess.run(arguments, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def anchor(*arguments):
    return json.loads(run([program("muster-bench-anchor"), *map(str, arguments)]))


def generate(out, **options):
    """Makes directory.csv, batch.csv and truth.csv in `out`, unless the same ones stand there already."""
    wanted = json.dumps(options, sort_keys=True)
    note = os.path.join(out, "options.json")
    if os.path.exists(note) and open(note, encoding="utf-8").read() == wanted:
        return out
    os.makedirs(out, exist_ok=True)
    arguments = [program("muster-generate"), "--out", out]
    for name, value in options.items():
        arguments += [f"--{name}", str(value)]
    run(arguments)
    with open(note, "w", encoding="utf-8") as file:
        file.write(wanted)
    return out


class Instance:
    """`with Instance() as system:` starts a system and takes it down again, data and all."""

    def __init__(self, parsing=None, matching=None, keep=None, sync=True):
        self.data = keep or tempfile.mkdtemp(prefix="muster-bench-")
        self.keep = keep
        self.options = [] if sync else ["--no-sync"]
        for name, count in (("--parsing", parsing), ("--matching", matching)):
            self.options += [name, str(count)] if count else []

    def __enter__(self):
        try:
            self.muster("up", "--detach", *self.options)
        except SystemExit:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run([program("muster"), "down", "--data", self.data], capture_output=True, check=False)
        if not self.keep:
            shutil.rmtree(self.data, ignore_errors=True)

    def muster(self, *arguments):
        return run([program("muster"), *arguments, "--data", self.data])

    def ask(self, *arguments):
        """A command's one JSON document."""
        return json.loads(self.muster(*arguments, "--json"))

    def lines(self, *arguments):
        """A command's JSON lines."""
        return [json.loads(line) for line in self.muster(*arguments, "--json").splitlines() if line.strip()]

    def processes(self):
        """Name ("muster-matching/1") to process id of everything that runs on this data directory."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().decode().split("\0")
            except OSError:
                continue
            name = os.path.basename(words[0])
            if name.startswith("muster-") and "--data" in words and words[words.index("--data") + 1] == self.data:
                number = words[words.index("--instance") + 1] if "--instance" in words else ""
                found[f"{name}/{number}" if number else name] = int(pid)
        return found

    def cpu_us(self):
        """CPU time of each process so far."""
        times = {}
        for name, pid in self.processes().items():
            with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
                on_cpu_ns = int(file.read().split()[0])
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                fields = file.read().rpartition(")")[2].split()
            # schedstat counts the main thread alone, stat all threads but in ticks.
            ticks_us = (int(fields[11]) + int(fields[12])) * 1_000_000 // TICKS_PER_S
            times[name] = max(ticks_us, on_cpu_ns // 1000)
        return times

    def peaks_reset(self):
        for pid in self.processes().values():
            with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
                file.write("5")

    def peaks_mib(self):
        """Highest resident memory of each process since peaks_reset."""
        peaks = {}
        for name, pid in self.processes().items():
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                kib = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
            peaks[name] = round(kib / 1024, 1)
        return peaks

    def endpoint(self):
        return f"ipc://{self.data}/run/bus.sock"

    def import_directory(self, path):
        started = time.monotonic()
        self.muster("directory", "import", path, "--kind", "person", "--id", "id")
        return time.monotonic() - started

    def batch(self, path, name="bench", truth=None):
        """Runs a batch to its end and gives its view, with the wall time from command to Complete. Questions are
        answered by the truth; the time that takes is a person's and not counted."""
        started = time.monotonic()
        view = self.ask("batch", "create", path, "--template", "connect-card", "--name", name, "--wait")
        wall_s = time.monotonic() - started
        asked = view["discrepancies_open"]
        if asked:
            answered_s = self.answer(view["batch_id"], truth)
            started = time.monotonic()
            view = self.ask("batch", "wait", view["batch_id"])
            wall_s += answered_s + time.monotonic() - started
        view.update(wall_s=wall_s, asked=asked)
        return view

    def answer(self, batch_id, truth):
        """Answers every open question; gives the seconds that the last answer took, with which the batch goes on."""
        with open(truth, encoding="utf-8", newline="") as file:
            record_of = {int(line["row"]): line["record_id"] for line in csv.DictReader(file)}
        entries = [line["row"] for line in self.lines("batch", "discrepancies", batch_id, "--max", "0")]
        known = [entry for entry in entries if record_of[entry] != "new"]
        for entry in known:
            started = time.monotonic()
            self.muster("batch", "resolve", batch_id, "--entry", str(entry), "--select", record_of[entry], "--yes")
        if len(known) < len(entries):
            started = time.monotonic()
            self.muster("batch", "resolve", batch_id, "--all", "--new", "--yes")
        return time.monotonic() - started

    def events(self, batch_id):
        return self.lines("events", "--batch", batch_id)
