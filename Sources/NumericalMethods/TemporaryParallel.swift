import Dispatch
/// Stands in until Parallel lands.
public enum Parallel {
    public static func chunks(of count: Int, minimumChunk: Int = 1, body: @Sendable (Range<Int>) -> Void) {
        if count > 0 { body(0..<count) }
    }
}
extension Parallel {
    public static func map<T>(_ count: Int, body: @Sendable (Int) -> T) -> [T] { (0..<count).map(body) }
}
