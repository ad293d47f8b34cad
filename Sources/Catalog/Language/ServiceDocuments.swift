import Language
import Probability

/// Documents about the services of towns that do not exist, and dialogues about them whose answers are known.
///
/// A document has a section a service and a sentence a fact; every service has the same kinds of facts with values of its
/// own, so that an answer is only right from the right span. Questions use other words than the spans.
struct ServiceDocuments {
    private struct Fact {
        var spans: [String]
        var questions: [String]
        var answer: String
        /// Values; a placeholder `{}` stands for them above.
        var values: [String]
    }

    private static let services = [
        "fishing licence", "parking permit", "library card", "market stall", "garden plot", "boat mooring",
        "street party", "dog licence", "bus pass", "swimming course", "hall rental", "busking permit", "film permit",
        "firewood permit", "taxi plate", "charity collection",
    ]
    private static let towns = [
        "Northwick", "Saltmere", "Eastholt", "Brackenford", "Wyndale", "Harrowby", "Stonebeck", "Millthorpe",
        "Oakhampton", "Ravensea", "Thistleby", "Coldbrook",
    ]
    private static let facts = [
        Fact(
            spans: ["A charge of {} pounds is due.", "Applicants pay {} pounds.", "The fee is {} pounds."],
            questions: ["How much does it cost?", "What is the price?", "How much money do I need?"],
            answer: "It costs {} pounds.", values: (3...60).map(String.init)),
        Fact(
            spans: [
                "Requests are dealt with in {} days.", "Processing takes {} days.", "Forms are handled after {} days.",
            ],
            questions: ["How long will I have to wait?", "When can I expect a reply?", "How soon is it done?"],
            answer: "You will wait {} days.", values: (2...40).map(String.init)),
        Fact(
            spans: ["Forms are handed in at {}.", "The desk for this is in {}.", "Apply in person at {}."],
            questions: ["Where do I go?", "What place should I visit?", "Where can I get it?"],
            answer: "Go to {}.",
            values: [
                "the Old Mill", "Harbour House", "the Town Hall", "Castle Yard", "the Corn Exchange", "Bridge Street",
                "the North Gate", "Park Lodge", "the Guildhall", "Station Road", "the Customs House", "Chapel Lane",
            ]),
        Fact(
            spans: ["It expires after {} months.", "It stays valid for {} months.", "It runs for {} months."],
            questions: ["How long can I use it?", "When does it have to be renewed?", "For what time does it count?"],
            answer: "You can use it for {} months.", values: (4...48).map(String.init)),
        Fact(
            spans: ["Enquiries are answered by {}.", "{} is in charge of it.", "The officer responsible is {}."],
            questions: ["Who can I talk to?", "Whom should I ask?", "Which person can help me?"],
            answer: "Talk to {}.",
            values: [
                "Mrs Abbott", "Mr Barlow", "Ms Crane", "Mr Dunn", "Mrs Ellis", "Mr Frost", "Ms Garner", "Mr Hale",
                "Mrs Ives", "Mr Judd", "Ms Keane", "Mr Lowe",
            ]),
        Fact(
            spans: ["{} must be shown.", "Applications need {}.", "Have {} with you."],
            questions: ["What do I have to bring?", "Which papers are required?", "What should I take along?"],
            answer: "Bring {}.",
            values: [
                "a passport", "two photographs", "a bank statement", "a birth certificate", "a rent contract",
                "an insurance policy", "a doctor's letter", "a site plan", "a tax form", "a school report",
                "a driving licence", "a utility bill",
            ]),
    ]

    /// A turn, the span that its answer rests on, and which candidate is right.
    struct Case {
        var example: GroundedExample
        var right: Int
    }

    /// The turns of one document: `count` questions about a town with `services` services.
    static func cases(town: Int, services count: Int, questions: Int, using random: inout Random) -> [Case] {
        let chosen = random.sample(count, outOf: services.count).map { services[$0] }
        var spans: [GroundingDocument.Span] = []
        var places: [[Int]] = []
        let values = facts.map { fact in random.sample(count, outOf: fact.values.count).map { fact.values[$0] } }
        for (number, service) in chosen.enumerated() {
            var own = [Int](repeating: 0, count: facts.count)
            for fact in random.permutation(of: facts.count) {
                own[fact] = spans.count
                let form = facts[fact].spans[random.integer(below: 3)]
                let text = form.replacing("{}", with: values[fact][number])
                spans.append(.init(path: [service.capitalizedFirst], text: text.capitalizedFirst))
            }
            places.append(own)
        }
        let document = GroundingDocument(title: towns[town % towns.count], spans: spans)
        return random.sample(questions, outOf: count * facts.count).map { place in
            let (service, fact) = (place / facts.count, place % facts.count)
            var order = random.sample(count, outOf: count).filter { $0 != service }.prefix(4) + [service]
            order.sort()
            let turn = GroundedTurn(
                document,
                dialogue: [
                    .user("I have a question about the \(chosen[service])."),
                    .assistant("Of course. What would you like to know?"),
                    .user(facts[fact].questions[random.integer(below: 3)]),
                ], candidates: order.map { facts[fact].answer.replacing("{}", with: values[fact][$0]) })
            return Case(
                example: GroundedExample(turn, span: places[service][fact]), right: order.firstIndex(of: service)!)
        }
    }
}

extension String {
    /// The text with its first letter in upper case.
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
