import Synchronization

/// What a scripted model was asked, in order.
final class QuestionLog: Sendable {
    private let asked = Mutex<[String]>([])
    func add(_ text: String) { asked.withLock { $0.append(text) } }
    var texts: [String] { asked.withLock { $0 } }
}
