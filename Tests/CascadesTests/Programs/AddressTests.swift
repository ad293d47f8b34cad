import Probability
import Testing

@testable import Cascades

@Suite("Addresses") struct AddressTests {
    @Test("are equal when their paths are, however they were made")
    func equality() {
        let t = 3
        let direct: Address = .at("step", t) / "x"
        let text = Address("step" + "")[3] / Address(String("x"))
        #expect(direct == text && direct.hash == text.hash)
        #expect(direct.description == "step[3]/x")
        #expect(direct.parts == ["step[3]", "x"])
        let (a, b, c): (Address, Address, Address) = ("a", "b", "c")
        #expect((a / b) / c == a / (b / c))
        #expect(((a / b) / c).hash == (a / (b / c)).hash)
        #expect(Address.at("x", 1, 2) == Address("x")[1][2])
        #expect(Address.at("x", 1, 2).description == "x[1][2]")
        #expect((a / b)[4] == a / b[4])
        // One-scalar and long names, known and unknown when compiled.
        for name in ["x", "é", "a name of more than fifteen bytes, as it happens"] {
            #expect(Address(name).description == name)
        }
        #expect(Address(String("é")) == "é")
    }

    @Test("differ where their paths do")
    func difference() {
        let a: Address = "a"
        let all: [Address] = [
            "a", "b", "ab", .at("a", 0), .at("a", 1), .at("a", -1), a / "b", "b" / a, .at("a", 0, 1), .at("a", 1, 0),
            .at("a", 0) / "b", a / .at("b", 0), a / "a", a / "a" / "a", "",
        ]
        #expect(Set(all).count == all.count)
        #expect(Set(all.map(\.hash)).count == all.count)
    }

    @Test("hash without collisions over loops in loops")
    func collisions() {
        var hashes = Set<UInt64>()
        for i in 0..<100 {
            let node = AddressNode(.at("outer", i))
            for j in 0..<100 {
                for name: Address in ["x", "y"] {
                    let inner = name[j]
                    #expect(inner.hash(under: node) == inner.under(node).hash)
                    hashes.insert(inner.hash(under: node))
                }
            }
        }
        #expect(hashes.count == 20_000)
    }

    @Test("know what they are inside")
    func inside() {
        let address: Address = .at("a", 1) / "b" / "c"
        #expect(address.isInside(.at("a", 1)) && address.isInside(address) && address.isInside(.at("a", 1) / "b"))
        #expect(!address.isInside("b") && !address.isInside(.at("a", 2)))
    }

    @Test("are claimed once each")
    func claims() {
        var claimed = ClaimedAddresses(expected: 0)
        defer { claimed.deallocate() }
        var random = Random(seed: 1)
        var seen = Set<UInt64>()
        for _ in 0..<2000 {
            let hash = random.next() & 0xFFF
            // 0 and 1 share a slot.
            if hash < 2 { continue }
            #expect(claimed.insert(hash) == seen.insert(hash).inserted)
        }
    }
}
