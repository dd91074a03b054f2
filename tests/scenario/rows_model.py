"""rows_model.py - what a template says of rows, a second time and in other words than the validator: rows that are right,
and rows that are wrong in one way, each with what must be said of it."""

import datetime
import random
import string

LETTERS = string.ascii_letters + "éñüłöß"
KINDS_WITH_ORDER = ("integer", "number", "date", "time", "datetime", "year", "yearmonth")
PATTERNS = {
    "[0-9]{5}": lambda rng: "".join(rng.choices(string.digits, k=5)),
    "[A-Z]{2}-[0-9]{3}": lambda rng: "".join(rng.choices(string.ascii_uppercase, k=2)) + f"-{rng.randrange(1000):03}",
    "[0-9]{9}": lambda rng: ssn(rng),
}


def ssn(rng):
    digits = "".join(rng.choices(string.digits, k=9))
    return rng.choice((digits, f"{digits[:3]}-{digits[3:5]}-{digits[5:]}", f"{digits[:3]} {digits[3:5]} {digits[5:]}"))


def kind_of(field):
    """string, email, phone, integer, .. : what the values are."""
    special = field.get("muster", {}).get("type")
    if special or field.get("format") == "email":
        return special or "email"
    return field.get("type", "string")


def day(rng, low="1950-01-01"):
    first = datetime.date.fromisoformat(max(low, "1950-01-01"))
    return first + datetime.timedelta(days=rng.randrange(20000))


def written_day(field, rng, date):
    style = field.get("format", "default")
    if style == "any":
        forms = ["%Y-%m-%d", "%Y/%m/%d", "%d %B %Y", "%b %d, %Y"] + (["%m/%d/%Y"] if date.day > 12 else [])
        return date.strftime(rng.choice(forms))
    return date.strftime("%Y-%m-%d" if style == "default" else style)


class Value:
    """One cell: as typed, and as it compares."""

    def __init__(self, typed, compared=None):
        self.typed, self.compared = typed, typed if compared is None else compared


def text(field, rng):
    limits = field.get("constraints", {})
    low, high = limits.get("minLength", 1), min(limits.get("maxLength", 12), 12)
    return "x" + "".join(rng.choices(LETTERS, k=max(low, rng.randint(max(1, low), high)) - 1))


def number(field, rng, whole):
    limits = field.get("constraints", {})
    low, high = int(limits.get("minimum", -500)), int(limits.get("maximum", 5000))
    amount = rng.randint(low, high)
    if whole:
        return Value(f"{amount}", amount)
    cents = 0 if amount == high else rng.randrange(100)
    amount = amount + cents / 100
    typed = f"{amount:.2f}".replace(".", field.get("decimalChar", "."))
    return Value(rng.choice(("$ ", "", "€")) + typed if field.get("bareNumber") is False else typed, amount)


def any_case(rng, word):
    return rng.choice((word, word.upper(), word.lower(), f" {word} "))


def right(template, field, rng):
    """A value that the field takes."""
    action = template["muster"].get("action")
    if action and action["field"] == field["name"]:
        words = rng.choice((action.get("insert", ["Insert"]), action.get("update", ["Update"])))
        return Value(any_case(rng, rng.choice(words)), words[0])
    limits, kind = field.get("constraints", {}), kind_of(field)
    if "enum" in limits:
        word = rng.choice(limits["enum"])
        return Value(any_case(rng, word), word)
    if "pattern" in limits:
        typed = PATTERNS[limits["pattern"]](rng)
        bare = typed if limits["pattern"] != "[0-9]{9}" else typed.replace("-", "").replace(" ", "")
        return Value(typed, bare)
    if kind in ("integer", "number"):
        return number(field, rng, kind == "integer")
    if kind == "boolean":
        true, false = field.get("trueValues", ["yes", "TRUE", "1"]), field.get("falseValues", ["no", "False", "0"])
        truth = rng.random() < 0.5
        return Value(rng.choice(true if truth else false), "true" if truth else "false")
    if kind == "date":
        date = day(rng, limits.get("minimum", ""))
        return Value(written_day(field, rng, date), date.isoformat())
    if kind == "time":
        at = f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}"
        return Value(at)
    if kind == "datetime":
        return Value(f"{day(rng).isoformat()}T{rng.randrange(24):02}:{rng.randrange(60):02}:00")
    if kind == "year":
        return Value(str(rng.randint(1900, 2100)))
    if kind == "yearmonth":
        return Value(day(rng).strftime("%Y-%m"))
    if kind == "object":
        return Value('{"a": [1, {"b": null}], "c": "d, e"}')
    if kind == "email":
        return Value(f"a{rng.randrange(10**6)}.b@example.org")
    if kind == "phone":
        return Value(rng.choice(("+1 206 555 {:04}", "(206) 555-{:04}", "206.555.{:04} ext. 7")).format(rng.randrange(10**4)))
    return Value(text(field, rng))


