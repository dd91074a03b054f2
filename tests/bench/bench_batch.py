"""Whole batches through the whole system: rows a second, CPU and memory by process, stages; small files; memory."""

import os
import shutil
import statistics
import tempfile
import time

from instance import Instance, anchor, generate
from table import goal, show

# A stage ends with the first or last event of a type (by the broker's clock).
STAGES = [("read", "FileReceived", "EntriesAccepted"), ("match", "EntriesAccepted", "MatchingFinished"),
          ("recheck and queue", "MatchingFinished", "ExportStarted"), ("export", "ExportStarted", "BatchCompleted")]


def files_dir():
    """Generated files are kept between runs: they cost more than the shorter benches."""
    path = os.path.join(os.environ.get("MUSTER_BENCH_DIR", tempfile.gettempdir()), "muster-bench-files")
    os.makedirs(path, exist_ok=True)
    return path


def stages_of(events):
    """Seconds of each stage, from the log's own times."""
    last = {event["type"]: event["recorded_at_ms"] for event in events}
    first = {}
    for event in events:
        first.setdefault(event["type"], event["recorded_at_ms"])
    return {name: round((last[end] - first[start]) / 1000, 3) for name, start, end in STAGES
            if start in first and end in last}


def check(view, rows):
    counts = [view[name] for name in ("created", "updated", "unchanged", "skipped", "rejected")]
    if sum(counts) != rows:
        raise SystemExit(f"not every row is accounted for: {rows} rows, {counts}")


def one_run(arguments, files):
    """One batch on a fresh system: figures of it and of libcsv right before and after."""
    path = os.path.join(files, "batch.csv")
    with Instance(arguments.parsing, arguments.matching, keep=arguments.keep, sync=not arguments.no_sync) as system:
        import_s = system.import_directory(os.path.join(files, "directory.csv")) if arguments.directory else 0
        time.sleep(arguments.settle)
        libcsv = [anchor("libcsv", path)]
        system.peaks_reset()
        before = system.cpu_us()
        view = system.batch(path, truth=os.path.join(files, "truth.csv"))
        cpu = {name: us - before.get(name, 0) for name, us in system.cpu_us().items()}
        peaks = system.peaks_mib()
        libcsv.append(anchor("libcsv", path))
        check(view, arguments.rows)
        stages = stages_of(system.events(view["batch_id"]))
    libcsv_us = statistics.mean(run["cpu_us_per_row"] for run in libcsv)
    cpu_us_per_row = sum(cpu.values()) / arguments.rows
    return {"rows_per_s": round(arguments.rows / view["wall_s"]), "wall_s": round(view["wall_s"], 3),
            "cpu_us_per_row": round(cpu_us_per_row, 3), "cpu_ratio_libcsv": round(cpu_us_per_row / libcsv_us, 2),
            "libcsv_us_per_row": round(libcsv_us, 4), "import_rows_per_s": round(arguments.directory / import_s)
            if import_s else 0, "cpu_us_per_row_by_process": {k: round(v / arguments.rows, 3) for k, v in cpu.items()},
            "peak_rss_mib": peaks, "stages_s": stages,
            "outcomes": {name: view[name] for name in ("created", "updated", "unchanged", "skipped", "rejected")},
            "discrepancies": view["asked"]}


