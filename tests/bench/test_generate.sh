#!/bin/sh
# The generator says the same twice, keeps the shares it was asked for, and its truth is true.
# usage: test_generate.sh PROGRAM
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for n in 1 2; do
    "$1" --out "$dir/$n" --seed 7 --directory 5000 --rows 2000 --uncertain 0.05 --duplicates 0.1 --typos 0.1
done
"$1" --out "$dir/3" --seed 8 --directory 5000 --rows 2000
for file in directory batch truth; do
    cmp "$dir/1/$file.csv" "$dir/2/$file.csv"
    ! cmp -s "$dir/1/$file.csv" "$dir/3/$file.csv" || { echo "another seed, but the same $file.csv"; exit 1; }
done
python3 - "$dir/1" <<'PYTHON'
import csv, sys
def rows(name):
    with open(f"{sys.argv[1]}/{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
directory, batch, truth = rows("directory"), rows("batch"), rows("truth")
people = {person["id"]: person for person in directory}
kinds = [line["kind"] for line in truth]
assert len(people) == len(directory) == 5000 and len(batch) == len(truth) == 2000
assert 900 < sum(kind in ("known", "typo") for kind in kinds) <= 1200, "60 % known, less what duplicates took"
assert kinds.count("duplicate") > 30 and kinds.count("uncertain") > 80 and kinds.count("typo") > 80
names = {(p["given_name"], p["family_name"]) for p in directory}
for row, line in zip(batch, truth):
    if line["kind"] == "known":
        person = people[line["record_id"]]
        assert all(row[f] in ("", person[f]) for f in ("given_name", "family_name", "birth_date", "email", "street"))
    elif line["kind"] == "new":
        assert (row["given_name"], row["family_name"]) not in names, "a stranger bears nobody's name"
    elif line["kind"] == "duplicate":
        first = batch[int(line["record_id"].removeprefix("row:")) - 1]
        assert (row["given_name"], row["birth_date"]) == (first["given_name"], first["birth_date"])
PYTHON
