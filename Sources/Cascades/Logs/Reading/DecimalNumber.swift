#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads decimal numbers by JSON's grammar and rounds them correctly (to nearest, ties to even).
///
/// A number with at most 19 significant digits `m` and a decimal exponent in -27...27 is `m * 5^e * 2^e` with `5^|e|`
/// in one word, so that one wide multiplication or division with a sticky bit gives the exactly rounded result;
/// small ones take the fast path of Clinger (1990, "How to read floating point numbers accurately"). All others go
/// through `strtod`.
enum DecimalNumber {
    /// Reads the number at `p` and moves `p` behind it; nil, with `p` unmoved, where no number begins or it breaks off.
    /// The bytes must end with one that is no part of a number. A number too large for a `Double` gives an infinity.
    @inline(__always)
    static func read(_ p: inout UnsafePointer<UInt8>) -> Double? {
        let start = p
        var q = p
        let negative = q.pointee == UInt8(ascii: "-")
        if negative { q += 1 }
        var mantissa: UInt64 = 0
        let firstDigit = q
        var digit = q.pointee &- 48
        guard digit <= 9 else { return nil }
        if digit == 0 {
            q += 1
            // No leading zeros.
            if q.pointee &- 48 <= 9 { return nil }
        } else {
            repeat {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                q += 1
                digit = q.pointee &- 48
            } while digit <= 9
        }
        var digits = q - firstDigit
        var exponent = 0
        if q.pointee == UInt8(ascii: ".") {
            q += 1
            let fraction = q
            digit = q.pointee &- 48
            while digit <= 9 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                q += 1
                digit = q.pointee &- 48
            }
            let places = q - fraction
            if places == 0 { return nil }
            exponent = -places
            digits += places
        }
        if q.pointee | 0x20 == UInt8(ascii: "e") {
            q += 1
            var down = false
            if q.pointee == UInt8(ascii: "-") {
                down = true
                q += 1
            } else if q.pointee == UInt8(ascii: "+") {
                q += 1
            }
            digit = q.pointee &- 48
            guard digit <= 9 else { return nil }
            var written = 0
            repeat {
                if written < 100_000 { written = written * 10 + Int(digit) }
                q += 1
                digit = q.pointee &- 48
            } while digit <= 9
            exponent += down ? -written : written
        }
        p = q
        if digits <= 19, exponent >= -27, exponent <= 27 {
            let magnitude = rounded(mantissa, exponent)
            return negative ? -magnitude : magnitude
        }
        return slow(start, q - start)
    }

    /// `mantissa * 10^exponent`, correctly rounded, for exponents in -27...27.
    @inline(__always)
    private static func rounded(_ mantissa: UInt64, _ exponent: Int) -> Double {
        if mantissa <= 1 << 53, exponent >= -22, exponent <= 22 {
            // Both factors are exact, so the one operation rounds correctly.
            return exponent < 0
                ? Double(mantissa) / powersOfTen[-exponent]
                : Double(mantissa) * powersOfTen[exponent]
        }
        if mantissa == 0 { return 0 }
        return exponent < 0 ? quotient(mantissa, -exponent) : product(mantissa, exponent)
    }

    private static func quotient(_ mantissa: UInt64, _ exponent: Int) -> Double {
        let divisor = powersOfFive[exponent]
        let shift = mantissa.leadingZeroBitCount
        let divisorShift = divisor.leadingZeroBitCount
        let numerator = mantissa << UInt64(shift)
        // numerator * 2^63 / divisor, both with their top bit set, lies between 2^62 and 2^64.
        var (quotient, remainder) = (divisor << UInt64(divisorShift)).dividingFullWidth(
            (numerator >> 1, numerator << 63))
        if remainder != 0 { quotient |= 1 }
        return Double(quotient) * powerOfTwo(divisorShift - shift - 63 - exponent)
    }

    private static func product(_ mantissa: UInt64, _ exponent: Int) -> Double {
        let (high, low) = mantissa.multipliedFullWidth(by: powersOfFive[exponent])
        if high == 0 { return Double(low) * powerOfTwo(exponent) }
        let shift = UInt64(high.leadingZeroBitCount)
        var top = shift == 0 ? high : high << shift | low >> (64 - shift)
        if low << shift != 0 { top |= 1 }
        return Double(top) * powerOfTwo(exponent + 64 - Int(shift))
    }

    /// `2^exponent` in the normal range.
    @inline(__always)
    private static func powerOfTwo(_ exponent: Int) -> Double { Double(bitPattern: UInt64(exponent + 1023) << 52) }

    @inline(never)
    private static func slow(_ start: UnsafePointer<UInt8>, _ count: Int) -> Double {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { copy in
            for i in 0..<count { copy[i] = CChar(bitPattern: start[i]) }
            copy[count] = 0
            return strtod(copy.baseAddress!, nil)
        }
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
    private static let powersOfFive: [UInt64] = (0...27).map { exponent in
        (0..<exponent).reduce(1) { power, _ in power * 5 }
    }
}
