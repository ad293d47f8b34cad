import Testing

@Suite struct `cascade catalog and data` {
    @Test func `list names what there is`() throws {
        #expect(try Cascade.run("catalog", "list").status == 0)
        #expect(try Cascade.run("catalog", "list", "--json").output.hasPrefix("["))
        let data = try Cascade.run("data", "list")
        #expect(data.status == 0)
        #expect(data.output.contains("fashion-mnist"))
    }

    @Test(arguments: [
        ["catalog", "show", "nothing"], ["catalog", "run", "nothing"], ["catalog", "verify", "nothing"],
        ["data", "get", "nothing"],
    ])
    func `unknown names are wrong usage`(arguments: [String]) throws {
        let run = try Cascade.run(arguments)
        #expect(run.status == 64)
        #expect(run.errors.hasPrefix("cascade: there is no"))
    }
}
