@testable import Cascades
import Probability
import Testing

@Suite struct `the decimal number reader` {
    /// The number that all of `text` is.
    private func read(_ text: String) -> Double? {
        (Array(text.utf8) + [10]).withUnsafeBufferPointer { bytes in
            var p = bytes.baseAddress!
            let value = DecimalNumber.read(&p)
            return p == bytes.baseAddress! + text.utf8.count ? value : nil
        }
    }

    @Test func `agrees with the standard library to the last bit`() {
        var random = Random(seed: 4)
        var texts: [String] = []
        for _ in 0..<60_000 {
            let digits = 1 + random.integer(below: 21)
            var text = random.uniform() < 0.3 ? "-" : ""
            text += String(1 + random.integer(below: 9))
            for _ in 1..<digits + 1 { text += String(random.integer(below: 10)) }
            if random.uniform() < 0.6 {
                text += "." + (0...random.integer(below: 20)).map { _ in String(random.integer(below: 10)) }.joined()
            }
            if random.uniform() < 0.5 {
                text += ["e", "E", "e+", "e-"][random.integer(below: 4)] + String(random.integer(below: 45))
            }
            texts.append(text)
        }
        // Values as other programs write them, and halves between neighbouring values.
        for _ in 0..<60_000 { texts.append("\(random.uniform())") }
        for _ in 0..<30_000 { texts.append("\(Double(bitPattern: random.next() & 0x7FEF_FFFF_FFFF_FFFF))") }
        for _ in 0..<30_000 { texts.append("\(UInt64(1 << 53) + random.next() >> 10)") }
        for text in texts {
            let expected = Double(text)!
            let found = read(text)
            if found?.bitPattern != expected.bitPattern {
                Issue.record("\(text): \(String(describing: found)), not \(expected)")
            }
        }
    }

    @Test(arguments: [
        "9007199254740993", "9007199254740992.5", "9007199254740993e0", "18446744073709551615",
        "9999999999999999999e27",
        "1e-27", "9999999999999999999e-27", "5e-324", "2.4703282292062327e-324", "2.4703282292062328e-324",
        "1.7976931348623157e308",
        "0", "-0", "0.0", "-0.0e-27", "0e99", "1e22", "1e23", "8.5e-27", "123456789012345678901234567890",
    ]) func `rounds the hard cases correctly`(text: String) {
        #expect(read(text)?.bitPattern == Double(text)!.bitPattern)
    }

    @Test(arguments: [
        "", "-", "+1", "01", "-01", ".5", "1.", "1.e5", "1e", "1e+", "NaN", "Infinity", "0x10", "1_000", " 1", "1 ",
    ])
    func `refuses what is no JSON number`(text: String) { #expect(read(text) == nil) }
}
