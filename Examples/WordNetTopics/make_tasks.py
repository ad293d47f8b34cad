#!/usr/bin/env python3
"""Makes tasks.jsonl from WordNet 3.0 (apt-get install wordnet-base): definitions of nouns, and what kind of thing each is.

    Examples/WordNetTopics/make_tasks.py [/usr/share/wordnet/data.noun] > Examples/WordNetTopics/tasks.jsonl

The same WordNet gives the same bytes.
"""
import json
import random
import sys

# The lexicographer files of WordNet (lexnames(5WN)) that have a plain English name.
KINDS = {5: "animal", 8: "body", 12: "feeling", 13: "food", 15: "place", 18: "person", 20: "plant", 27: "substance"}
EACH, TEST_SHARE = 100, 0.3
EXAMPLES = [("a young cat", "animal"), ("a thick soup made of peas", "food"), ("a person who repairs shoes", "person")]

source = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/wordnet/data.noun"
found = {kind: [] for kind in KINDS.values()}
with open(source, encoding="utf-8") as lines:
    for line in lines:
        if line.startswith("  "):
            continue  # the licence
        head, _, gloss = line.partition(" | ")
        fields = head.split()
        kind = KINDS.get(int(fields[1]))
        # What follows the first semicolon are examples and further definitions.
        definition = gloss.split(";")[0].split(" -- ")[0].strip()
        words = definition.split()
        if kind is None or not 3 <= len(words) <= 25 or '"' in definition or "(" in definition:
            continue
        # A definition that says the kind itself would ask nothing.
        if kind in definition.lower():
            continue
        found[kind].append((fields[0], definition))

draw = random.Random(20261129)
items = []
for kind, rows in found.items():
    items += [(offset, definition, kind) for offset, definition in draw.sample(rows, EACH)]
draw.shuffle(items)
header = {
    "task": "wordnet-topics",
    "system": "Say what kind of thing a definition tells of: " + ", ".join(list(KINDS.values())[:-1])
    + " or " + list(KINDS.values())[-1] + ".",
    "template": "Definition: {input}",
    "examples": [{"input": text, "answer": kind} for text, kind in EXAMPLES],
    "cue": "Kind:",
    "labels": list(KINDS.values()),
    "calibrate": True,
}
print(json.dumps(header))
for number, (offset, definition, kind) in enumerate(items):
    split = "test" if number < TEST_SHARE * len(items) else "train"
    print(json.dumps({"id": f"n{offset}", "input": definition, "answer": kind, "split": split}, ensure_ascii=False))
