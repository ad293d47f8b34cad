/// Where in a program something is chosen, asked, observed or weighed: a path of names, each with an index where it is
/// in a loop.
///
///     "x"                    // a choice
///     .at("x", 3)            // the fourth time round a loop
///     .at("step", 3) / "x"   // inside a loop body or a sub-program at .at("step", 3)
///
/// Made, hashed and compared in a few nanoseconds: it carries its hash, and names written in the program are not copied.
public struct Address: Sendable {
    /// A hash of the whole path, the same in every process.
    @usableFromInline let hash: UInt64
    @usableFromInline let name: AddressName
    /// The index, or `noIndex`.
    @usableFromInline let index: Int
    /// What it is in.
    @usableFromInline let parent: AddressNode?

    @usableFromInline static var noIndex: Int { .min }

    @inlinable
    init(hash: UInt64, name: AddressName, index: Int, parent: AddressNode?) {
        self.hash = hash
        self.name = name
        self.index = index
        self.parent = parent
    }

    /// The address `name`, for names that are not known when the program is written.
    public init(_ name: String) {
        self.init(hash: AddressName.text(name).hash, name: .text(name), index: Self.noIndex, parent: nil)
    }

    /// Time `index` round a loop at `name`.
    @inlinable
    public static func at(_ name: Address, _ index: Int) -> Address { name[index] }

    /// Time `inner` round a loop inside time `outer` round a loop at `name`.
    @inlinable
    public static func at(_ name: Address, _ outer: Int, _ inner: Int) -> Address { name[outer][inner] }

    /// Time `index` round a loop at this address.
    @inlinable
    public subscript(_ index: Int) -> Address {
        // A second index opens a level of its own, without a name.
        if self.index != Self.noIndex { return Address("")[index].under(AddressNode(self)) }
        let part = Self.mixed(name.hash, UInt64(bitPattern: Int64(index)) &+ 1)
        return Address(
            hash: parent.map { Self.mixed($0.address.hash, part) } ?? part, name: name, index: index, parent: parent)
    }

    /// `child` inside `parent`.
    public static func / (parent: Address, child: Address) -> Address { child.under(AddressNode(parent)) }

    /// This address seen from where `prefix` is seen.
    @usableFromInline
    func under(_ prefix: AddressNode) -> Address {
        let node = parent.map { AddressNode($0.address.under(prefix)) } ?? prefix
        return Address(hash: Self.mixed(node.address.hash, partHash), name: name, index: index, parent: node)
    }

    /// The hash that ``under(_:)`` gives, without making the address.
    @inlinable @inline(__always)
    func hash(under prefix: AddressNode?) -> UInt64 {
        guard let prefix else { return hash }
        // Without a parent the hash is that of its one part.
        return parent == nil ? Self.mixed(prefix.address.hash, hash) : under(prefix).hash
    }

    private var partHash: UInt64 {
        index == Self.noIndex ? name.hash : Self.mixed(name.hash, UInt64(bitPattern: Int64(index)) &+ 1)
    }

    /// Two words mixed into one, by a 128-bit product.
    @inlinable @inline(__always)
    static func mixed(_ a: UInt64, _ b: UInt64) -> UInt64 {
        // Digits of pi.
        let product = (a ^ 0x243F_6A88_85A3_08D3).multipliedFullWidth(by: (b ^ 0x1319_8A2E_0370_7344) | 1)
        return product.low ^ product.high &+ (a &<< 1) &+ b
    }
}

/// A name in an address: written in the program, or made while it runs.
@usableFromInline
enum AddressName: Sendable {
    case literal(StaticString)
    case text(String)

    /// FNV-1a over the bytes of the name.
    @inlinable
    var hash: UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        switch self {
        case .literal(let name):
            for byte in UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount) {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
            }
        case .text(let name):
            for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        return hash
    }

    @inlinable
    static func == (left: AddressName, right: AddressName) -> Bool {
        // One literal of the program is one pointer.
        if case .literal(let a) = left, case .literal(let b) = right, a.utf8Start == b.utf8Start,
            a.utf8CodeUnitCount == b.utf8CodeUnitCount
        {
            return true
        }
        return left.text == right.text
    }

    @usableFromInline var text: String {
        switch self {
        case .literal(let name): name.description
        case .text(let name): name
        }
    }
}

/// An address that others are in.
@usableFromInline
final class AddressNode: Sendable {
    @usableFromInline let address: Address

    @usableFromInline
    init(_ address: Address) { self.address = address }
}

extension Address: ExpressibleByStringLiteral {
    @inlinable
    public init(stringLiteral name: StaticString) {
        // A name of a single scalar may be kept as that scalar instead of bytes.
        let name: AddressName = name.hasPointerRepresentation ? .literal(name) : .text(name.description)
        self.init(hash: name.hash, name: name, index: Self.noIndex, parent: nil)
    }
}

extension Address: Hashable {
    @inlinable
    public static func == (left: Address, right: Address) -> Bool {
        guard left.hash == right.hash, left.index == right.index, left.name == right.name else { return false }
        return left.parent === right.parent || left.parent?.address == right.parent?.address
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

extension Address: CustomStringConvertible {
    /// The names and indices of the path, outermost first.
    public var parts: [String] {
        let own = index == Self.noIndex ? name.text : "\(name.text)[\(index)]"
        return (parent?.address.parts ?? []) + [own]
    }

    public var description: String {
        parts.reduce("") { $0.isEmpty ? $1 : $1.hasPrefix("[") ? $0 + $1 : "\($0)/\($1)" }
    }

    /// Whether this is `ancestor` or inside it.
    public func isInside(_ ancestor: Address) -> Bool {
        var address: Address? = self
        while let here = address {
            if here == ancestor { return true }
            address = here.parent?.address
        }
        return false
    }
}
