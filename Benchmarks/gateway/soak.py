"""An hour's traffic in some minutes: does the gateway's memory stay flat, and does it let go of every file and socket?

Everything that clients and stages do comes at once: whole answers and streams through a policy, long bodies, stages that fail
or die in the middle (drills), requests that are none, clients that go away at any moment. Memory and open files are read
every second. In the end the gateway is told to stop under load, and every answer that it began must come whole.
"""
import argparse
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time

from bench import GATEWAY, UPSTREAM, body, memory, policy, wait, write

KEY = "soak-administrator"


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True)
    parser.add_argument("--cascade", required=True)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--share", type=float, default=1, help="of the ordinary rates")
    parser.add_argument("--store", default="", help="an address of a store, for the gateway to keep its records in")
    return parser.parse_args()


def files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Leavers(threading.Thread):
    """Clients that go away while they send, wait or read."""

    def __init__(self, requests, rate, seconds):
        super().__init__(daemon=True)
        self.requests, self.rate, self.end, self.count = requests, rate, time.time() + seconds, 0
        self.random = random.Random(1)

    def run(self):
        while time.time() < self.end:
            text = self.random.choice(self.requests)
            sent = len(text) if self.random.random() < 0.5 else self.random.randrange(len(text))
            try:
                connection = socket.create_connection(("127.0.0.1", GATEWAY), timeout=5)
                connection.sendall(text[:sent])
                time.sleep(self.random.random() / self.rate)
                if self.random.random() < 0.3:
                    connection.recv(100)
                connection.close()
                self.count += 1
            except OSError:
                pass


def request(path):
    text = open(path, "rb").read()
    return b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(text) + text


def main():
    options = arguments()
    work = options.work
    bodies = {
        "whole": body(work, "cascade", 1, False), "stream": body(work, "cascade", 1, True),
        "plain": body(work, "small", 1, True), "long": body(work, "small", 100, False),
        "broken": write(f"{work}/broken.json", '{"model":"small","messages":[{'),
        "unknown": body(work, "nobody", 1, False),
    }
    administrator = ["--header", f"authorization: Bearer {KEY}", "--header"]
    # What is sent at once: body, requests a second, further options, and the status that is right for it.
    traffic = [
        ("answers through a policy", "whole", 900, []), ("streams through a policy", "stream", 150, []),
        ("streams", "plain", 150, []), ("bodies of 100 KB", "long", 60, []),
        ("stages that fail", "whole", 100, [*administrator, "x-cascade-drill: small=status:503"]),
        ("streams that are cut", "plain", 60, [*administrator, "x-cascade-drill: small=cut"]),
        ("requests that are no JSON", "broken", 60, []), ("models that are not there", "unknown", 30, []),
    ]
    configuration = {
        "listen": f"127.0.0.1:{GATEWAY}", "admin_key": "env:SOAK_KEY",
        "stages": {name: {"endpoint": f"http://127.0.0.1:{UPSTREAM}/v1", "model": f"{name}-model", "concurrency": 2048}
                   for name in ("small", "large")},
        "models": {"small": {"stage": "small"}, "cascade": {"policy": policy(work)}}}
    if options.store:
        configuration["store"] = options.store
    write(f"{work}/soak.json", json.dumps(configuration))
    upstream = subprocess.Popen([f"{work}/upstream", str(UPSTREAM), "--delay", "2", "--events", "12", "--gap", "3"])
    gateway = subprocess.Popen(
        [options.cascade, "serve", "--config", f"{work}/soak.json"], env={**os.environ, "SOAK_KEY": KEY})
    loads = []
    try:
        if not wait(GATEWAY, "/health/ready", gateway):
            sys.exit("soak: the gateway does not start")
        time.sleep(1)
        idle = files(gateway.pid)
        for name, key, rate, more in traffic:
            command = [f"{work}/load", str(GATEWAY), bodies[key], "--seconds", str(options.seconds), "--warm", "0",
                       "--connections", "64", "--rate", str(rate * options.share), *more]
            loads.append((name, subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))
        leavers = Leavers([request(bodies["whole"]), request(bodies["plain"])], 50, options.seconds)
        leavers.start()
        samples = []
        end = time.time() + options.seconds
        while time.time() < end and gateway.poll() is None:
            samples.append((memory(gateway.pid), files(gateway.pid)))
            time.sleep(1)
        if gateway.poll() is not None:
            sys.exit(f"soak: the gateway ended with {gateway.returncode}")
        total = 0
        for name, process in loads:
            told = json.loads(process.communicate()[0])
            total += told["requests"] + told["errors"]
            print(f"{name:<28} {told['requests']:>9,} answered  {told['errors']:>8,} with another status or none  "
                  f"p50 {told['p50'] / 1000:.1f} ms  p99 {told['p99'] / 1000:.1f} ms")
        leavers.join()
        print(f"{'clients that went away':<28} {leavers.count:>9,}")
        time.sleep(5)
        after = files(gateway.pid)
        tenth = max(1, len(samples) // 10)
        early = statistics.median(sample[0] for sample in samples[2 * tenth:3 * tenth] or samples)
        late = statistics.median(sample[0] for sample in samples[-tenth:])
        most = max(sample[1] for sample in samples)
        print(f"{total:,} requests in {options.seconds:.0f} s")
        print(f"memory: {early:.1f} MB after a fifth, {late:.1f} MB at the end, {memory(gateway.pid, 'VmHWM'):.1f} MB at most")
        print(f"open files: {idle} before, {most} at most, {after} after")
        # Told to stop while it answers.
        last = subprocess.Popen(
            [f"{work}/load", str(GATEWAY), bodies["plain"], "--seconds", "1", "--warm", "0", "--connections", "50"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        time.sleep(0.5)
        gateway.send_signal(signal.SIGTERM)
        status = gateway.wait(40)
        last.communicate()
        print(f"told to stop under load: it ended with {status}")
        # The pool of connections to stages and the log's own files may stay.
        if late > early * 1.05 + 2 or after > idle + 140 or status != 0:
            sys.exit("soak: memory or open files grew, or it did not end well")
    finally:
        for process in [gateway, upstream] + [process for _, process in loads]:
            if process.poll() is None:
                process.kill()


if __name__ == "__main__":
    main()