def wrong_values(template, field, rng):
    """(kind of wrong, typed) for each way in which the value of one field can be wrong."""
    limits, kind = field.get("constraints", {}), kind_of(field)
    key = template.get("primaryKey", [])
    if limits.get("required") or field["name"] in ([key] if isinstance(key, str) else key):
        yield "REQUIRED", rng.choice(("", "  "))
    action = template["muster"].get("action")
    if action and action["field"] == field["name"]:
        yield "ENUM", rng.choice(("Delete", "Inserts", "?"))
        return
    if "enum" in limits:
        yield "ENUM", "no " + limits["enum"][0]
        return
    bad = {
        "integer": ("3.5", "many", "1e3", "12a", "1" * 30), "number": ("many", "1.2.3", "--1"),
        "boolean": ("perhaps", "2"), "time": ("25:00:00", "noon", "12:60:00"), "year": ("MCMXC", "85", "20001"),
        "datetime": ("yesterday", "2020-02-30T10:00:00", "2020-01-01"), "yearmonth": ("2020-13", "May"),
        "date": ("2021-02-29", "soon", "32/13/2020"), "email": ("a.example.org", "a@", "a b@example.org"),
        "phone": ("12", "call me"), "object": ("{", "[1]", '{"a":}'),
    }
    if kind in bad:
        yield "TYPE", rng.choice(bad[kind])
    if kind == "date" and field.get("format") == "any":
        yield "TYPE", "3/25/62"  # 1962 or 2062: nobody knows
    if "pattern" in limits:
        yield "PATTERN", rng.choice(("x", "123456789012", "1234 x"))
    if kind == "string" and "pattern" not in limits:
        if "maxLength" in limits:
            yield "LENGTH", "y" * (limits["maxLength"] + 1)
        if limits.get("minLength", 0) > 1:
            yield "LENGTH", "y"
    if kind in ("integer", "number"):
        if "minimum" in limits:
            yield "RANGE", str(int(limits["minimum"]) - 1)
        if "maximum" in limits:
            yield "RANGE", str(int(limits["maximum"]) + 1)
    if kind == "date" and "minimum" in limits:
        yield "RANGE", written_day(field, rng, datetime.date.fromisoformat(limits["minimum"]) - datetime.timedelta(days=1))


# rules: a row is {field name: Value or None} ----------------------------------------------------------------


def applies(rule, row):
    for when in rule.get("when", []):
        value = row[when["field"]]
        if when.get("blank"):
            if value:
                return False
        elif not value or ("values" in when and str(value.compared) not in when["values"]):
            return False
    return True


def is_broken(rule, row):
    if not applies(rule, row):
        return False
    filled = [row[name] is not None for name in rule.get("fields", [])]
    kind = rule["kind"]
    if kind == "one_of":
        used = sum(any(row[name] for name in group) for group in rule["groups"])
        return used > 1 or (used == 0 and rule.get("required", False))
    if kind == "together":
        return any(filled) and not all(filled)
    if kind == "require":
        return not any(filled)
    if kind == "forbid":
        return any(filled)
    if kind == "order":
        first, second = (row[name] for name in rule["fields"])
        return bool(first and second and first.compared > second.compared)
    return False  # known: only the directory can tell


