"""Append and deliver through the real broker, beside what the disk, RocksDB and ZeroMQ do alone."""

import json
import os
import statistics
import tempfile

from instance import Instance, anchor, program, run
from table import goal, show

LOADS = {  # name: bytes, outstanding, events, events a second (0: as many as go)
    "1 KiB, 1 outstanding": (1024, 1, 4000, 0),
    "1 KiB, paced 5,000/s": (1024, 1000, 20000, 5000),
    "1 KiB, 1000 outstanding": (1024, 1000, 300000, 0),
    "140 KiB, 16 outstanding": (143360, 16, 4000, 0),
}


def load(endpoint, size, outstanding, events, rate):
    return json.loads(run([program("muster-bench-bus"), "--endpoint", endpoint, "--size", str(size), "--outstanding",
                           str(outstanding), "--events", str(events), "--rate", str(rate)]))


def broker_status(system):
    status = system.ask("status")
    return status.get("broker", status)


def medians(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def bench(arguments):
    scale = 0.1 if arguments.quick else 1.0
    muster = {name: [] for name in LOADS}
    limits = {name: [] for name in ("fdatasync 4 KiB", "fdatasync 1 MiB", "push-pull 1 KiB")}
    rocksdb = {name: [] for name in LOADS}
    groups = {}
    with Instance() as system, tempfile.TemporaryDirectory(prefix="muster-bench-") as scratch:
        for _ in range(arguments.repeat):  # A-B-A-B: each limit right beside what it is compared with
            limits["fdatasync 4 KiB"].append(anchor("fdatasync", scratch, 4096, int(3000 * scale)))
            for name, (size, outstanding, events, rate) in LOADS.items():
                events = int(events * scale)
                before = broker_status(system)
                muster[name].append(load(system.endpoint(), size, outstanding, events, rate))
                after = broker_status(system)
                turns = max(1, after.get("syncs_total", 0) - before.get("syncs_total", 0))
                groups[name] = max(1, round(events / turns))
                if rate == 0:
                    rocksdb[name].append(anchor("rocksdb", scratch, size, events, groups[name]))
            limits["fdatasync 1 MiB"].append(anchor("fdatasync", scratch, 1 << 20, int(400 * scale)))
            limits["push-pull 1 KiB"].append(anchor("push-pull", scratch, 1024, int(1000000 * scale)))
    muster = {name: medians(runs) for name, runs in muster.items()}
    limits = {name: medians(runs) for name, runs in limits.items()}
    rocksdb = {name: medians(runs) for name, runs in rocksdb.items() if runs}

    one, paced, many, chunks = (muster[name] for name in LOADS)
    ratios = {name: muster[name]["events_per_s"] / rocksdb[name]["events_per_s"] for name in rocksdb}
    rows = []
    for name, figures in muster.items():
        beside = f"{rocksdb[name]['events_per_s']:,.0f}" if name in rocksdb else ""
        rows.append([name, f"{figures['events_per_s']:,.0f}", f"{figures['mb_per_s']:,.1f}", f"{figures['p50_us']:,.0f}",
                     f"{figures['p99_us']:,.0f}", str(groups[name]), beside,
                     f"{ratios[name]:.2f}" if name in ratios else ""])
    show(["load", "events/s", "MB/s", "p50 us", "p99 us", "events/sync", "RocksDB events/s", "ratio"], rows)
    small, large, pipe = (limits[name] for name in limits)
    show(["limit in the same run", "p50 us", "p99 us", "MB/s", "per s"],
         [["append 4 KiB + fdatasync", f"{small['p50_us']:,.0f}", f"{small['p99_us']:,.0f}", f"{small['mb_per_s']:,.1f}",
           f"{small['per_s']:,.0f}"],
          ["append 1 MiB + fdatasync", f"{large['p50_us']:,.0f}", f"{large['p99_us']:,.0f}", f"{large['mb_per_s']:,.1f}",
           f"{large['per_s']:,.0f}"],
          ["libzmq PUSH-PULL ipc 1 KiB", "", "", f"{pipe['mb_per_s']:,.1f}", f"{pipe['events_per_s']:,.0f}"]])
    goals = {
        "deliver_p50_to_fdatasync_p50": one["p50_us"] / small["p50_us"],
        "paced_p99_to_fdatasync_p99": paced["p99_us"] / small["p99_us"],
        "events_to_push_pull": many["events_per_s"] / pipe["events_per_s"],
        "chunk_mb_to_fdatasync_mb": chunks["mb_per_s"] / large["mb_per_s"],
    }
    show(["goal", "reached", "floor", "aim", ""],
         [goal("7  p50 1 KiB / fdatasync p50", goals["deliver_p50_to_fdatasync_p50"], 4, 2.5, less=True),
          goal("8  p99 at 5,000/s / fdatasync p99", goals["paced_p99_to_fdatasync_p99"], 15, 6, less=True),
          goal("9  1 KiB events/s / PUSH-PULL", goals["events_to_push_pull"], 0.10, 0.25),
          goal("10 140 KiB MB/s / fdatasync MB/s", goals["chunk_mb_to_fdatasync_mb"], 0.08, 0.15)])
    return {"events_per_s": many["events_per_s"], "mb_per_s": chunks["mb_per_s"], "p50_us": one["p50_us"],
            "p99_us": one["p99_us"], "ratio_rocksdb": round(ratios["1 KiB, 1000 outstanding"], 3),
            "goals": {name: round(value, 3) for name, value in goals.items()}, "loads": muster, "limits": limits,
            "rocksdb": rocksdb, "events_per_sync": groups, "cores": os.cpu_count()}
