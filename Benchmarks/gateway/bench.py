"""Measures the gateway, and LiteLLM's proxy where it is, against the same endpoint with the same load tool.

What is added is the client's time through the gateway less its time at the endpoint alone, at the same rate, in the same
run; everything (JSON, the policy's decision, both network hops) is in it. Of streams the time to the first byte and to the
end is told. In the end stands what was aimed at beside what was measured; a target that is missed makes the exit status 1.
"""
import argparse
import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request

UPSTREAM, GATEWAY, PEER = 18101, 18102, 18103
# Requests a second. LiteLLM's proxy is asked as many as it answers without a queue on two cores.
RATE, PEER_RATE = 1000, 25
SIZES = (1, 10, 100)
STREAMS, EVENTS, GAP = 1000, 50, 40


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True)
    parser.add_argument("--cascade", required=True)
    parser.add_argument("--litellm", default="")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--json", default="")
    return parser.parse_args()


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


def body(work, model, kilobytes, stream):
    pad = "x" * max(1, kilobytes * 1024 - 120)
    request = {"model": model, "messages": [{"role": "user", "content": pad}]}
    if stream:
        request["stream"] = True
    path = f"{work}/{model}-{kilobytes}{'-stream' if stream else ''}.json"
    return write(path, json.dumps(request, separators=(",", ":")))


def policy(work):
    """Small first; large where the mean log-probability of its answer is below -1. The endpoint's is -0.11."""
    return write(f"{work}/policy.json", json.dumps({
        "version": 1, "family": "thresholds", "provenance": {}, "measured": {},
        "schema": {"context": [], "stages": [
            {"name": "small", "evidence": ["meanLogProbability", "minimumLogProbability", "length"]},
            {"name": "large", "evidence": []}]},
        "objective": {"weights": {"money": 1, "seconds": 0, "operations": 0}, "abstentionQuality": 0},
        "policy": {"kind": "thresholds", "value": {
            "steps": [{"stage": 0, "score": {"signal": 0, "sign": 1}, "threshold": -1}], "last": 1}}}))


def wait(port, path, process, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        if process.poll() is not None:
            return False
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1).read()
            return True
        except OSError:
            time.sleep(0.1)
    return False


def memory(pid, field="VmRSS"):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return float("nan")


