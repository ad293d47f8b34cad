#!/usr/bin/env python3
"""Make the two language-model example logs from tables of published outcomes.

    make_language_model_logs.py --source DIR --output DIR

reads from --source
    router-many-models.jsonl        one question a line: id, task, metric, question, quality {model: 0..1}
    llmrouter_models.csv            model, size, input_price_usd_per_mtok, output_price_usd_per_mtok
    routerarena_sub10_2models.csv   global_index, dataset, metric, prompt_chars, then per model
                                    MODEL:score, MODEL:cost_usd, MODEL:in_tok, MODEL:out_tok
and writes to --output
    nine-models.jsonl               context numbers of the question; quality and estimated cost of nine models
    router-arena.jsonl              prompt length; score, measured cost and tokens of two models

No question text is written. The output depends on the source files alone: the same bytes every time,
in the order of the source. Nothing is fitted to the data, so a context number of one item says nothing
about another item. The README beside the logs says what every number means.

Needs the standard library of Python 3.9 or later and nothing else.
"""

import argparse
import csv
import json
import math
import os
import re
import sys
from collections import Counter
from pathlib import Path

MASK = (1 << 64) - 1

# --- context numbers: counts -----------------------------------------------------------------------

# Code: a line that starts as Python or C source does, or a Markdown fence.
CODE = re.compile(r"^[ \t]*(?:def \w|class \w+[(:]|from \S+ import |import \w+\s*$|#include|>>> )|```", re.MULTILINE)
# Options: a mark "A." / "A)" / "A:" followed later by the same kind of mark for B.
OPTIONS = re.compile(r"(?:^|\s)\(?A[.):]\s.*?\s\(?B[.):]\s", re.DOTALL)


def counts(text):
    """The nine plain context numbers of a question; a share is of all characters (Unicode scalars)."""
    fields = text.split()
    characters = max(len(text), 1)
    return {
        "characters": len(text),
        "words": len(fields),
        "lines": text.count("\n") + 1,
        "word_length": round(sum(map(len, fields)) / max(len(fields), 1), 2),
        "digits": round(sum("0" <= c <= "9" for c in text) / characters, 3),
        "uppercase": round(sum("A" <= c <= "Z" for c in text) / characters, 3),
        "questions": text.count("?"),
        "code": int(bool(CODE.search(text))),
        "options": int(bool(OPTIONS.search(text))),
    }


# --- context numbers: hashed n-grams ---------------------------------------------------------------

BUCKETS = 4096  # a power of two: the low bits of a hash choose the bucket
DIMENSIONS = 32
PROJECTION_SEED = 20240601
# A word is a run of ASCII letters and digits and of bytes above 127, in UTF-8, ASCII letters lowered.
WORD = re.compile(rb"[a-z0-9\x80-\xff]+")


def fnv1a(data):
    """FNV-1a, 64 bits (Fowler, Noll, Vo)."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def mix(value):
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014)."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def projection():
    """A sparse random matrix [BUCKETS][DIMENSIONS] of a fixed seed (Achlioptas 2003).

    Entry (b, k) is +sqrt(3/32), 0 or -sqrt(3/32) with chances 1/6, 2/3, 1/6, so that lengths are kept
    on average. It is drawn from output number 32 b + k of SplitMix64 with seed PROJECTION_SEED.
    """
    size = math.sqrt(3 / DIMENSIONS)
    values = (size, -size, 0.0, 0.0, 0.0, 0.0)
    return [
        [values[mix((PROJECTION_SEED + (b * DIMENSIONS + k + 1) * 0x9E3779B97F4A7C15) & MASK) % 6] for k in range(DIMENSIONS)]
        for b in range(BUCKETS)
    ]


def hashed(text, matrix):
    """The numbers h0...h31 of a text: its signed, hashed 1-grams and 2-grams of words, projected.

    Each n-gram (a 2-gram joins its words by one space) adds sign * (1 + ln(count)) to the bucket
    hash mod BUCKETS, where the sign is - if the hash's top bit is set. The bucket vector is scaled to
    length 1 (a text without words stays 0) and multiplied by the projection.
    """
    words = WORD.findall(text.encode("utf-8").lower())
    grams = Counter(words)
    grams.update(a + b" " + b for a, b in zip(words, words[1:]))
    buckets = {}
    for gram, count in grams.items():
        value = mix(fnv1a(gram))
        weight = 1 + math.log(count)
        bucket = value % BUCKETS
        buckets[bucket] = buckets.get(bucket, 0.0) + (-weight if value >> 63 else weight)
    norm = math.sqrt(sum(x * x for x in buckets.values())) or 1.0
    result = [0.0] * DIMENSIONS
    for bucket in sorted(buckets):
        x = buckets[bucket] / norm
        for k, entry in enumerate(matrix[bucket]):
            if entry:
                result[k] += x * entry
    return {f"h{k}": x for k, x in enumerate(result)}


# --- costs -----------------------------------------------------------------------------------------

CHARACTERS_PER_TOKEN = 4
# The source has no token counts. Tokens written, by how a task is scored: an assumption, the same for
# every model. The README says where each constant comes from.
OUTPUT_TOKENS = {
    "em_mc": 70,
    "f1_score": 70,
    "commongen_coverage": 60,
    "GSM8K": 90,
    "MATH": 120,
    "code_eval": 260,
}


# --- reading and writing ---------------------------------------------------------------------------


class SourceError(Exception):
    """Something in the source that the log cannot hold; the message says where and what is expected."""


def number(value, where, low=0.0, high=math.inf):
    """`value` as a finite number in [low, high]."""
    try:
        result = float(value)
    except (TypeError, ValueError):
        raise SourceError(f"{where}: expected a number, found {value!r}") from None
    if not (math.isfinite(result) and low <= result <= high):
        raise SourceError(f"{where}: expected a number from {low} to {high}, found {value!r}")
    return result


def tidy(x, decimals=4):
    """`x` rounded, as an integer where it is one: 1.0 is written 1, and -0.0 is written 0."""
    x = round(x, decimals)
    return int(x) if x == int(x) else x


def significant(x, digits=3):
    """`x` rounded to significant digits: costs span orders of magnitude."""
    return float(f"{x:.{digits - 1}e}")


def encode(value):
    """`value` as compact JSON; small numbers lose the zero that Python pads exponents with (1e-05)."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{encode(x)}" for key, x in value.items()) + "}"
    if isinstance(value, float):
        text = repr(value)
        short = f"{value:e}" if 0 < abs(value) < 1e-3 else text
        mantissa, mark, exponent = short.partition("e")
        if mark:
            short = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
        return short if float(short) == value and len(short) < len(text) else text
    return json.dumps(value, ensure_ascii=False)


