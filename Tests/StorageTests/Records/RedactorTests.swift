import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(5))) struct `redactor` {
    @Test(arguments: [
        ("Mail ada.lovelace+x@mail.example.org.", "Mail [email]."),
        ("a@b no host, @handle, a@b.c short", "a@b no host, @handle, a@b.c short"),
        ("card 4111 1111 1111 1111!", "card [card]!"),
        ("card 5500-0055-5555-5559", "card [card]"),
        ("no card 4111 1111 1111 1112", "no card 4111 1111 1111 1112"),
        ("call +49 (30) 901820 or 030 90 18 20 55", "call [phone] or [phone]"),
        ("in 2024 there were 1234567 of 0.25", "in 2024 there were 1234567 of 0.25"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [iban] please"),
        ("GB82WEST12345698765432", "[iban]"),
        ("GB82WEST12345698765431", "GB82WEST12345698765431"),
        ("from 192.168.1.254, not 1.2.3.4.5 or 999.1.1.1", "from [address], not 1.2.3.4.5 or 999.1.1.1"),
        ("Authorization: Bearer abcDEF0123456789xyz==", "Authorization: Bearer [secret]"),
        ("api_key=\"abcdef123456\", password: hunter22", "api_key=\"[secret]\", password: [secret]"),
        ("sk-proj-abcdefghijklmnop and AKIAIOSFODNN7EXAMPLE", "[secret] and [secret]"),
        ("key provided: sk-abcd************************wxyz.", "key provided: [secret]"),
        ("the bearer of news; token: yes; password", "the bearer of news; token: yes; password"),
        ("größe@exämple.org 😀 ok", "[email] 😀 ok"),
        ("", ""),
    ])
    func `takes out what has a form`(_ text: String, _ expected: String) {
        #expect(Redactor.standard.redacted(text) == expected)
    }

    @Test func `takes out only the kinds that it is told`() {
        #expect(Redactor([.email]).redacted("a@b.org 4111111111111111") == "[email] 4111111111111111")
        #expect(Redactor([]).redacted("a@b.org") == "a@b.org")
    }

    @Test func `a key of this program is taken out of any text`() {
        for _ in 0..<50 {
            let key = APIKey()
            #expect(Redactor.standard.redacted("my key is \(key.secret), keep it") == "my key is [secret], keep it")
        }
    }

    @Test func `takes a time that grows with the text, not with its square`() {
        let clock = ContinuousClock()
        for pattern in ["1 ", "a-", "a.", "a@", "12-", "sk-", "bearer ", "DE89 ", "0 0", "password="] {
            let text = String(repeating: pattern, count: 200_000 / pattern.count)
            let elapsed = clock.measure { _ = Redactor.standard.redacted(text) }
            // Some 20 ms; with the square of the length it would be minutes.
            #expect(elapsed < .seconds(20), "\(pattern): \(elapsed)")
        }
    }
}
