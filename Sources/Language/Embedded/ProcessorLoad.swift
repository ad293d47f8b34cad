import Foundation
import Synchronization

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#endif

/// How many cores other processes leave to the models of this one.
///
/// The threads of one computation wait for each other, spinning. Where one of them has lost its core to another process, all
/// wait for it: with one core taken, two threads write 2 to 18 times slower than one does. So there are as many threads as
/// cores that nobody else uses.
final class ProcessorLoad: Sendable {
    /// That of this machine, watched from the first use on.
    static let shared = ProcessorLoad()

    /// What was busy up to a moment, in seconds of one core.
    private struct Sample {
        var time: Double
        var machine: Double
        var own: Double
    }

    private struct State {
        var last: Sample?
        var others = 0.0
        /// Computations that run now.
        var running = 0
    }

    /// Ticks of a hundredth of a second say little about less time; and what has just begun should be seen soon.
    private static let interval = 0.2
    private let cores = ProcessInfo.processInfo.activeProcessorCount
    private let state: Mutex<State>

    private init() { state = Mutex(State(last: Self.sample())) }

    /// Calls `body` with the threads that a computation beginning now should have.
    func computing<Result>(_ body: (_ threads: Int) -> Result) -> Result {
        let threads = state.withLock { state in
            state.running += 1
            if let last = state.last, Self.seconds() - last.time >= Self.interval, let now = Self.sample() {
                state.others = max(0, (now.machine - last.machine - (now.own - last.own)) / (now.time - last.time))
                state.last = now
            }
            return Self.threads(cores: cores, others: state.others, computations: state.running)
        }
        defer { state.withLock { $0.running -= 1 } }
        return body(threads)
    }

    /// The threads of each of `computations` where other processes use `others` of the `cores`. A third of a core is what
    /// any machine does beside its work; with more than that, one thread less loses less.
    static func threads(cores: Int, others: Double, computations: Int) -> Int {
        let taken = Int((min(others, Double(cores)) + 0.7).rounded(.down))
        return max(1, (cores - taken) / max(1, computations))
    }

    private static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// nil where the system does not tell; then all cores count as free.
    private static func sample() -> Sample? {
        guard let machine = machineSeconds() else { return nil }
        var own = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own)
        return Sample(time: seconds(), machine: machine, own: Double(own.tv_sec) + Double(own.tv_nsec) * 1e-9)
    }

    #if canImport(Darwin)
    private static func machineSeconds() -> Double? {
        var load = host_cpu_load_info()
        var count = mach_msg_type_number_t(MemoryLayout<host_cpu_load_info>.stride / MemoryLayout<integer_t>.stride)
        let code = withUnsafeMutablePointer(to: &load) { load in
            load.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                host_statistics(mach_host_self(), HOST_CPU_LOAD_INFO, $0, &count)
            }
        }
        guard code == KERN_SUCCESS else { return nil }
        // Of users, of the system, idle, of users who are nice.
        let ticks = load.cpu_ticks
        return (Double(ticks.0) + Double(ticks.1) + Double(ticks.3)) / Double(sysconf(_SC_CLK_TCK))
    }
    #else
    private static func machineSeconds() -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8) else { return nil }
        return busySeconds(text, ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))))
    }
    #endif

    /// What `/proc/stat` says of all cores together: all but idling and waiting for disks. Time that a host gave to its other
    /// guests is busy, too.
    static func busySeconds(_ text: String, ticksPerSecond: Double) -> Double? {
        let fields = text.prefix { $0 != "\n" }.split(separator: " ")
        let ticks = fields.dropFirst().prefix(8).compactMap { Double($0) }
        guard fields.first == "cpu", ticks.count >= 5, ticksPerSecond > 0 else { return nil }
        return (ticks.reduce(0, +) - ticks[3] - ticks[4]) / ticksPerSecond
    }
}
