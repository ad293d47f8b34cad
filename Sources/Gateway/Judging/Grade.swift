/// A grade in words: what a model or a program writes when it is asked for a number from 0 to 1, or for yes or no.
enum Grade {
    /// The number from 0 to 1 that `text` ends with or is; nil where it says none. What a model thinks aloud before its
    /// answer is not read as the answer: of several numbers the last counts.
    static func number(_ text: String) -> Double? {
        var last: Double?
        for word in words(text) {
            guard let value = Double(word), (0...1).contains(value) else {
                // A number out of range where a grade is expected is no grade, and leaves none before it in force.
                if Double(word) != nil { last = nil }
                continue
            }
            last = value
        }
        return last
    }

    /// Whether `text` says yes; nil where it says neither yes nor no.
    static func isYes(_ text: String) -> Bool? {
        let last = words(text.lowercased()).last { ["yes", "no", "true", "false"].contains($0) }
        return last.map { $0 == "yes" || $0 == "true" }
    }

    private static func words(_ text: String) -> [String] {
        text.split { !($0.isLetter || $0.isNumber || $0 == "." || $0 == "-" || $0 == "+") }.map { word in
            var word = String(word)
            while word.hasSuffix(".") { word.removeLast() }
            return word
        }.filter { !$0.isEmpty }
    }
}