class Model:
    def __init__(self, template, seed):
        self.template, self.rng = template, random.Random(seed)
        self.fields = {field["name"]: field for field in template["fields"]}
        self.rules = [rule for rule in template["muster"].get("rules", []) if rule["kind"] != "known"]
        key = template.get("primaryKey", [])
        self.key = [key] if isinstance(key, str) else key
        self.unique = [name for name, field in self.fields.items() if field.get("constraints", {}).get("unique")]
        self.seen = set()

    def fill(self, row, name):
        row[name] = right(self.template, self.fields[name], self.rng)

    def needed(self, name):
        return self.fields[name].get("constraints", {}).get("required") or name in self.key

    def blank(self, row, name):
        if not self.needed(name):
            row[name] = None

    def mend(self, rule, row):
        """One way to make the rule hold; others may break by it."""
        if rule["kind"] == "one_of":
            keep = self.rng.choice(rule["groups"])
            for group in rule["groups"]:
                for name in group:
                    (self.fill if group is keep else self.blank)(row, name)
        elif rule["kind"] == "together":
            how = self.rng.choice((self.fill, self.blank))
            for name in rule["fields"]:
                how(row, name)
        elif rule["kind"] == "require":
            self.fill(row, self.rng.choice(rule["fields"]))
        elif rule["kind"] == "forbid":
            for name in rule["fields"]:
                self.blank(row, name)
        else:
            for name in rule["fields"]:
                self.fill(row, name)

    def spoil(self, rule, row):
        """One way to break the rule, where its conditions can be made to hold."""
        for when in rule.get("when", []):
            if when.get("blank"):
                self.blank(row, when["field"])
                continue
            for _ in range(20):
                self.fill(row, when["field"])
                if "values" not in when or str(row[when["field"]].compared) in when["values"]:
                    break
        if rule["kind"] == "one_of":
            none = rule.get("required") and self.rng.random() < 0.3
            used = [] if none else self.rng.sample(rule["groups"], self.rng.randint(2, len(rule["groups"])))
            for group in rule["groups"]:
                for name in group:
                    (self.fill if group in used else self.blank)(row, name)
        elif rule["kind"] == "together":
            odd = self.rng.choice(rule["fields"])
            for name in rule["fields"]:
                (self.fill if name != odd else self.blank)(row, name)
        elif rule["kind"] == "require":
            for name in rule["fields"]:
                self.blank(row, name)
        elif rule["kind"] == "forbid":
            self.fill(row, self.rng.choice(rule["fields"]))
        else:
            for _ in range(50):
                for name in rule["fields"]:
                    self.fill(row, name)
                if is_broken(rule, row):
                    break

    def keys_of(self, row):
        keys = [(name, str(row[name].compared)) for name in self.unique if row[name]]
        if self.key and all(row[name] for name in self.key):
            keys.append((tuple(self.key), tuple(str(row[name].compared) for name in self.key)))
        return keys

    def broken(self, row):
        return [rule["name"] for rule in self.rules if is_broken(rule, row)]

    def take(self, row):
        """Whether the row's unique values are new; then they are no longer."""
        keys = self.keys_of(row)
        if any(key in self.seen for key in keys):
            return False
        self.seen.update(keys)
        return True

    def right_row(self, take=True):
        """A row without fault; None: none was found."""
        for _ in range(40):
            row = {name: None for name in self.fields}
            for name in self.fields:
                if self.needed(name) or self.rng.random() < 0.5:
                    self.fill(row, name)
            for _ in range(20):
                broken = [rule for rule in self.rules if is_broken(rule, row)]
                if not broken:
                    break
                self.mend(self.rng.choice(broken), row)
            if not self.broken(row) and (not take or self.take(row)):
                return row
        return None

    def rule_broken_once(self, rule):
        """A row that breaks this rule and no other."""
        for _ in range(200):
            row = self.right_row(take=False)
            if row is None:
                return None
            self.spoil(rule, row)
            if self.broken(row) == [rule["name"]] and self.take(row):
                return row
        return None

    def value_broken_once(self, name, typed):
        """A row in which only this value is wrong."""
        for _ in range(50):
            row = self.right_row(take=False)
            if row is None:
                return None
            row[name] = Value(typed)
            # What depends on this value is not judged before it is right.
            judged = [rule for rule in self.rules if name not in names_of(rule)]
            stands = any(value and value.typed.strip() for value in row.values())  # a blank row is no row
            if stands and not any(is_broken(rule, row) for rule in judged) and self.take({**row, name: None}):
                return row
        return None

    def wrong_rows(self):
        """(row, what must be said of it): each constraint and each rule broken once."""
        for name, field in self.fields.items():
            for kind, typed in wrong_values(self.template, field, self.rng):
                row = self.value_broken_once(name, typed)
                if row is not None:
                    yield row, {(kind, name)}
        for rule in self.rules:
            row = self.rule_broken_once(rule)
            if row is not None:
                yield row, {("RULE", rule["name"])}

    def repeated_rows(self, row):
        """Right rows, but for one unique value or the key, which stands in `row` already."""
        for names in [[name] for name in self.unique] + ([self.key] if self.key else []):
            for _ in range(100):
                other = self.right_row(take=False)
                if other is None or not all(row[name] for name in names):
                    break
                other.update({name: row[name] for name in names})
                again = {key[0] for key in self.keys_of(other) if key in self.seen}
                if again == {names[0] if names != self.key else tuple(names)} and not self.broken(other):
                    self.seen.update(self.keys_of(other))
                    yield other, {("UNIQUE", names[0])}
                    break

    def cells(self, row):
        return [row[name].typed if row[name] else "" for name in self.fields]


