"""Searches passages with bm25s and rank_bm25 and prints one line of JSON: seconds a query, and the best passages' scores.

Usage: retrieval_peer.py FILE. The file's first line has the number of passages; then a line of words a passage, then a line of
words a query. Both peers get words, not texts; the indices are made before the clock starts; the best of three.
"""
import json
import sys
import time

import bm25s
import numpy
from rank_bm25 import BM25Okapi


def best(runs, body):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return min(times)


def main():
    lines = open(sys.argv[1], encoding="utf-8").read().split("\n")[:-1]
    count = int(lines[0])
    passages = [line.split() for line in lines[1 : count + 1]]
    queries = [line.split() for line in lines[count + 1 :]]
    # The 1 + in the logarithm, no k + 1: scores are ours by 2.2.
    index = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    start = time.perf_counter()
    index.index(passages, show_progress=False)
    building = time.perf_counter() - start
    found = index.retrieve(queries, k=10, show_progress=False, n_threads=1)
    seconds = best(3, lambda: index.retrieve(queries, k=10, show_progress=False, n_threads=1))
    other = BM25Okapi(passages, k1=1.2, b=0.75)
    few = queries[:50]

    def search():
        for query in few:
            scores = other.get_scores(query)
            numpy.argpartition(scores, -10)[-10:]

    print(
        json.dumps(
            {
                "seconds": seconds / len(queries),
                "building": building,
                "otherSeconds": best(3, search) / len(few),
                "scores": [[float(score) for score in row] for row in found.scores],
            }
        )
    )


main()
