/// Works a calculation out, counting what it does.
struct ScriptEvaluator {
    private let limits: Script.Limits
    private var steps = 0
    private var members = 0
    /// What names stand for, innermost last.
    private var names: [(name: String, value: Script.Value)] = []

    init(limits: Script.Limits) { self.limits = limits }

    mutating func value(of node: ScriptNode) throws(LanguageError) -> Script.Value {
        steps += 1
        guard steps <= limits.steps else { throw node.place.error("more than \(limits.steps) steps") }
        switch node.kind {
        case .number(let number): return .number(number)
        case .truth(let holds): return .truth(holds)
        case .name(let name):
            guard let found = names.last(where: { $0.name == name }) else {
                throw node.place.error("nothing is called '\(name)'")
            }
            return found.value
        case .list(let parts):
            var list: [Script.Value] = []
            for part in parts { list.append(try reserved(try value(of: part), node.place)) }
            return .list(list)
        case .member(let listNode, let placeNode):
            let list = try self.list(listNode)
            let position = try whole(placeNode)
            guard list.indices.contains(position) else {
                throw placeNode.place.error("there is no member \(position) in a list of \(list.count)")
            }
            return list[position]
        case .not(let part): return .truth(!(try truth(part)))
        case .negative(let part): return .number(try kept(try number(part).negated, node.place))
        case .chain(let first, let links):
            var left = try value(of: first)
            for (index, link) in links.enumerated() {
                let before = index == 0 ? first.place : links[index - 1].place
                left = try joined(left, before, link)
            }
            return left
        case .power(let base, let exponent):
            return .number(try power(try number(base), exponent, try number(exponent), node.place))
        case .either(let condition, let first, let second):
            return try value(of: try truth(condition) ? first : second)
        case .binding(let name, let bound, let body):
            names.append((name, try value(of: bound)))
            defer { names.removeLast() }
            return try value(of: body)
        case .call(let function, let arguments): return try call(function, arguments, node.place)
        case .each(let function, let listNode, let name, let body):
            let list = try self.list(listNode)
            var result: [Script.Value] = []
            for member in list {
                names.append((name, member))
                defer { names.removeLast() }
                if function == .map {
                    result.append(try reserved(try value(of: body), node.place))
                } else if try truth(body) {
                    result.append(try reserved(member, node.place))
                }
            }
            return .list(result)
        }
    }

    /// `value`, for which room is left: with all that is in it, since what is shared here may be written out later.
    private mutating func reserved(_ value: Script.Value, _ place: ScriptPlace) throws(LanguageError) -> Script.Value {
        try reserve(value.size, place)
        return value
    }

    private mutating func reserve(_ count: Int, _ place: ScriptPlace) throws(LanguageError) {
        members += count
        guard members <= limits.members else {
            throw place.error("more than \(limits.members) members of lists")
        }
    }

    private func kept(_ number: Rational?, _ place: ScriptPlace) throws(LanguageError) -> Rational {
        guard let number else { throw place.error("the number does not fit into 64 bits") }
        return number
    }

    private mutating func number(_ node: ScriptNode) throws(LanguageError) -> Rational {
        try number(try value(of: node), node.place)
    }

    private func number(_ value: Script.Value, _ place: ScriptPlace) throws(LanguageError) -> Rational {
        guard case .number(let number) = value else { throw place.error("expected a number, found \(value.kind)") }
        return number
    }

    private mutating func whole(_ node: ScriptNode) throws(LanguageError) -> Int {
        let number = try number(node)
        guard number.isInteger else { throw node.place.error("expected a whole number, found \(number)") }
        return number.numerator
    }

    private mutating func truth(_ node: ScriptNode) throws(LanguageError) -> Bool {
        try truth(try value(of: node), node.place)
    }

    private func truth(_ value: Script.Value, _ place: ScriptPlace) throws(LanguageError) -> Bool {
        guard case .truth(let holds) = value else { throw place.error("expected true or false, found \(value.kind)") }
        return holds
    }

    private mutating func list(_ node: ScriptNode) throws(LanguageError) -> [Script.Value] {
        let value = try value(of: node)
        guard case .list(let members) = value else {
            throw node.place.error("expected a list, found \(value.kind)")
        }
        return members
    }

    private mutating func numbers(_ node: ScriptNode) throws(LanguageError) -> [Rational] {
        var numbers: [Rational] = []
        for member in try list(node) {
            guard case .number(let number) = member else {
                throw node.place.error("expected a list of numbers, found \(member.kind) in it")
            }
            numbers.append(number)
        }
        steps += numbers.count
        return numbers
    }

