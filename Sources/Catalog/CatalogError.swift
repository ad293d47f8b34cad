/// What can go wrong with experiments and their data.
public enum CatalogError: Error, Equatable, Sendable {
    /// No experiment of that id.
    case unknownExperiment(id: String, nearest: [String])
    /// No data set of that name.
    case unknownData(name: String, known: [String])
    /// Data that has to be fetched first.
    case missingData(name: String, remedy: String)
    /// A file that is not what it should be.
    case badData(path: String, reason: String)
    /// Data that could not be fetched.
    case fetchFailed(name: String, reason: String, remedy: String)
}

extension CatalogError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownExperiment(let id, let nearest):
            "there is no experiment '\(id)'. \(nearest.isEmpty ? "`cascade catalog list` shows all." : "Did you mean \(nearest.joined(separator: ", "))?")"
        case .unknownData(let name, let known):
            "there is no data set '\(name)'. The data sets are: \(known.joined(separator: ", "))."
        case .missingData(let name, let remedy): "the data set '\(name)' is not on this machine. \(remedy)"
        case .badData(let path, let reason): "\(path): \(reason). Remove it and fetch it again."
        case .fetchFailed(let name, let reason, let remedy): "'\(name)' could not be fetched: \(reason). \(remedy)"
        }
    }
}
