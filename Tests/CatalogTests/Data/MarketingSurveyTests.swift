import Testing

@testable import Catalog

@Suite struct `the marketing survey` {
    private let text = "@relation marketing\r\n1,1,5,5,5,5,3,5,2,1,1,7,1,9\r\n2, 5,1,2,6,3,1,4,0,3,1,7,1,1\r\n\r\n"

    @Test func `is read with its targets`() throws {
        let survey = try MarketingSurvey(text: text, path: "x")
        #expect(survey.count == 2)
        #expect(survey.levels(of: .age) == [5, 1])
        #expect(survey.levels(of: .income) == [9, 1])
    }

    @Test func `codes answers without order one by one and leaves the target out`() throws {
        let survey = try MarketingSurvey(text: text, path: "x")
        // Eight questions without order have 2 + 5 + 9 + 3 + 3 + 5 + 8 + 3 answers; five ordered ones are left.
        let inputs = survey.inputs(without: .age)
        #expect(inputs.count == 2 * (38 + 5))
        #expect(Array(inputs[0..<8]) == [1, 0, 1, 0, 0, 0, 0, 5.0 / 6])
    }

    @Test(arguments: ["", "1,2,3", "1,1,8,5,5,5,3,5,2,1,1,7,1,9", "1,1,x,5,5,5,3,5,2,1,1,7,1,9", "0,1,5,5,5,5,3,5,2,1,1,7,1,9"])
    func `refuses what is not the survey`(_ text: String) {
        #expect(throws: CatalogError.self) { try MarketingSurvey(text: text, path: "x") }
    }
}
