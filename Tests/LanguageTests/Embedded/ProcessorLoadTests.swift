import Foundation
import Testing

@testable import Language

@Suite struct ProcessorLoadTests {
    @Test func threadsAreTheCoresThatOthersLeave() {
        for (cores, others, computations, threads) in [
            (2, 0, 1, 2), (2, 0.25, 1, 2), (2, 0.35, 1, 1), (2, 1, 1, 1), (2, 2, 1, 1), (2, 40, 1, 1), (2, 0, 2, 1),
            (2, 0, 5, 1),
            (1, 0, 1, 1), (1, 1, 3, 1), (8, 0, 1, 8), (8, 1, 1, 7), (8, 1.2, 1, 7), (8, 3, 1, 5), (8, 3, 2, 2),
            (8, 0, 3, 2),
        ] as [(Int, Double, Int, Int)] {
            #expect(
                ProcessorLoad.threads(cores: cores, others: others, computations: computations) == threads,
                "\(others) of \(cores) cores in use, \(computations) computations")
        }
    }

    @Test func busyIsAllButIdlingAndWaiting() {
        let text = "cpu  100 20 30 4000 500 6 7 8 900 0\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 5\n"
        // What guests use is in the first two numbers already.
        #expect(ProcessorLoad.busySeconds(text, ticksPerSecond: 100) == 1.71)
        for bad in ["", "cpu", "cpu 1 2 3", "intr 1 2 3 4 5 6", "\n\n"] {
            #expect(ProcessorLoad.busySeconds(bad, ticksPerSecond: 100) == nil)
        }
    }

    @Test func whatOthersUseIsSeen() throws {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let busy = (0..<cores).map { _ in Process() }
        for process in busy {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", "while :; do :; done"]
            try process.run()
        }
        // Not by a signal that they may have inherited as one to be ignored.
        defer {
            for process in busy {
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
            }
        }
        // The first look is for what was before, and the share that a scheduler gives settles soon.
        var threads: [Int] = []
        for _ in 0..<20 {
            threads.append(ProcessorLoad.shared.computing { $0 })
            Thread.sleep(forTimeInterval: 0.1)
        }
        #expect(threads.allSatisfy { (1...cores).contains($0) })
        #expect(threads.last == 1, "\(threads) on \(cores) cores that others use")
    }
}
