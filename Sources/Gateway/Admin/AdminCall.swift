import Foundation
import HTTPTypes
import NIOCore

/// A call of an administrator's door, taken apart.
struct AdminCall: Sendable {
    var method: HTTPRequest.Method
    /// What follows the resource's name in the path.
    var parts: [String]
    /// The query's fields.
    var query: [String: String] = [:]
    var body: ByteBuffer

    init(_ request: DoorRequest, resource: String) {
        method = request.head.method
        body = request.body
        parts = request.path.dropFirst("/admin/api/\(resource)".count).split(separator: "/").map {
            $0.removingPercentEncoding ?? String($0)
        }
        if let target = request.head.path, let mark = target.firstIndex(of: "?") {
            for field in target[target.index(after: mark)...].split(separator: "&") {
                let pair = field.split(separator: "=", maxSplits: 1).map {
                    $0.replacing("+", with: " ").removingPercentEncoding ?? String($0)
                }
                if let name = pair.first { query[name] = pair.count > 1 ? pair[1] : "" }
            }
        }
    }

    /// The JSON object in the body, which has no members but `known`.
    func object(_ known: [String]) throws(DoorError) -> JSONTree {
        let tree: JSONTree
        do throws(JSONFault) { tree = try JSONTree(body) } catch {
            throw .badRequest("The body is not a JSON object as expected: \(error).", code: "invalid_json")
        }
        guard let members = tree.members else {
            throw .badRequest("The body is not a JSON object.", code: "invalid_json")
        }
        for member in members where !known.contains(member.name) {
            throw .badRequest(
                "There is no field \"\(member.name)\". Known: \(known.joined(separator: ", ")).",
                code: "unknown_field", parameter: member.name)
        }
        return tree
    }

    /// The number that the query gives for `name`.
    func number(_ name: String) throws(DoorError) -> Double? {
        guard let text = query[name] else { return nil }
        guard let value = Double(text), value.isFinite else {
            throw .badRequest("\(name)=\(text) is no number.", parameter: name)
        }
        return value
    }

    /// A whole number that the query gives for `name`.
    func integer(_ name: String, _ range: ClosedRange<Int>, _ usual: Int) throws(DoorError) -> Int {
        guard let text = query[name] else { return usual }
        guard let value = Int(text), range.contains(value) else {
            throw .badRequest(
                "\(name)=\(text) is no whole number from \(range.lowerBound) to \(range.upperBound).", parameter: name)
        }
        return value
    }
}

extension JSONTree {
    /// The texts of the list called `name`, or nil where there is none.
    func texts(_ name: String) throws(DoorError) -> [String]? {
        guard let value = self[name] else { return nil }
        guard let elements = value.elements else {
            throw .badRequest("\"\(name)\" must be a list of texts.", parameter: name)
        }
        var texts: [String] = []
        for element in elements {
            guard let text = element.text else {
                throw .badRequest("\"\(name)\" must be a list of texts.", parameter: name)
            }
            texts.append(text)
        }
        return texts
    }
}