def names_of(rule):
    names = {name for group in rule.get("groups", []) for name in group} | set(rule.get("fields", []))
    return names | {when["field"] for when in rule.get("when", [])}


# templates -----------------------------------------------------------------------------------------------


def random_field(rng, name):
    field = {"name": name, "title": name.replace("_", " ").title(), "constraints": {}}
    kind = rng.choice(("string", "string", "string", "integer", "number", "boolean", "date", "time", "datetime", "year",
                       "yearmonth", "email", "phone", "object", "enum", "pattern"))
    limits = field["constraints"]
    if kind in ("email", "phone"):
        field["muster"] = {"type": kind}
    elif kind == "enum":
        limits["enum"] = rng.sample(["North", "South", "Saint Mary's", "Été", "Waiting list", "Wait", "12"], rng.randint(2, 6))
    elif kind == "pattern":
        limits["pattern"] = rng.choice(sorted(PATTERNS))
    else:
        field["type"] = kind
    if kind == "string" and rng.random() < 0.5:
        limits.update(minLength=rng.randint(1, 4), maxLength=rng.randint(5, 12))
    if kind in ("integer", "number") and rng.random() < 0.6:
        limits.update(minimum=rng.randint(-50, 10), maximum=rng.randint(20, 90))
    if kind == "number" and rng.random() < 0.4:
        field.update(decimalChar=",", bareNumber=False)
    if kind == "boolean" and rng.random() < 0.4:
        field.update(trueValues=["ja", "x"], falseValues=["nein"])
    if kind == "date":
        field["format"] = rng.choice(("default", "any", "%d.%m.%Y", "%m/%d/%Y"))
        if rng.random() < 0.5:
            limits["minimum"] = "1900-01-01"
    if kind in ("string", "email", "integer") and "minLength" not in limits and "minimum" not in limits and rng.random() < 0.2:
        limits["unique"] = True
    if rng.random() < 0.2:
        limits["required"] = True
    return field


def random_rule(rng, names, template, number):
    fields = {field["name"]: field for field in template["fields"]}
    optional = [name for name in names if not fields[name]["constraints"].get("required")]
    rule = {"name": f"rule-{number}", "kind": rng.choice(("one_of", "together", "require", "forbid", "order"))}
    if len(optional) < 4:
        return None
    rng.shuffle(optional)
    if rule["kind"] == "one_of":
        rule["groups"] = [[optional[0]], [optional[1]], optional[2:4]][: rng.randint(2, 3)]
        rule["required"] = rng.random() < 0.5
        used = {name for group in rule["groups"] for name in group}
    elif rule["kind"] == "order":
        by_kind = {}
        for name in names:
            if fields[name].get("type") in KINDS_WITH_ORDER:
                by_kind.setdefault((fields[name]["type"]), []).append(name)
        pairs = [group[:2] for group in by_kind.values() if len(group) > 1]
        if not pairs:
            return None
        rule["fields"] = rng.choice(pairs)
        used = set(rule["fields"])
    else:
        least = 2 if rule["kind"] == "together" else 1
        rule["fields"] = optional[: rng.randint(least, 3)]
        used = set(rule["fields"])
    rest = [name for name in names if name not in used]
    if rest and (rng.random() < 0.5 or rule["kind"] in ("require", "forbid")):
        name = rng.choice(rest)
        enum = fields[name]["constraints"].get("enum")
        if enum and rng.random() < 0.7:
            rule["when"] = [{"field": name, "values": rng.sample(enum, rng.randint(1, 2))}]
        elif fields[name]["constraints"].get("required") or rng.random() < 0.6:
            rule["when"] = [{"field": name}]
        else:
            rule["when"] = [{"field": name, "blank": True}]
    return rule


def random_template(seed):
    rng = random.Random(seed)
    names = [f"field_{letter}" for letter in string.ascii_lowercase[: rng.randint(4, 12)]]
    template = {"name": "random", "fields": [random_field(rng, name) for name in names], "missingValues": ["", "n/a"],
                "muster": {"kind": "person"}}
    template["fields"].insert(0, {"name": "who", "title": "Who", "constraints": {"required": True}})
    if rng.random() < 0.3:
        template["primaryKey"] = rng.choice(("who", ["who", "field_a"]))
    rules = (random_rule(rng, names, template, number) for number in range(rng.randint(0, 4)))
    template["muster"]["rules"] = [rule for rule in rules if rule]
    if rng.random() < 0.3:
        template["fields"].append({"name": "what", "title": "What to do", "constraints": {"required": True}})
        template["muster"]["action"] = {"field": "what", "insert": ["Insert", "Add"], "update": ["Update", "End"]}
    return template
