import Foundation
import Probability
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `judges` {
    @Test(
        arguments: [
            ("0.7", 0.7), ("1", 1), ("Grade: 0.25.", 0.25), ("I thought 0.9 at first, but it is 0.4", 0.4),
            ("**0.5**", 0.5), ("1.0\n", 1), ("none", nil), ("8/10", nil), ("7", nil), ("-0.5", nil), ("", nil),
            ("0.3, or rather 5", nil), ("1e-1", 0.1), ("NaN", nil),
        ] as [(String, Double?)])
    func `grades are read from what is written`(_ text: String, _ grade: Double?) {
        #expect(Grade.number(text) == grade)
    }

    @Test(
        arguments: [
            ("yes", true), ("No.", false), ("YES!", true), ("It says no, but yes", true), ("true", true), ("", nil),
            ("yesterday", nil), ("perhaps", nil),
        ] as [(String, Bool?)])
    func `yes and no`(_ text: String, _ isYes: Bool?) { #expect(Grade.isYes(text) == isYes) }

    @Test func `a queue runs so many at once, keeps their order, and drops what it has no room for`() {
        var random = Random(seed: 9)
        for _ in 0..<50 {
            let concurrency = 1 + random.integer(below: 4)
            let capacity = random.integer(below: 10)
            var queue = JudgeQueue<Int>(concurrency: concurrency, capacity: capacity, mostBytes: 100)
            var running: [Int] = []
            var started: [Int] = []
            var accepted: [Int] = []
            var dropped = 0
            for job in 0..<400 {
                if random.bernoulli(0.6) {
                    switch queue.offer(job, size: 1 + random.integer(below: 30)) {
                    case .start(let job):
                        running.append(job)
                        started.append(job)
                        accepted.append(job)
                    case .waits: accepted.append(job)
                    case .dropped: dropped += 1
                    }
                } else if !running.isEmpty {
                    running.remove(at: random.integer(below: running.count))
                    if let next = queue.next() {
                        running.append(next)
                        started.append(next)
                    }
                }
                #expect(running.count == queue.running && queue.running <= concurrency)
                #expect(queue.waitingCount <= capacity && queue.waitingBytes <= 100)
                #expect(queue.waitingCount == 0 || running.count == concurrency)
                #expect(queue.dropped == dropped)
            }
            while !running.isEmpty {
                running.removeLast()
                if let next = queue.next() {
                    running.append(next)
                    started.append(next)
                }
            }
            #expect(started == accepted && queue.waitingBytes == 0)
        }
    }

    /// A program that does what `script` says.
    private func program(_ script: String, seconds: Double = 10, _ body: (ProgramCall) async throws -> Void)
        async throws
    {
        let path = FileManager.default.temporaryDirectory.path + "/judge-\(UUID().uuidString).sh"
        try "#!/bin/sh\n\(script)\n".write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(ProgramCall(command: [path, "strict"], seconds: seconds))
    }

    @Test func `a program reads an object and writes its answer`() async throws {
        try await program(#"read -r line; echo "$1 $line""#) { call in
            let said = try await call.run(["answer": "é \"x\""])
            #expect(said == #"strict {"answer":"é \"x\""}"# + "\n")
        }
        // One that reads nothing of much, and one that writes more than is read.
        try await program("echo 0.5") { call in
            let long = String(repeating: "x", count: 3 << 20)
            let said = try await call.run(["answer": .string(long)])
            #expect(said == "0.5\n")
        }
        try await program("head -c 1000000 /dev/zero | tr '\\0' 'a'") { call in
            let said = try await call.run([:])
            #expect(said.count == 64 << 10)
        }
    }

    @Test func `a program that fails, hangs or is not there is an error`() async throws {
        try await program("exit 3") { call in
            await #expect(throws: ProgramCall.Fault.failed(command: call.command[0], status: 3)) {
                try await call.run([:])
            }
        }
        try await program("echo >\"$0.began\"; exec sleep 600", seconds: 0.2) { call in
            let begin = ContinuousClock.now
            await #expect(throws: ProgramCall.Fault.tooSlow(command: call.command[0], seconds: 0.2)) {
                try await call.run([:])
            }
            // Whoever stops waiting ends it.
            var patient = call
            patient.seconds = 600
            let sign = call.command[0] + ".began"
            try? FileManager.default.removeItem(atPath: sign)
            let waiting = Task { [patient] in try await patient.run([:]) }
            #expect(try await eventually { FileManager.default.fileExists(atPath: sign) })
            waiting.cancel()
            await #expect(throws: ProgramCall.Fault.self) { try await waiting.value }
            try FileManager.default.removeItem(atPath: sign)
            #expect(ContinuousClock.now - begin < .seconds(200))
        }
        await #expect(throws: ProgramCall.Fault.self) {
            try await ProgramCall(command: ["/nowhere/judge"]).run([:])
        }
    }
}
