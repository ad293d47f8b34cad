import Cascades
import Foundation
import Testing

@Suite struct `SHA-256` {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `gives the published values`(text: String, sum: String) {
        var checksum = SHA256()
        checksum.update(Array(text.utf8))
        #expect(checksum.hexadecimal == sum)
    }

    @Test func `gives the published value of a million letters, however they are cut`() {
        let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        for piece in [1_000_000, 63, 64, 65, 999] {
            var checksum = SHA256()
            for start in stride(from: 0, to: million.count, by: piece) {
                checksum.update(million[start..<min(start + piece, million.count)])
                // Looking does not disturb it.
                if start == 0 { _ = checksum.hexadecimal }
            }
            #expect(checksum.hexadecimal == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        }
    }
}
