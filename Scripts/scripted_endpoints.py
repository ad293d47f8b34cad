"""Two OpenAI-compatible endpoints that add numbers: one that is sure of sums below ten and wrong elsewhere, one that is right.

Usage: scripted_endpoints.py QUESTIONS. Writes a file of questions with answers, prints the addresses of the small endpoint
and of the large one, a line each, and serves until it is killed.
"""
import http.server
import json
import math
import re
import sys
import threading


def questions(path):
    with open(path, "w") as file:
        file.write(json.dumps({"task": "sums", "judge": "exact"}) + "\n")
        for number in range(240):
            first, second = (number % 5, number // 5 % 5) if number % 3 else (20 + number, 7 + number // 2)
            question = {"id": f"q{number}", "input": f"{first} plus {second}", "answer": str(first + second)}
            file.write(json.dumps(question) + "\n")


def reply(is_large, question):
    numbers = [int(text) for text in re.findall(r"\d+", question)][-2:]
    total = sum(numbers)
    is_easy = total < 10
    text = str(total if is_large or is_easy else total + 1)
    return text, -0.02 if is_easy else -1.8


class Endpoint(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    is_large = False

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        text, logprob = reply(self.is_large, request["messages"][-1]["content"])
        other = {"token": "other", "logprob": math.log(max(1e-9, 1 - math.exp(logprob)))}
        told = {"content": [{"token": text, "logprob": logprob,
                             "top_logprobs": [{"token": text, "logprob": logprob}, other]}]}
        usage = {"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 13}
        if request.get("stream"):
            chunks = [{"choices": [{"index": 0, "delta": {"content": text}, "logprobs": told, "finish_reason": None}]},
                      {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
                      {"choices": [], "usage": usage}]
            events = [json.dumps({"id": "c", "object": "chat.completion.chunk", "model": request["model"], **chunk})
                      for chunk in chunks]
            kind, body = "text/event-stream", "".join(f"data: {event}\n\n" for event in events + ["[DONE]"])
        else:
            message = {"role": "assistant", "content": text}
            kind, body = "application/json", json.dumps(
                {"id": "c", "object": "chat.completion", "model": request["model"], "usage": usage,
                 "choices": [{"index": 0, "message": message, "logprobs": told, "finish_reason": "stop"}]})
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())


def main():
    questions(sys.argv[1])
    for is_large in (False, True):
        kind = type("Scripted", (Endpoint,), {"is_large": is_large})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
        threading.Thread(target=server.serve_forever).start()
        print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)


if __name__ == "__main__":
    main()
