import Cascades

/// A secret that lets a client in: `csk-` and 43 characters, 256 random bits.
///
/// The store has its SHA-256 and its first characters only. A slow, salted hash is for passwords, which people choose and
/// attackers guess: against 2^256 equally likely keys no guessing helps, at any speed, and no table of hashes can be made
/// beforehand. A fast hash is looked up by its value, at every request, in microseconds.
public struct APIKey: Sendable, Hashable {
    /// The secret. It is shown once, when the key is made.
    public let secret: String

    /// What every key begins with.
    public static let beginning = "csk-"

    /// A new key, from the system's source of secrets.
    public init() {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        for _ in 0..<4 { withUnsafeBytes(of: generator.next() as UInt64) { bytes += $0 } }
        secret = Self.beginning + Self.base64(bytes)
    }

    /// The key that a client sent. Any text is one; whether the store knows it is another question.
    public init(_ text: String) { secret = text }

    /// The SHA-256 of the secret, as 64 hexadecimal digits.
    public var hash: String {
        var sum = SHA256()
        sum.update(secret.utf8)
        return sum.hexadecimal
    }

    /// What may be shown of it: how it begins. 30 of the 256 bits are in it.
    public var prefix: String { String(secret.prefix(Self.beginning.count + 5)) }

    /// Base 64 with `-` and `_`, without padding (RFC 4648, section 5).
    private static func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        var (bits, count): (UInt32, UInt32) = (0, 0)
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(letters[Int(bits >> count & 63)])
            }
        }
        if count > 0 { text.append(letters[Int(bits << (6 - count) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }
}
