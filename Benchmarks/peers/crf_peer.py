"""Trains CRFsuite on a file in its own format and prints one line of JSON.

Usage: crf_peer.py FILE. The data are read before the clock starts; 50 steps of L-BFGS, c2 = 1, the best of three.
"""
import json
import os
import re
import resource
import sys
import tempfile
import time

import pycrfsuite


class Trainer(pycrfsuite.BaseTrainer):
    """Keeps the lines of the log that name the loss and the features."""

    loss = float("nan")
    features = 0

    def message(self, text):
        if match := re.match(r"Loss: ([\d.]+)", text):
            self.loss = float(match.group(1))
        if match := re.match(r"Number of features: (\d+)", text):
            self.features = int(match.group(1))


def main():
    sequences = []
    items, labels = [], []
    for line in open(sys.argv[1], encoding="utf-8"):
        fields = line.rstrip("\n").split("\t")
        if fields == [""]:
            sequences.append((pycrfsuite.ItemSequence(items), labels))
            items, labels = [], []
        else:
            labels.append(fields[0])
            items.append(fields[1:])
    best = float("inf")
    model = tempfile.mktemp()
    for _ in range(3):
        trainer = Trainer(verbose=False)
        trainer.select("lbfgs", "crf1d")
        trainer.set_params({"c1": 0.0, "c2": 1.0, "max_iterations": 50, "epsilon": 1e-12, "delta": 1e-12})
        for sequence, tags in sequences:
            trainer.append(sequence, tags)
        start = time.perf_counter()
        trainer.train(model)
        best = min(best, time.perf_counter() - start)
    tagger = pycrfsuite.Tagger()
    tagger.open(model)
    start = time.perf_counter()
    for sequence, _ in sequences:
        tagger.tag(sequence)
    tagging = time.perf_counter() - start
    os.remove(model)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({
        "seconds": best, "taggingSeconds": tagging, "loss": trainer.loss, "features": trainer.features,
        "peakMegabytes": peak,
    }))


main()