    /// What comes of `left` and the next part of a row.
    private mutating func joined(
        _ left: Script.Value, _ leftPlace: ScriptPlace, _ link: ScriptLink
    ) throws(LanguageError) -> Script.Value {
        let place = link.place
        switch link.sign {
        case .and: return .truth(try truth(left, leftPlace) ? try truth(link.node) : false)
        case .or: return .truth(try truth(left, leftPlace) ? true : try truth(link.node))
        case .equal, .different:
            let right = try value(of: link.node)
            steps += min(left.size, right.size)
            return .truth((left == right) == (link.sign == .equal))
        default: break
        }
        let (a, b) = (try number(left, leftPlace), try number(link.node))
        switch link.sign {
        case .less: return .truth(a < b)
        case .more: return .truth(a > b)
        case .atMost: return .truth(a <= b)
        case .atLeast: return .truth(a >= b)
        case .plus: return .number(try kept(a.plus(b), place))
        case .minus: return .number(try kept(b.negated.flatMap { a.plus($0) }, place))
        case .times: return .number(try kept(a.times(b), place))
        case .modulo: return .number(try remainder(a, b, place))
        default:
            guard b.numerator != 0 else { throw place.error("division by zero") }
            return .number(try kept(a.divided(by: b), place))
        }
    }

    /// `a - b floor(a / b)`: of the sign of `b`.
    private func remainder(_ a: Rational, _ b: Rational, _ place: ScriptPlace) throws(LanguageError) -> Rational {
        guard b.numerator != 0 else { throw place.error("division by zero") }
        let quotient = try kept(a.divided(by: b), place).floor
        let whole = try kept(b.times(Rational(quotient)), place)
        return try kept(whole.negated.flatMap { a.plus($0) }, place)
    }

    private func power(
        _ base: Rational, _ node: ScriptNode, _ exponent: Rational, _ place: ScriptPlace
    ) throws(LanguageError) -> Rational {
        guard exponent.isInteger, abs(exponent.double) <= 1000 else {
            throw node.place.error("expected a whole exponent from -1000 to 1000, found \(exponent)")
        }
        guard exponent.numerator >= 0 || base.numerator != 0 else { throw place.error("division by zero") }
        var result = Rational(1)
        for _ in 0..<abs(exponent.numerator) { result = try kept(result.times(base), place) }
        return exponent.numerator < 0 ? try kept(Rational(1).divided(by: result), place) : result
    }

    private mutating func call(
        _ function: ScriptFunction, _ arguments: [ScriptNode], _ place: ScriptPlace
    ) throws(LanguageError) -> Script.Value {
        let first = arguments[0]
        switch function {
        case .sum: return .number(try total(try numbers(first), place))
        case .product:
            var product = Rational(1)
            for number in try numbers(first) { product = try kept(product.times(number), place) }
            return .number(product)
        case .length: return .number(Rational(try list(first).count))
        case .sort:
            let sorted = try numbers(first).sorted()
            try reserve(sorted.count, place)
            return .list(sorted.map { .number($0) })
        case .reverse:
            return try reserved(.list(try list(first).reversed()), place)
        case .minimum, .maximum:
            let numbers = try numbers(first)
            guard let extreme = function == .minimum ? numbers.min() : numbers.max() else {
                throw first.place.error("an empty list has none")
            }
            return .number(extreme)
        case .mean:
            let numbers = try numbers(first)
            guard !numbers.isEmpty else { throw first.place.error("an empty list has none") }
            return .number(try kept(try total(numbers, place).divided(by: Rational(numbers.count)), place))
        case .range:
            let bounds = arguments.count == 1 ? (0, try whole(first)) : (try whole(first), try whole(arguments[1]))
            guard bounds.1 > bounds.0 else { return .list([]) }
            let (count, overflow) = bounds.1.subtractingReportingOverflow(bounds.0)
            guard !overflow, count <= limits.members else {
                throw place.error("more than \(limits.members) members of lists")
            }
            try reserve(count, place)
            return .list((bounds.0..<bounds.1).map { .number(Rational($0)) })
        case .absolute:
            let number = try number(first)
            return .number(number.numerator < 0 ? try kept(number.negated, place) : number)
        case .floor: return .number(Rational(try number(first).floor))
        case .map, .filter: throw place.error("'\(function.rawValue)' needs a name and an arrow")
        }
    }

    private func total(_ numbers: [Rational], _ place: ScriptPlace) throws(LanguageError) -> Rational {
        var sum = Rational(0)
        for number in numbers { sum = try kept(sum.plus(number), place) }
        return sum
    }
}
