"""How well CSV files are read that nobody described: Pollock's polluted files and its survey of real ones.

Every file goes through `muster-parsing --read FILE --format csv`, which is told nothing about it, and what comes out is
compared with what a perfect loader gives. Scores are as Pollock defines them (header, record, cell: precision, recall,
F1, and one point for an answer at all), cells made comparable as there, but for dates and prices, which must be equal:
what this says can only be less than what Pollock would."""

import collections
import csv
import io
import json
import os
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

from instance import program
from table import show

PUBLISHED_HALF = {"SQLite": 9.944, "UniVocity": 9.942, "Pandas": 9.918, "Python csv": 9.729, "CleverCSV": 9.207}
PUBLISHED_SURVEY = {"OpenCSV": 9.015, "CleverCSV": 8.898, "Python csv": 8.340, "SQLite": 7.960, "Pandas": 6.285}
SNIFFING = {"DuckDB 1.2, told the dialect (both halves)": 9.961, "DuckDB 1.2, sniffing (both halves)": 9.075}
SHOWN = 12  # files named that lose most

csv.field_size_limit(1 << 30)


def comparable(cell):
    try:
        return str(int(cell))
    except ValueError:
        pass
    try:
        return str(float(cell))
    except ValueError:
        return cell.lower()


def table_of(content):
    rows = csv.reader(io.StringIO(content.decode("utf-8", "replace"), newline=""))
    return [[comparable(cell) for cell in row] for row in rows if row]


def measures(clean, loaded):
    """Precision (of the clean side, as Pollock calls it), recall and F1 of two lists."""
    if not clean:
        return [1.0, 1.0, 1.0]
    common = sum((collections.Counter(clean) & collections.Counter(loaded)).values())
    if common == 0:
        return [0.0, 0.0, 0.0]
    precision, recall = common / len(clean), common / len(loaded)
    return [precision, recall, 2 * precision * recall / (precision + recall)]


def joined(rows):
    return ["".join(cell or "null" for cell in row) for row in rows]


def score(clean, loaded):
    """0 to 10 points, of which success is one."""
    clean, loaded = table_of(clean), table_of(loaded)
    points = measures(sum(clean[:1], []), sum(loaded[:1], []))
    points += measures(joined(clean[1:]), joined(loaded[1:]))
    points += measures([cell for row in clean[1:] for cell in row], [cell for row in loaded[1:] for cell in row])
    return [1.0, *points]


def read(path):
    done = subprocess.run([program("muster-parsing"), "--read", str(path), "--format", "csv"], capture_output=True)
    return done.stdout if done.returncode in (0, 1) else None


def score_folder(folder):
    scores = {}
    for path in sorted((folder / "csv").iterdir()):
        loaded = read(path)
        scores[path.name] = [0.0] * 10 if loaded is None else score((folder / "clean" / path.name).read_bytes(), loaded)
    return scores


def simple(scores):
    return sum(sum(points) for points in scores.values()) / len(scores)


def weighted(scores, weights):
    total = sum(weights[name] for name in scores)
    return sum(sum(points) * weights[name] for name, points in scores.items()) / total


def family(name):
    return "file_*" if name.startswith("file_") else re.sub(r"[_.]*(row)?[0-9].*|\.csv$", "", name)


def show_scores(title, reached, published, scores):
    print(title)
    ranked = sorted([("muster, told nothing", reached), *published.items()], key=lambda one: -one[1])
    show(["reader", "simple score"], [[name, f"{points:.3f}"] for name, points in ranked])
    lost = sorted(scores.items(), key=lambda one: sum(one[1]))[:SHOWN]
    rows = [[name[:48], f"{sum(p):.2f}", f"{p[3]:.2f}", f"{p[6]:.2f}", f"{p[9]:.2f}"] for name, p in lost if sum(p) < 9.995]
    show(["files that lose most", "of 10", "header F1", "record F1", "cell F1"], rows)


def bench(arguments):
    data = os.environ.get("MUSTER_TEST_DATA")
    if not data or not (Path(data) / "pollock").is_dir():
        print("skipped: no data (set MUSTER_TEST_DATA)")
        return {"skipped": True}
    data = Path(data)
    with tempfile.TemporaryDirectory(prefix="muster-pollock-") as scratch:
        with tarfile.open(data / "pollock" / "polluted_half.tar.gz") as archive:
            archive.extractall(scratch, filter="data")
        half = score_folder(Path(scratch))
    survey = score_folder(data / "pollock_survey")
    weights = json.loads((data / "pollock" / "pollock_weights_half.json").read_text())
    figures = {"half_simple": simple(half), "half_weighted": weighted(half, weights), "survey_simple": simple(survey)}
    show_scores(f"Pollock, {len(half)} polluted files", figures["half_simple"], {**PUBLISHED_HALF, **SNIFFING}, half)
    groups = collections.defaultdict(list)
    for name, points in half.items():
        groups[family(name)].append(sum(points))
    show(["family", "files", "simple score"], [[n, len(p), f"{sum(p) / len(p):.3f}"] for n, p in sorted(groups.items())])
    print(f"weighted, this half alone: {figures['half_weighted']:.3f}\n")
    show_scores(f"Pollock's survey, {len(survey)} real files", figures["survey_simple"], PUBLISHED_SURVEY, survey)
    return figures
