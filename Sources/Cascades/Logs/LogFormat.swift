/// The text formats of outcome logs (Documentation/LogFormat.md).
public enum LogFormat: String, Sendable, CaseIterable, Codable {
    /// One JSON object a line.
    case jsonl
    /// A header and one row an item (RFC 4180).
    case csv

    /// The format that the ending of `path` names: `.jsonl`, `.ndjson`, `.json` or `.csv`; nil for another ending.
    public init?(path: String) {
        let lowercase = path.lowercased()
        if [".jsonl", ".ndjson", ".json"].contains(where: lowercase.hasSuffix) {
            self = .jsonl
        } else if lowercase.hasSuffix(".csv") {
            self = .csv
        } else {
            return nil
        }
    }
}
