@testable import Cascades
import Foundation
import Testing

@Suite struct `the ISO 8601 reader` {
    private func seconds(_ text: String) -> Double? { Array(text.utf8).withUnsafeBufferPointer(ISOTime.seconds) }

    @Test(arguments: [
        ("1970-01-01", 0), ("1970-01-01T00:00:01Z", 1), ("1969-12-31T23:59:59Z", -1), ("2000-02-29", 951_782_400),
        ("2026-05-01T12:30:00.25+02:00", 1_777_631_400.25), ("2026-05-01 12:30-0130", 1_777_644_000),
        ("0001-01-01", -62_135_596_800),
        ("0000-01-01", -62_167_219_200), ("2016-12-31T23:59:60Z", 1_483_228_800),
    ]) func `reads times`(text: String, expected: Double) { #expect(seconds(text) == expected) }

    @Test(arguments: [
        "", "2026", "2026-13-01", "2026-00-01", "2026-02-29", "2026-05-32", "2026-05-01T", "2026-05-01T25:00",
        "2026-05-01T12:60",
        "2026-05-01T12:30:61", "2026-05-01T12:30:00.", "2026-05-01T12:30:00+", "2026-05-01T12:30:00Zx", "26-05-01",
        "2026/05/01",
    ]) func `refuses what is no time`(text: String) { #expect(seconds(text) == nil) }

    @Test func `agrees with Foundation on days of four centuries`() {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(secondsFromGMT: 0)!
        for day in stride(from: -62_000, to: 85_000, by: 31) {
            let date = Date(timeIntervalSince1970: Double(day) * 86_400)
            let parts = calendar.dateComponents([.year, .month, .day], from: date)
            let text = String(format: "%04d-%02d-%02d", parts.year!, parts.month!, parts.day!)
            #expect(seconds(text) == date.timeIntervalSince1970)
        }
    }
}
