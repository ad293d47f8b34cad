import Storage

/// Compares answers with the right one: 1 where their words are the same, 0 where not. Case, punctuation and spaces do not
/// count; a number is the same however many zeros end it.
struct AnswerComparison: Sendable {
    private let words: [String]

    /// - Parameter texts: how the answers were kept. What was taken out of them is taken out of the right one too.
    init(right: String, texts: TextKeeping) {
        words = Self.words(texts.kept(right) ?? right)
    }

    func quality(of answer: String) -> Double { Self.words(answer) == words ? 1 : 0 }

    /// The words of `text` in lower case. Signs, points and commas inside numbers count: 1.5 is not 15, and -3 not 3.
    static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        func end() {
            guard !word.isEmpty else { return }
            words.append(number(word) ?? word)
            word = ""
        }
        let letters = Array(text.lowercased())
        for (index, letter) in letters.enumerated() {
            let next = index + 1 < letters.count ? letters[index + 1] : " "
            if letter.isLetter || letter.isNumber {
                word.append(letter)
            } else if letter == "." || letter == ",", word.last?.isNumber == true, next.isNumber {
                word.append(letter)
            } else if letter == "-" || letter == "\u{2212}", word.isEmpty, next.isNumber,
                index == 0 || !letters[index - 1].isNumber
            {
                word.append("-")
            } else {
                end()
            }
        }
        end()
        return words
    }

    /// `word` as the shortest text of its number, or nil where it is none. Commas part thousands.
    private static func number(_ word: String) -> String? {
        let digits = word.replacing(",", with: "")
        guard digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") }), let value = Double(digits)
        else { return nil }
        return JSONText.number(value)
    }
}
