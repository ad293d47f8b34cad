/// Reads ISO 8601 dates and times: `2026-05-01`, `2026-05-01T12:30`, `2026-05-01 12:30:05.25Z`, `...+02:00`.
public enum ISOTime {
    /// Seconds since 1970-01-01T00:00:00Z, or nil when `text` is no such time. Without a zone it is taken as UTC.
    public static func seconds(_ text: String) -> Double? {
        Array(text.utf8).withUnsafeBufferPointer { seconds($0) }
    }

    /// Seconds since 1970-01-01T00:00:00Z, or nil when `text` is no such time. Without a zone it is taken as UTC.
    static func seconds(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        var position = 0
        func number(_ width: Int) -> Int? {
            guard position + width <= text.count else { return nil }
            var value = 0
            for byte in text[position..<position + width] {
                guard byte &- 48 <= 9 else { return nil }
                value = value * 10 + Int(byte - 48)
            }
            position += width
            return value
        }
        func take(_ byte: Character) -> Bool {
            guard position < text.count, text[position] == byte.asciiValue else { return false }
            position += 1
            return true
        }

        guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2),
            (1...12).contains(month), day >= 1, day <= days(in: month, of: year)
        else { return nil }
        var seconds = Double(daysSinceEpoch(year, month, day)) * 86_400
        if position == text.count { return seconds }

        guard take("T") || take("t") || take(" "), let hour = number(2), take(":"), let minute = number(2), hour < 24,
            minute < 60
        else { return nil }
        seconds += Double(hour * 3600 + minute * 60)
        if take(":") {
            // 60 is a leap second.
            guard let second = number(2), second <= 60 else { return nil }
            seconds += Double(second)
            if take(".") || take(",") {
                let first = position
                var fraction = 0.0
                var unit = 1.0
                while position < text.count, text[position] &- 48 <= 9 {
                    if unit < 1e15 {
                        fraction = fraction * 10 + Double(text[position] - 48)
                        unit *= 10
                    }
                    position += 1
                }
                if position == first { return nil }
                seconds += fraction / unit
            }
        }
        if position == text.count || ((take("Z") || take("z")) && position == text.count) { return seconds }
        let east = take("+")
        guard east || take("-"), let hours = number(2), hours < 24 else { return nil }
        var offset = hours * 3600
        if position < text.count {
            _ = take(":")
            guard let minutes = number(2), minutes < 60 else { return nil }
            offset += minutes * 60
        }
        return position == text.count ? seconds + Double(east ? -offset : offset) : nil
    }

    private static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    private static func days(in month: Int, of year: Int) -> Int {
        [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// Days from 1970-01-01 in the proleptic Gregorian calendar.
    private static func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let before = year - 1
        func leapDays(_ year: Int) -> Int { year / 4 - year / 100 + year / 400 }
        var count = (year - 1970) * 365 + leapDays(max(before, 0)) - leapDays(1969)
        // Year 0 is a leap year whose day leapDays(0) doesn't count.
        if before < 0 { count -= 1 }
        for earlier in stride(from: 1, to: month, by: 1) { count += days(in: earlier, of: year) }
        return count + day - 1
    }
}