class Run:
    def __init__(self, options):
        self.options = options
        self.rows = []

    def load(self, port, path, *more):
        command = [f"{self.options.work}/load", str(port), path, "--seconds", str(self.options.seconds), *more]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    @contextlib.contextmanager
    def upstream(self, *more):
        process = subprocess.Popen([f"{self.options.work}/upstream", str(UPSTREAM), *more])
        end = time.time() + 20
        while time.time() < end:
            try:
                socket.create_connection(("127.0.0.1", UPSTREAM), timeout=1).close()
                break
            except OSError:
                time.sleep(0.02)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def row(self, name, what, **numbers):
        self.rows.append({"name": name, "what": what, **numbers})
        print(f"{name:<10} {what:<44} " + "  ".join(f"{key} {value:,.2f}" for key, value in numbers.items()), flush=True)

    def added(self, name, port, model, rate, kilobytes, stream, headers=()):
        path = body(self.options.work, model, kilobytes, stream)
        more = ["--rate", str(rate), "--connections", "256"]
        direct = self.load(UPSTREAM, path, *more)
        through = self.load(port, path, *more, *headers)
        for key, what in (("first_p", "streamed, first byte"), ("p", "streamed, end")) if stream else (("p", "whole"),):
            self.row(
                name, f"{model}, {kilobytes} KB, {what}, {rate}/s: added ms", p50=(through[f"{key}50"] - direct[f"{key}50"]) / 1000,
                p99=(through[f"{key}99"] - direct[f"{key}99"]) / 1000, errors=through["errors"], served=through["per_second"])

    def measure(self, name, port, process, models, rate, headers=(), sizes=SIZES):
        with self.upstream("--delay", "20"):
            for model in models:
                for stream in (False, True):
                    for kilobytes in sizes:
                        self.added(name, port, model, rate, kilobytes, stream, headers)
            if rate == RATE:
                # Beside the peer, at its rate.
                self.added(name, port, models[0], PEER_RATE, 1, False, headers)
        with self.upstream():
            for model in models:
                whole = self.load(port, body(self.options.work, model, 1, False), "--connections", "64", *headers)
                self.row(name, f"{model}, 1 KB, whole, instant endpoint", per_second=whole["per_second"],
                         p50_ms=whole["p50"] / 1000, p99_ms=whole["p99"] / 1000, errors=whole["errors"])
        with self.upstream("--events", str(EVENTS), "--gap", str(GAP)):
            path = body(self.options.work, models[0], 1, True)
            # Longer than a stream takes, whatever was asked for.
            seconds = max(self.options.seconds, 5)
            many = self.load(port, path, "--connections", str(STREAMS), "--warm", "3", "--seconds", str(seconds), *headers)
            ideal = STREAMS / ((EVENTS + 1) * GAP / 1000)
            self.row(name, f"{models[0]}, {STREAMS} streams at once, {EVENTS} events", per_second=many["per_second"],
                     of_ideal=many["per_second"] / ideal, errors=many["errors"])
        self.row(name, "memory, MB", resident=memory(process.pid), peak=memory(process.pid, "VmHWM"))

    @contextlib.contextmanager
    def gateway(self, *more):
        work = self.options.work
        write(f"{work}/gateway.json", json.dumps({
            "listen": f"127.0.0.1:{GATEWAY}",
            "stages": {name: {"endpoint": f"http://127.0.0.1:{UPSTREAM}/v1", "model": f"{name}-model", "concurrency": 2048,
                              "price": {"in": 0.1, "out": 0.4}} for name in ("small", "large")},
            "models": {"small": {"stage": "small"}, "cascade": {"policy": policy(work)}}}))
        with open(f"{work}/gateway.log", "w") as log:
            process = subprocess.Popen(
                [self.options.cascade, "serve", "--config", f"{work}/gateway.json", *more], stdout=log, stderr=log)
        try:
            if not wait(GATEWAY, "/health/ready", process):
                sys.exit(f"bench: the gateway does not start: see {work}/gateway.log")
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def cascade(self):
        with self.gateway() as process:
            self.measure("cascade", GATEWAY, process, ["small", "cascade"], RATE)

    def stored(self):
        """The gateway as teams run it: a store, a key with budgets, a record of each request."""
        store = f"{self.options.work}/bench-{os.getpid()}.sqlite"
        try:
            made = subprocess.run(
                [self.options.cascade, "keys", "create", "--store", store, "--name", "bench", "--limit",
                 "money=1000000/month", "--limit", "requests=100000000/day"], check=True, capture_output=True, text=True)
            key = ("--header", f"authorization: Bearer {made.stdout.strip()}")
            with self.gateway("--store", store) as process:
                self.measure("stored", GATEWAY, process, ["cascade"], RATE, key, sizes=(1,))
            with contextlib.closing(sqlite3.connect(store)) as database:
                written, = database.execute("SELECT COUNT(*) FROM requests").fetchone()
                settled, = database.execute("SELECT SUM(settled) FROM ledger WHERE account LIKE '%requests%'").fetchone()
                lost, = database.execute("SELECT SUM(lost) FROM writers").fetchone()
            self.row("stored", "records", written=written, lost=lost or 0, settled=settled or 0,
                     megabytes=os.path.getsize(store) / 1e6)
        finally:
            for ending in ("", "-wal", "-shm"):
                if os.path.exists(store + ending):
                    os.remove(store + ending)

    def peer(self):
        if self.options.without_peers or not os.path.exists(self.options.litellm):
            return print("LiteLLM is not here: its rows are left out")
        path = write(f"{self.options.work}/litellm.yaml", f"""
model_list:
  - model_name: small
    litellm_params: {{model: openai/small-model, api_base: "http://127.0.0.1:{UPSTREAM}/v1", api_key: none}}
""")
        with open(f"{self.options.work}/litellm.log", "w") as log:
            process = subprocess.Popen(
                [self.options.litellm, "--config", path, "--port", str(PEER), "--num_workers", "2"], stdout=log, stderr=log,
                # No keys on either side: both are reached from this machine only.
                env={**os.environ, "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"})
        try:
            if not wait(PEER, "/health/liveliness", process, 300):
                return print("LiteLLM's proxy does not start: see", f"{self.options.work}/litellm.log")
            self.measure("litellm", PEER, process, ["small"], PEER_RATE, sizes=(1,))
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


    def targets(self):
        """What was aimed at, what was measured, and whether it is met: a row each."""
        def found(name, what):
            return next((row for row in self.rows if row["name"] == name and row["what"] == what), None)

        table = []

        def target(name, what, aim, key, is_met):
            row = found(name, what)
            if row is not None:
                # What served nothing has no errors either.
                is_served = row.get("served", row.get("per_second", 1)) > 0
                table.append((f"{name}: {what}: {key}", aim, row[key], is_served and is_met(row[key])))

        for name, models in (("cascade", ("small", "cascade")), ("stored", ("cascade",))):
            for model in models:
                for kind in ("whole", "streamed, first byte"):
                    what = f"{model}, 1 KB, {kind}, {RATE}/s: added ms"
                    target(name, what, "< 0.4", "p50", lambda value: value < 0.4)
                    target(name, what, "< 3", "p99", lambda value: value < 3)
                    target(name, what, "0", "errors", lambda value: value == 0)
                target(name, f"{model}, 1 KB, whole, instant endpoint", ">= 8000", "per_second", lambda value: value >= 8000)
            target(name, f"{models[0]}, {STREAMS} streams at once, {EVENTS} events", "0", "errors", lambda value: value == 0)
            target(name, "memory, MB", "< 150", "peak", lambda value: value < 150)
        target("stored", "records", "0", "lost", lambda value: value == 0)
        print("\n" + f"{'target':<76} {'aim':>8} {'measured':>12}")
        for what, aim, value, is_met in table:
            print(f"{what:<76} {aim:>8} {value:>12,.2f}  {'met' if is_met else 'MISSED'}")
        missed = sum(not row[3] for row in table)
        print(f"{len(table) - missed} of {len(table)} targets are met. Load average: {os.getloadavg()[0]:.1f} in the last minute, "
              f"the benchmark's own programs among it, on {os.cpu_count()} cores.")
        return missed


def main():
    options = arguments()
    run = Run(options)
    print(f"Load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    run.cascade()
    run.stored()
    run.peer()
    missed = run.targets()
    if options.json:
        write(options.json, json.dumps(run.rows, indent=2) + "\n")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
