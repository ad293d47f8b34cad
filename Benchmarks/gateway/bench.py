"""Measures the gateway, and LiteLLM's proxy where it is, against the same endpoint with the same load tool.

What is added is the client's time through the gateway less its time at the endpoint alone, at the same rate, in the same
run; everything (JSON, the policy's decision, both network hops) is in it.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

UPSTREAM, GATEWAY, PEER = 18101, 18102, 18103


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

    def upstream(self, *more):
        process = subprocess.Popen([f"{self.options.work}/upstream", str(UPSTREAM), *more])
        time.sleep(0.2)
        return process

    def row(self, name, what, **numbers):
        self.rows.append({"name": name, "what": what, **numbers})
        print(f"{name:<10} {what:<44} " + "  ".join(f"{key} {value:,.2f}" for key, value in numbers.items()), flush=True)

    def added(self, name, port, model, rate, kilobytes, stream):
        path = body(self.options.work, model, kilobytes, stream)
        more = ["--rate", str(rate), "--connections", "256"]
        direct = self.load(UPSTREAM, path, *more)
        through = self.load(port, path, *more)
        kind = "streamed" if stream else "whole"
        key = "first_p" if stream else "p"
        self.row(
            name, f"{model}, {kilobytes} KB, {kind}, {rate}/s: added ms", p50=(through[f"{key}50"] - direct[f"{key}50"]) / 1000,
            p99=(through[f"{key}99"] - direct[f"{key}99"]) / 1000, errors=through["errors"], served=through["per_second"])

    def measure(self, name, port, process, models, rate):
        upstream = self.upstream("--delay", "20")
        try:
            for model in models:
                for kilobytes in (1, 10, 100):
                    self.added(name, port, model, rate, kilobytes, False)
                self.added(name, port, model, min(rate, 200), 1, True)
        finally:
            upstream.kill()
            upstream.wait()
        upstream = self.upstream()
        try:
            for model in models:
                whole = self.load(port, body(self.options.work, model, 1, False), "--connections", "64")
                self.row(name, f"{model}, 1 KB, whole, instant endpoint", per_second=whole["per_second"],
                         p50_ms=whole["p50"] / 1000, p99_ms=whole["p99"] / 1000, errors=whole["errors"])
        finally:
            upstream.kill()
            upstream.wait()
        streams = 1000 if rate >= 1000 else 100
        upstream = self.upstream("--events", "50", "--gap", "40")
        try:
            path = body(self.options.work, models[0], 1, True)
            many = self.load(port, path, "--connections", str(streams), "--warm", "3")
            ideal = streams / (51 * 0.040)
            self.row(name, f"{models[0]}, {streams} streams at once, 50 events", per_second=many["per_second"],
                     of_ideal=many["per_second"] / ideal, errors=many["errors"])
        finally:
            upstream.kill()
            upstream.wait()
        self.row(name, "memory, MB", resident=memory(process.pid), peak=memory(process.pid, "VmHWM"))

    def cascade(self):
        work = self.options.work
        write(f"{work}/gateway.json", json.dumps({
            "listen": f"127.0.0.1:{GATEWAY}",
            "stages": {name: {"endpoint": f"http://127.0.0.1:{UPSTREAM}/v1", "model": f"{name}-model", "concurrency": 2048,
                              "price": {"in": 0.1, "out": 0.4}} for name in ("small", "large")},
            "models": {"small": {"stage": "small"}, "cascade": {"policy": policy(work)}}}))
        process = subprocess.Popen([self.options.cascade, "serve", "--config", f"{work}/gateway.json"])
        try:
            if not wait(GATEWAY, "/health/ready", process):
                sys.exit("bench: the gateway does not start")
            self.measure("cascade", GATEWAY, process, ["small", "cascade"], 1000)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)

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
            if not wait(PEER, "/health/liveliness", process, 120):
                return print("LiteLLM's proxy does not start: see", f"{self.options.work}/litellm.log")
            self.measure("litellm", PEER, process, ["small"], 25)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def main():
    options = arguments()
    run = Run(options)
    run.cascade()
    run.peer()
    if options.json:
        write(options.json, json.dumps(run.rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