def read_table(path, columns):
    """The rows of a CSV file that must have `columns`."""
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [c for c in columns if c not in (reader.fieldnames or [])]
        if missing:
            raise SourceError(f"{path}: no column {', '.join(missing)}; found {', '.join(reader.fieldnames or ['nothing'])}")
        return list(reader)


def write_log(path, items):
    """Write the items beside the file, then rename: a log is never half-written."""
    seen = set()
    partial = path.with_name(path.name + ".partial")
    try:
        with open(partial, "w", encoding="utf-8", newline="\n") as file:
            for item in items:
                if item["id"] in seen:
                    raise SourceError(f"{path.name}: the id {item['id']!r} occurs twice in the source")
                seen.add(item["id"])
                file.write(encode(item) + "\n")
        if not seen:
            raise SourceError(f"{path.name}: the source has no items")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    print(f"{path.name}: {len(seen)} items, {path.stat().st_size} bytes")


def nine_models(source):
    """The items of nine-models.jsonl. Stages are in the order of the price table."""
    table = source / "llmrouter_models.csv"
    prices = {}
    for row in read_table(table, ["model", "input_price_usd_per_mtok", "output_price_usd_per_mtok"]):
        prices[row["model"]] = tuple(
            number(row[f"{side}_price_usd_per_mtok"], f"{table}, {row['model']}, {side} price") for side in ("input", "output"))
    matrix = projection()
    path = source / "router-many-models.jsonl"
    with open(path, encoding="utf-8") as file:
        for line_number, line in enumerate(file, 1):
            where = f"{path}:{line_number}"
            row = json.loads(line)
            for key in ("id", "task", "metric", "question", "quality"):
                if key not in row:
                    raise SourceError(f"{where}: no key {key!r}")
            unknown = sorted(set(row["quality"]) - set(prices))
            if unknown:
                raise SourceError(f"{where}: no price for {', '.join(unknown)} in {table.name}")
            if row["metric"] not in OUTPUT_TOKENS:
                raise SourceError(f"{where}: no output length is stated for the metric {row['metric']!r}")
            context = {name: tidy(x) for name, x in {**counts(row["question"]), **hashed(row["question"], matrix)}.items()}
            tokens_in = len(row["question"]) / CHARACTERS_PER_TOKEN
            tokens_out = OUTPUT_TOKENS[row["metric"]]
            stages = {}
            for model, (price_in, price_out) in prices.items():
                quality = row["quality"].get(model)
                if quality is not None:  # absent: this model was not asked
                    stages[model] = {
                        "quality": tidy(number(quality, f"{where}, quality of {model}", 0, 1)),
                        "cost": significant((tokens_in * price_in + tokens_out * price_out) / 1e6),
                    }
            yield {"id": row["id"], "group": row["task"], "context": context, "stages": stages}


def router_arena(source):
    """The items of router-arena.jsonl: nothing is estimated."""
    path = source / "routerarena_sub10_2models.csv"
    rows = read_table(path, ["global_index", "dataset", "prompt_chars"])
    models = [name[: -len(":score")] for name in (rows[0] if rows else {}) if name.endswith(":score")]
    for line_number, row in enumerate(rows, 2):
        where = f"{path}:{line_number}"
        stages = {}
        for model in models:
            stages[model] = {
                # Scores go from 0 to 1, but the source has one METEOR score below 0: kept as published.
                "quality": tidy(number(row[f"{model}:score"], f"{where}, {model}:score", -1, 1)),
                # Twelve decimals drop the binary noise of the source, which multiplies prices by token counts.
                "cost": round(number(row[f"{model}:cost_usd"], f"{where}, {model}:cost_usd"), 12),
                "tokens_in": int(number(row[f"{model}:in_tok"], f"{where}, {model}:in_tok")),
                "tokens_out": int(number(row[f"{model}:out_tok"], f"{where}, {model}:out_tok")),
            }
        context = {"characters": int(number(row["prompt_chars"], f"{where}, prompt_chars"))}
        yield {"id": row["global_index"], "group": row["dataset"], "context": context, "stages": stages}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], epilog="See the head of this file for the source's columns.")
    parser.add_argument("--source", type=Path, required=True, metavar="DIR", help="folder with the three source files")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder to write the two logs to")
    options = parser.parse_args()
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        write_log(options.output / "nine-models.jsonl", nine_models(options.source))
        write_log(options.output / "router-arena.jsonl", router_arena(options.source))
    except (SourceError, OSError, json.JSONDecodeError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
