import Dispatch
/// Stands in until Parallel lands.
public enum Parallel {
    public static func chunks(of count: Int, minimumChunk: Int = 1, body: @Sendable (Range<Int>) -> Void) {
        if count > 0 { body(0..<count) }
    }
}
