"""Writes random SurveyJS expressions over one set of questions, and what patients answered."""

SOURCES = [
    {"type": "rating", "name": "a"},
    {"type": "text", "name": "n", "inputType": "number"},
    {"type": "text", "name": "d", "inputType": "date"},
    {"type": "checkbox", "name": "c", "choices": [1, 2, 3]},
    {"type": "tagbox", "name": "g", "choices": ["x", "Y", "2"]},
    {"type": "boolean", "name": "b"},
    {"type": "boolean", "name": "j", "valueTrue": "J", "valueFalse": "N"},
    {"type": "matrix", "name": "m", "rows": ["r"], "columns": ["x", "2"]},
    {"type": "dropdown", "name": "r", "choices": ["1", "2", "10"]},
    {"type": "radiogroup", "name": "w", "choices": ["Yes", "no", "0", "true"]},
    {"type": "radiogroup", "name": "v", "choices": [0, 1, 2]},
    {"type": "text", "name": "t"},
]
NUMBERS = ["0", "1", "2", "3", "4.5", "-1", "10", "'2'", "'5'"]
WORDS = ["'x'", "'Yes'", "'yes'", "'no'", "'true'", "true", "false", "'J'", "''", "'0'", "null"]
DAYS = ["'2020-01-01'", "'2024-02-29'", "today()"]
ORDER = ["=", "<>", "<", "<=", ">", ">=", "==", "!="]
SETS = ["anyof", "allof", "noneof", "contains", "notcontains", "=", "<>"]
ANSWERS = {
    "a": [1, 2, 3, 5], "n": [0, 1, 2, 5, 4.5, -1], "d": ["2020-01-01", "2024-02-29", "2090-01-01"],
    "c": [[1], [2, 3], [1, 2, 3]], "g": [["x"], ["Y", "2"]], "b": [True, False], "j": ["J", "N"],
    "m": [{"r": "x"}, {"r": "2"}], "r": ["1", "2", "10"], "w": ["Yes", "no", "0", "true"],
    "v": [0, 1, 2], "t": ["x", "yes", "5"],
}  # fmt: skip
NUMERIC = ["a", "n", "v"]


def expression(random, depth=3):
    """A rule, nested up to a depth."""
    chance = random.random()
    if depth and chance < 0.45:
        one, two = (expression(random, depth - 1) for _ in range(2))
        return random.choice(
            [f"({one}) and ({two})", f"({one}) or ({two})", f"!({one})", f"negate ({one})",
             f"{one} and {two} or {one}", f"({one}) = true", f"({one}) <> true",
             f"iif({one}, {two}, {one})"]
        )  # fmt: skip
    if chance < 0.55:
        return f"{number(random)} {random.choice(ORDER)} {random.choice(NUMBERS)}"
    if chance < 0.62:
        return f"{number(random)} {random.choice(ORDER)} {number(random)}"
    return comparison(random)


def comparison(random):
    """One name, against a constant or another name, as authors write it (also badly)."""
    name = random.choice([s["name"] for s in SOURCES])
    ref = "{m.r}" if name == "m" else f"{{{name}}}"
    chance = random.random()
    if chance < 0.2:
        return f"{ref} {random.choice(['empty', 'notempty'])}"
    if chance < 0.3:
        other = random.choice(["{a}", "{n}", "{r}", "{v}", "{w}", "{b}"])
        return f"{ref} {random.choice(ORDER)} {other}"
    if name != "m" and chance < (0.5 if name in "bj" else 0.33):
        return random.choice([ref, f"!{ref}"])
    if name in "cg":
        if chance < 0.4:
            return f"{{{name}.length}} {random.choice(ORDER)} {random.choice(['0', '1', '2'])}"
        some = random.sample(["1", "2", "'x'", "'y'", "'3'"], random.randint(0, 2))
        return f"{ref} {random.choice(SETS)} [{', '.join(some)}]"
    if name == "d":
        return f"{ref} {random.choice(ORDER)} {random.choice(DAYS)}"
    if name in "rwvm" and chance < 0.5:
        some = random.sample([*NUMBERS, *WORDS[:-2]], 2)
        return f"{ref} {random.choice(['anyof', 'noneof'])} [{', '.join(some)}]"
    return f"{ref} {random.choice(ORDER)} {random.choice(NUMBERS + WORDS)}"


def number(random):
    """A calculation."""
    one, two = (f"{{{random.choice(NUMERIC)}}}" for _ in range(2))
    return random.choice([
        f"{one} + {two}", f"({one} - {two})", f"{one} * 2", f"sum({one}, {two})",
        f"avg({one}, {two})", f"min({one}, {two})", f"max({one}, {two})", f"({one} / 2)",
        f"iif({one} > 2, {two}, 1)", f"{one}", f"({one} + 1) * 2",
    ])  # fmt: skip


def answers(random):
    """What a patient answered: more often nothing than something."""
    return {name: random.choice(values) for name, values in ANSWERS.items()
            if random.random() < 0.45}  # fmt: skip
