import Reports
import Testing

@Suite struct `numbers as text` {
    @Test(arguments: [
        (0.0, "0"), (0.5, "0.500"), (1.2345, "1.23"), (9.999, "10.0"), (123.4, "123"), (12345.6, "12,346"),
        (-0.012345, "-0.0123"), (1.2e-5, "1.2e-5"), (-3e20, "-3e20"), (.nan, "–"), (.infinity, "∞"), (-.infinity, "-∞"),
        (1e-300, "1e-300"), (999_999.9, "1,000,000"),
    ])
    func `keep three significant digits`(value: Double, text: String) {
        #expect(NumberText.significant(value) == text)
    }

    @Test(arguments: [
        (0.0, "0"), (0.25, "0.25"), (1500, "1500"), (12_345, "12.3k"), (2_000_000, "2M"), (999_999, "1M"),
        (-45_600, "-45.6k"),
        (0.00003, "3e-5"), (7e12, "7T"),
    ])
    func `are as short as they can be`(value: Double, text: String) {
        #expect(NumberText.compact(value) == text)
    }

    @Test func `have no sign when they round to nothing`() {
        #expect(NumberText.fixed(-0.0001, decimals: 2) == "0.00")
        #expect(NumberText.percent(-0.00001) == "0.0%")
    }

    @Test func `share their decimals with their interval`() {
        #expect(NumberText.interval(0.912, low: 0.9, high: 0.95) == "0.912 [0.900, 0.950]")
        #expect(NumberText.interval(0, low: -0.5, high: 0.5) == "0.000 [-0.500, 0.500]")
        #expect(NumberText.interval(0, low: 0, high: 0) == "0 [0, 0]")
        #expect(NumberText.interval(12.34, low: 9.87, high: .infinity) == "12.3 [9.9, ∞]")
    }
}
