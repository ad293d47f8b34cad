#!/usr/bin/env python3
"""Writes the capability tasks of this folder, in BIG-bench's JSON format: the same bytes every time.

    Examples/CapabilityTasks/make_tasks.py
"""
import json
import os
import random

HERE = os.path.dirname(os.path.abspath(__file__))
draw = random.Random(127)


def write(name, description, keywords, question, pairs, distractors, task_prefix=""):
    """A task of `pairs` (asked, right answer); three other choices each from `distractors(asked, right)`."""
    examples = []
    for asked, right in pairs:
        others = [other for other in dict.fromkeys(distractors(asked, right)) if other != right]
        choices = [right] + draw.sample(others, 3)
        draw.shuffle(choices)
        scores = {choice: 1 if choice == right else 0 for choice in choices}
        examples.append({"input": question.format(asked), "target": right, "target_scores": scores})
    task = {
        "name": name, "description": description, "keywords": keywords,
        "metrics": ["multiple_choice_grade", "exact_str_match", "multiple_choice_brier_score",
                    "expected_calibration_error", "log_likelihood"],
        "preferred_score": "multiple_choice_grade", "append_choices_to_input": False,
        "output_regex": "[^\\.\\?\\!\\;\\n]+",
    }
    if task_prefix:
        task["task_prefix"] = task_prefix
    folder = os.path.join(HERE, name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "task.json"), "w", encoding="utf-8") as out:
        head = json.dumps(task, indent=2, ensure_ascii=False)[:-2]
        out.write(head + ',\n  "examples": [\n')
        out.write(",\n".join("    " + json.dumps(example, ensure_ascii=False) for example in examples))
        out.write("\n  ]\n}\n")


OPPOSITES = """hot cold, up down, big small, fast slow, early late, happy sad, open closed, light dark, wet dry, full empty,
hard soft, rich poor, strong weak, young old, high low, near far, clean dirty, loud quiet, thick thin, wide narrow,
first last, inside outside, above below, left right, day night, love hate, friend enemy, war peace, win lose, buy sell,
push pull, begin end, true false, safe dangerous, sweet bitter, sharp blunt, deep shallow, heavy light, cheap expensive,
forget remember"""
pairs = [tuple(pair.split()) for pair in OPPOSITES.replace("\n", " ").split(", ")]
words = [word for pair in pairs for word in pair]
write("opposites", "Say the opposite of a common word.", ["word meaning", "zero-shot"],
      "What is the opposite of {}?", pairs, lambda asked, right: [word for word in words if word != asked])

CAPITALS = """France:Paris, Germany:Berlin, Italy:Rome, Spain:Madrid, Portugal:Lisbon, Greece:Athens, Austria:Vienna,
Poland:Warsaw, Hungary:Budapest, Sweden:Stockholm, Norway:Oslo, Denmark:Copenhagen, Finland:Helsinki, Ireland:Dublin,
Russia:Moscow, Japan:Tokyo, China:Beijing, India:New Delhi, Egypt:Cairo, Kenya:Nairobi, Canada:Ottawa, Australia:Canberra,
Brazil:Brasilia, Argentina:Buenos Aires, Chile:Santiago, Peru:Lima, Cuba:Havana, Mexico:Mexico City, Thailand:Bangkok,
Vietnam:Hanoi, South Korea:Seoul, Indonesia:Jakarta, Iran:Tehran, Iraq:Baghdad, Turkey:Ankara, Ukraine:Kyiv,
Belgium:Brussels, Switzerland:Bern, Romania:Bucharest, Bulgaria:Sofia"""
pairs = [tuple(pair.strip().split(":")) for pair in CAPITALS.replace("\n", " ").split(", ")]
write("capitals", "Name the capital of a country.", ["geography", "memorization", "zero-shot"],
      "What is the capital of {}?", pairs, lambda asked, right: [other for _, other in pairs])

PAST = """go went, see saw, take took, give gave, come came, run ran, eat ate, drink drank, write wrote, break broke,
speak spoke, know knew, grow grew, throw threw, fly flew, draw drew, sing sang, swim swam, begin began, drive drove,
ride rode, rise rose, choose chose, freeze froze, steal stole, wear wore, tear tore, bring brought, buy bought,
think thought, catch caught, teach taught, feel felt, keep kept, sleep slept, leave left, find found, hold held,
stand stood, win won"""
pairs = [tuple(pair.split()) for pair in PAST.replace("\n", " ").split(", ")]


def wrong_forms(asked, right):
    stem = asked[:-1] if asked.endswith("e") else asked
    return [stem + "ed", asked + "s", right + "ed", asked]


write("past_tense", "Say the past tense of an irregular verb.", ["grammar", "zero-shot"],
      "What is the past tense of the verb {}?", pairs, wrong_forms)

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
NUMBERS = "one two three four five six seven eight nine ten eleven twelve".split()
lines = []
for row in (DAYS, MONTHS, NUMBERS):
    for start in range(len(row) - 3):
        lines.append((", ".join(row[start:start + 3]), row[start + 3], row))
for first, step in ((2, 2), (5, 5), (10, 10), (3, 3), (1, 2), (20, -2), (50, -5), (4, 4), (100, 100), (7, 7), (11, 11),
                    (90, -10), (6, 6), (15, 15), (1, 3), (25, 25), (8, 8), (12, -1)):
    row = [first + step * place for place in range(4)]
    other = [str(row[3] + gap) for gap in (-step, step, 1, -1, 2, -2, 3, -3)]
    lines.append((", ".join(map(str, row[:3])), str(row[3]), other))
choices = {asked: row for asked, _, row in lines}
write("next_in_line", "Say what comes next in a row of days, months or numbers.", ["sequences", "zero-shot"],
      "What comes next: {}?", [(asked, right) for asked, right, _ in lines[:40]],
      lambda asked, right: [word for word in choices[asked] if word not in asked.split(", ")])

sums = []
while len(sums) < 40:
    a, b = draw.randrange(11, 90), draw.randrange(11, 90)
    if (f"{a} + {b}", str(a + b)) not in sums:
        sums.append((f"{a} + {b}", str(a + b)))
write("two_digit_sums", "Add two numbers of two digits.", ["arithmetic", "multi-step", "zero-shot"],
      "What is {}?", sums, lambda asked, right: [str(int(right) + gap) for gap in (-10, 10, -1, 1, -2, 2, 9, -9, 100)])