def bench(arguments):
    files = generate(os.path.join(files_dir(), f"batch-{arguments.rows}-{arguments.directory}"), seed=arguments.seed,
                     directory=arguments.directory, rows=arguments.rows, known=0.6, typos=arguments.typos,
                     uncertain=arguments.uncertain)
    runs = [one_run(arguments, files) for _ in range(arguments.repeat)]
    middle = sorted(runs, key=lambda run: run["rows_per_s"])[len(runs) // 2]
    for number, run in enumerate(runs, 1):
        print(f"run {number}: {run['rows_per_s']:,} rows/s, {run['cpu_us_per_row']} us CPU a row, libcsv "
              f"{run['libcsv_us_per_row']} us")
    print()
    show(["process", "CPU us/row", "peak MiB"],
         [[name, f"{us:.2f}", f"{middle['peak_rss_mib'].get(name, 0):,.0f}"]
          for name, us in sorted(middle["cpu_us_per_row_by_process"].items())])
    show(["stage", "s", "rows/s"], [[name, f"{s:.2f}", f"{arguments.rows / s:,.0f}" if s else ""]
                                    for name, s in middle["stages_s"].items()])
    print("outcomes:", ", ".join(f"{count:,} {name}" for name, count in middle["outcomes"].items()),
          f"- {middle['discrepancies']} questions, answered by the truth\n")
    show(["goal", "reached", "floor", "aim", ""],
         [goal("rows/s", middle["rows_per_s"], 100_000, 190_000),
          goal("CPU / libcsv", middle["cpu_ratio_libcsv"], 37, 19, less=True)])
    return {**middle, "rows": arguments.rows, "directory": arguments.directory, "sync": not arguments.no_sync,
            "runs": [{key: run[key] for key in ("rows_per_s", "cpu_us_per_row", "cpu_ratio_libcsv")} for run in runs]}


def small(arguments):
    """Many files of a few hundred rows, one after the other: from FileReceived to BatchCompleted."""
    count = arguments.repeat
    files = generate(os.path.join(files_dir(), f"small-{arguments.rows}-{arguments.directory}-{count}"),
                     seed=arguments.seed, directory=arguments.directory, rows=arguments.rows * count, known=0.6)
    with open(os.path.join(files, "batch.csv"), encoding="utf-8", newline="") as file:
        head, *records = split_records(file.read())
    with open(os.path.join(files, "truth.csv"), encoding="utf-8") as file:
        truth = file.readlines()
    waited = 0
    took_ms, walls_ms, stages = [], [], {}
    with Instance(arguments.parsing, arguments.matching, sync=not arguments.no_sync) as system:
        system.import_directory(os.path.join(files, "directory.csv"))
        time.sleep(arguments.settle)
        libcsv = anchor("libcsv", os.path.join(files, "batch.csv"))
        system.peaks_reset()
        before = system.cpu_us()
        for number in range(count):
            path = os.path.join(files, "part.csv")
            with open(path, "w", encoding="utf-8", newline="") as out:
                out.writelines([head, *records[number * arguments.rows:(number + 1) * arguments.rows]])
            part_truth = os.path.join(files, "part-truth.csv")
            with open(part_truth, "w", encoding="utf-8") as out:
                out.writelines([truth[0], *(renumbered(line, row) for row, line in enumerate(
                    truth[1 + number * arguments.rows:1 + (number + 1) * arguments.rows], 1))])
            view = system.batch(path, name=f"small {number}", truth=part_truth)
            check(view, arguments.rows)
            if view["asked"]:
                waited += 1
                continue  # a person was asked: no measure of the machine
            events = system.events(view["batch_id"])
            times = {event["type"]: event["recorded_at_ms"] for event in events}
            took_ms.append(times["BatchCompleted"] - times["FileReceived"])
            walls_ms.append(view["wall_s"] * 1000)
            for name, seconds in stages_of(events).items():
                stages.setdefault(name, []).append(seconds * 1000)
        cpu_us = sum(us - before.get(name, 0) for name, us in system.cpu_us().items()) / (count * arguments.rows)
        peaks = system.peaks_mib()
    took_ms.sort()
    p50, p99 = statistics.median(took_ms), took_ms[min(len(took_ms) - 1, int(len(took_ms) * 0.99))]
    wall_p50 = statistics.median(walls_ms)
    show(["stage", "p50 ms"], [[name, f"{statistics.median(values):.0f}"] for name, values in stages.items()])
    print(f"{count} files, {waited} of them asked a person and are left out; with `muster batch create --wait` around each: p50 {wall_p50:.0f} ms\n")
    show(["goal", "reached", "floor", "aim", ""],
         [goal(f"{arguments.rows} rows, accepted to done, p50 ms", p50, 150, 25, less=True),
          goal("p99 ms", p99, 400, 80, less=True)])
    return {"p50_ms": p50, "p99_ms": p99, "wall_p50_ms": round(wall_p50, 1), "rows": arguments.rows, "files": len(took_ms),
            "directory": arguments.directory, "rows_per_s": round(arguments.rows * 1000 / wall_p50),
            "cpu_us_per_row": round(cpu_us, 3), "cpu_ratio_libcsv": round(cpu_us / libcsv["cpu_us_per_row"], 2),
            "peak_rss_mib": peaks, "stages_p50_ms": {name: statistics.median(values) for name, values in stages.items()}}


def renumbered(line, row):
    return f"{row},{line.partition(',')[2]}"


def split_records(text):
    """CSV records as they stand in the text: line ends within quotes do not end one."""
    records, start, quoted = [], 0, False
    for at, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == "\n" and not quoted:
            records.append(text[start:at + 1])
            start = at + 1
    return records


def memory(arguments):
    """Peak memory of parsing for a small and a large file. The large one is a dry run: reading is what is measured."""
    figures = {}
    for label, rows in (("10 MB", 76_000), (f"{arguments.megabytes} MB", 7_600 * arguments.megabytes)):
        out = os.path.join(files_dir(), f"memory-{rows}")
        files = generate(out, seed=arguments.seed, directory=0, rows=rows, known=0)
        path = os.path.join(files, "batch.csv")
        with Instance(parsing=1) as system:
            system.peaks_reset()
            system.ask("batch", "create", path, "--template", "connect-card", "--name", "memory", "--dry-run")
            while not any(event["type"] == "EntriesAccepted" for event in system.events("B1")):
                time.sleep(0.5)
            peaks = system.peaks_mib()
        figures[label] = {"file_mb": round(os.path.getsize(path) / 1e6, 1), "peak_rss_mib": peaks}
        if rows > 1_000_000:
            shutil.rmtree(out)
    (_, first), (_, second) = figures.items()
    parsing = [next(mib for name, mib in figure["peak_rss_mib"].items() if "parsing" in name)
               for figure in (first, second)]
    show(["file", *sorted(first["peak_rss_mib"])],
         [[f"{figure['file_mb']:,.0f} MB", *(f"{figure['peak_rss_mib'][name]:,.0f} MiB"
                                            for name in sorted(figure["peak_rss_mib"]))] for figure in (first, second)])
    ratio = parsing[1] / parsing[0]
    show(["goal", "reached", "floor", "aim", ""],
         [goal("17 parsing, large / small", ratio, 1.5, 1.1, less=True)])
    return {"parsing_ratio": round(ratio, 3), "files": figures}
