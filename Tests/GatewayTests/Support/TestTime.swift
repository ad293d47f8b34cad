import Synchronization

/// A time that a test sets.
final class TestTime: Sendable {
    private let time: Mutex<Double>

    init(_ time: Double) { self.time = Mutex(time) }

    var now: Double { time.withLock { $0 } }

    func set(_ time: Double) { self.time.withLock { $0 = time } }
}

/// A word that tests and tasks tell each other.
final class TestFlag: Sendable {
    private let flag: Mutex<Bool>

    init(_ flag: Bool) { self.flag = Mutex(flag) }

    var isSet: Bool { flag.withLock { $0 } }

    func set(_ flag: Bool) { self.flag.withLock { $0 = flag } }
}
