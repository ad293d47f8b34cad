import Cascades
import Language
import Probability

/// A question with answers to choose from.
struct ChoiceQuestion: Sendable, Hashable {
    var text: String
    var choices: [String]
    /// Which of them is right.
    var right: Int
}

/// Questions for capitals, in English and in a language that nobody speaks: English with its letters exchanged.
struct CapitalQuestions {
    var english: [ChoiceQuestion]
    var foreign: [ChoiceQuestion]
    /// All words, in lower case: English first.
    private var words: [(english: String, foreign: String)]

    private static let capitals = [
        ("France", "Paris"), ("Germany", "Berlin"), ("Italy", "Rome"), ("Spain", "Madrid"), ("Portugal", "Lisbon"),
        ("Austria", "Vienna"), ("Greece", "Athens"), ("Poland", "Warsaw"), ("Norway", "Oslo"), ("Sweden", "Stockholm"),
        ("Finland", "Helsinki"), ("Denmark", "Copenhagen"), ("Ireland", "Dublin"), ("Belgium", "Brussels"),
        ("Hungary", "Budapest"), ("Romania", "Bucharest"), ("Bulgaria", "Sofia"), ("Ukraine", "Kyiv"),
        ("Russia", "Moscow"), ("Turkey", "Ankara"), ("Egypt", "Cairo"), ("Kenya", "Nairobi"), ("Nigeria", "Abuja"),
        ("Ghana", "Accra"), ("Morocco", "Rabat"), ("Tunisia", "Tunis"), ("Senegal", "Dakar"), ("Uganda", "Kampala"),
        ("Japan", "Tokyo"), ("China", "Beijing"), ("Albania", "Tirana"), ("Nepal", "Kathmandu"),
        ("Thailand", "Bangkok"),
        ("Vietnam", "Hanoi"), ("Croatia", "Zagreb"), ("Iran", "Tehran"), ("Iraq", "Baghdad"), ("Syria", "Damascus"),
        ("Lebanon", "Beirut"), ("Canada", "Ottawa"), ("Cuba", "Havana"), ("Jamaica", "Kingston"), ("Peru", "Lima"),
        ("Chile", "Santiago"), ("Colombia", "Bogota"), ("Venezuela", "Caracas"), ("Uruguay", "Montevideo"),
        ("Australia", "Canberra"),
    ]

    init(count: Int, using random: inout Random) {
        english = random.sample(count, outOf: Self.capitals.count).map { place in
            let others = random.sample(Self.capitals.count, outOf: Self.capitals.count).filter { $0 != place }.prefix(3)
            var choices = ([place] + others).map { Self.capitals[$0].1 }
            random.shuffle(&choices)
            return ChoiceQuestion(
                text: "What is the capital of \(Self.capitals[place].0)?", choices: choices,
                right: choices.firstIndex(of: Self.capitals[place].1)!)
        }
        foreign = english.map {
            ChoiceQuestion(text: Self.foreign($0.text), choices: $0.choices.map(Self.foreign), right: $0.right)
        }
        let all = Self.capitals.flatMap { [$0.0, $0.1] } + ["what", "is", "the", "capital", "of"]
        words = all.map { ($0.lowercased(), Self.foreign($0.lowercased())) }
    }

    /// Each vowel becomes the next vowel, each consonant the next but two: it can be spoken, and is no English.
    private static func foreign(_ text: String) -> String {
        let (vowels, consonants) = (Array("aeiou"), Array("bcdfghjklmnpqrstvwxyz"))
        return String(
            text.map { character in
                let lower = Character(character.lowercased())
                let other: Character
                if let place = vowels.firstIndex(of: lower) {
                    other = vowels[(place + 1) % vowels.count]
                } else if let place = consonants.firstIndex(of: lower) {
                    other = consonants[(place + 3) % consonants.count]
                } else {
                    return character
                }
                return character.isUppercase ? Character(other.uppercased()) : other
            })
    }

    /// `stage` between translators whose dictionary has a share of the words, drawn by `seed`.
    func cascade(
        around stage: some Stage<ChoiceQuestion, String>, coverage: Double, seed: UInt64
    ) -> ProgramStage<ChoiceQuestion, String> {
        var random = Random(seed: seed).split(7)
        let known = random.sample(Int((coverage * Double(words.count)).rounded()), outOf: words.count).map { words[$0] }
        let into = DictionaryTranslator("into English", Dictionary(uniqueKeysWithValues: known.map { ($1, $0) }))
        let back = DictionaryTranslator("from English", Dictionary(uniqueKeysWithValues: known.map { ($0, $1) }))
        let all = FunctionStage<ChoiceQuestion, ChoiceQuestion>("into English") { question in
            var native = question
            native.text = try await into.answer(question.text).output
            for place in native.choices.indices {
                native.choices[place] = try await into.answer(question.choices[place]).output
            }
            return Answer(native)
        }
        return TranslationCascade(into: all, answer: stage, back: back).stage
    }
}
