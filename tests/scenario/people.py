"""people.py - people who do not exist, from a seed: a directory, and a batch about them with the truth known.

Every person's name, e-mail, phone and birth date is their own, so that a row is clearly known, clearly new or, where
this file makes it so (same name, another e-mail, nothing else), for a person to decide (A22)."""

import random

FIELDS = [
    "member_number", "given_name", "family_name", "suffix", "birth_date", "email", "phone", "street", "city", "postcode",
    "campus", "membership_date", "notes",
]
DIRECTORY_HEADER = ["id", *FIELDS]
CARD_HEADER = [
    "First Name", "Last Name", "Suffix", "Date of Birth", "Email", "Phone", "Street", "City", "Zip", "Campus", "Notes",
]
STARTS = "Al Be Cor Da El Fa Gre Ha Is Jo Ka Lu Mar Ni Or Pe Ro Sa Ti Ul Va Wil Yo Ze".split()
MIDDLES = "ba de fi go la me ni ro sa te vi ya dri sto lan mer".split()
ENDS = "n s la ra dt cker ndo ster ville ke na mann tz rd".split()
CAMPUSES = ("North", "South", "East")


def _name(random_of, middles):
    return random_of.choice(STARTS) + "".join(random_of.choice(MIDDLES) for _ in range(middles)) + random_of.choice(ENDS)


def _spelt(number):
    """Sixteen syllables are sixteen digits."""
    text = ""
    while number:
        text, number = MIDDLES[number % 16] + text, number // 16
    return text


def person(number):
    """Person `number`, always the same. No two share a family name: it ends in the number, spelt in syllables; nor both
    given name and birth date."""
    r = random.Random(f"person/{number}")
    starts, middles, ends = len(STARTS), len(MIDDLES), len(ENDS)
    given = STARTS[number % starts] + MIDDLES[number // starts % middles] + ENDS[number // starts // middles % ends]
    family = _name(r, 1) + _spelt(number)
    born = number % 25199  # days, no common factor with the number of given names: no two people share both
    return {
        "member_number": "",
        "given_name": given,
        "family_name": family,
        "suffix": "",
        "birth_date": f"{1930 + born // 336}-{born // 28 % 12 + 1:02}-{born % 28 + 1:02}",
        "email": f"{given}.{family}.{number}@example.org".lower(),
        "phone": f"+1206{2000000 + number:07}",
        "street": f"{r.randint(1, 9999)} {_name(r, 2)} Street",
        "city": _name(r, 1),
        "postcode": f"{r.randint(10000, 99999)}",
        "campus": r.choice(CAMPUSES),
        "membership_date": "",
        "notes": "",
    }


def directory(count):
    """Rows of a directory, header first; record ids p1, p2 .."""
    rows = [DIRECTORY_HEADER]
    for number in range(1, count + 1):
        one = person(number)
        rows.append([f"p{number}", *(one[field] for field in FIELDS)])
    return rows


def card(one, **changes):
    """A person as the columns of a card."""
    one = {**one, **changes}
    return [
        one["given_name"], one["family_name"], one["suffix"], one["birth_date"], one["email"], one["phone"], one["street"],
        one["city"], one["postcode"], one["campus"], one["notes"],
    ]


def unsure_card(one, number):
    """The same name and another e-mail, nothing else: nobody can know without asking."""
    return [one["given_name"], one["family_name"], "", "", f"somebody.else.{number}@example.net", "", "", "", "", "", ""]


def batch(people, rows, seed=1, known=0.6, uncertain=0.01):
    """A batch about a directory of `people`: rows (header first) and the truth by row: ("known", id), ("unsure", id)
    or ("new", None). No person of the directory occurs twice."""
    r = random.Random(f"batch/{seed}")
    subjects = list(range(1, people + 1))
    r.shuffle(subjects)
    content, truth = [CARD_HEADER], {}
    for row in range(1, rows + 1):
        draw = r.random()
        if draw < uncertain and subjects:
            number = subjects.pop()
            content.append(unsure_card(person(number), row))
            truth[row] = ("unsure", f"p{number}")
        elif draw < uncertain + known and subjects:
            number = subjects.pop()
            content.append(card(person(number), notes=f"card {row}"))
            truth[row] = ("known", f"p{number}")
        else:
            content.append(card(person(people + row)))
            truth[row] = ("new", None)
    return content, truth
