import Cascades
import Foundation
import Yams

/// A place in a configuration file, read with errors that name its line. YAML; JSON is YAML, too.
struct ConfigurationNode {
    let node: Node
    let file: String
    /// What it is called: `stages.small.price`.
    let path: String

    /// The root of the file's `text`.
    /// - Throws: ``GatewayError/badConfiguration(file:line:reason:remedy:)``.
    static func root(_ text: String, file: String) throws(GatewayError) -> ConfigurationNode {
        func bad(_ line: Int?, _ reason: String) -> GatewayError {
            .badConfiguration(file: file, line: line, reason: reason, remedy: "Correct it; it is read as YAML or JSON.")
        }
        do {
            guard let node = try compose(yaml: text) else { throw bad(nil, "it is empty") }
            return ConfigurationNode(node: node, file: file, path: "")
        } catch let error as GatewayError {
            throw error
        } catch YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _)
        {
            throw bad(mark.line, problem)
        } catch YamlError.duplicatedKeysInMapping(let names, let context) {
            throw bad(context.mark.line, "\(names.joined(separator: ", ")) is given twice")
        } catch {
            throw bad(nil, "it can't be read: \(error)")
        }
    }

    var line: Int? { node.mark?.line }

    func bad(_ reason: String, _ remedy: String) -> GatewayError {
        .badConfiguration(
            file: file, line: line, reason: path.isEmpty ? reason : "\(path): \(reason)", remedy: remedy)
    }

    private func child(_ node: Node, _ name: String) -> ConfigurationNode {
        ConfigurationNode(node: node, file: file, path: path.isEmpty ? name : "\(path).\(name)")
    }

    /// Checks that this has no members but `known`.
    func allow(_ known: [String]) throws(GatewayError) {
        for (name, member) in try members() where !known.contains(name) {
            let near = NearestName.of(name, in: known).map { "Did you mean \($0)? " } ?? ""
            throw member.bad("there is no such setting", "\(near)Known: \(known.joined(separator: ", ")).")
        }
    }

    /// The members, in the file's order.
    func members() throws(GatewayError) -> [(name: String, value: ConfigurationNode)] {
        guard let mapping = node.mapping else {
            throw bad("names with values are expected", "Write `name: value` lines.")
        }
        var members: [(name: String, value: ConfigurationNode)] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string else { throw bad("a name is expected", "Write `name: value` lines.") }
            members.append((name, child(value, name)))
        }
        return members
    }

    /// The member called `name`, or nil where there is none or it is null.
    func member(_ name: String) throws(GatewayError) -> ConfigurationNode? {
        guard let mapping = node.mapping else {
            throw bad("names with values are expected", "Write `name: value` lines.")
        }
        guard let value = mapping[name], !value.isNull else { return nil }
        return child(value, name)
    }

    func text() throws(GatewayError) -> String {
        guard let text = node.scalar?.string else { throw bad("a text is expected", "Write it in quotes.") }
        return text
    }

    func texts() throws(GatewayError) -> [String] {
        guard let sequence = node.sequence else { return [try text()] }
        var texts: [String] = []
        for (index, value) in sequence.enumerated() { texts.append(try child(value, "\(index + 1)").text()) }
        return texts
    }

    func number(_ range: ClosedRange<Double>) throws(GatewayError) -> Double {
        guard let text = node.scalar?.string, let value = Double(text), range.contains(value) else {
            throw bad(
                "a number from \(JSONText.number(range.lowerBound)) to \(JSONText.number(range.upperBound)) is expected",
                "Write one.")
        }
        return value
    }

    func integer(_ range: ClosedRange<Int>) throws(GatewayError) -> Int {
        guard let text = node.scalar?.string, let value = Int(text.replacing("_", with: "")), range.contains(value)
        else {
            throw bad("a whole number from \(range.lowerBound) to \(range.upperBound) is expected", "Write one.")
        }
        return value
    }

    func flag() throws(GatewayError) -> Bool {
        guard let flag = node.bool else { throw bad("true or false is expected", "Write one of them.") }
        return flag
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type) throws(GatewayError) -> Choice
    where Choice.RawValue == String {
        guard let choice = Choice(rawValue: try text()) else {
            throw bad(
                "it is none of the values known here",
                "Known: \(Choice.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        return choice
    }

    /// A secret: `env:NAME` is read from the environment, `file:PATH` from a file; nothing else is taken, so that no
    /// secret stands in a configuration.
    func secret() throws(GatewayError) -> String {
        try Self.secret(try text()) { reason, remedy in bad(reason, remedy) }
    }

    static func secret(
        _ text: String, _ bad: (_ reason: String, _ remedy: String) -> GatewayError
    ) throws(GatewayError) -> String {
        if text.hasPrefix("env:") {
            let name = String(text.dropFirst(4))
            guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
                throw bad("the environment has no \(name)", "Set it: export \(name)=…")
            }
            return value
        }
        if text.hasPrefix("file:") {
            let path = String(text.dropFirst(5))
            guard let data = FileManager.default.contents(atPath: path) else {
                throw bad("\(path) can't be read", "Put the secret into that file.")
            }
            let value = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            guard !value.isEmpty else { throw bad("\(path) is empty", "Put the secret into that file.") }
            return value
        }
        throw bad("a secret is not written here", "Write env:NAME or file:PATH, where the secret is.")
    }
}

extension Node {
    fileprivate var isNull: Bool { null != nil }
}
