public import Foundation

/// The attribute format of CRFsuite.
///
/// A line is one position: its label, then its attributes, with tabs between them. An attribute may end in a colon and its
/// weight, else it weighs 1. `\:` is a colon and `\\` a backslash inside a name. An empty line ends a sequence, and so does
/// the end of the file.
///
///     B-NP	w[0]=An	pos[0]=DT
///     I-NP	w[0]=A.P.	pos[0]=NNP	length:4
extension TaggedSequences {
    /// Reads a file.
    /// - Throws: ``InferenceError/badLine(file:line:reason:)``.
    public static func read(crfsuite path: String) throws(InferenceError) -> TaggedSequences {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .badLine(file: path, line: 0, reason: "there is no such file, or it can't be read.")
        }
        var result = TaggedSequences()
        try result.append(crfsuite: data, file: path)
        return result
    }

    /// Adds the sequences in `data`; `file` is named in errors. After an error nothing has been added.
    public mutating func append(crfsuite data: Data, file: String) throws(InferenceError) {
        let before = self
        var reader = AttributeReader(sequences: self, file: file)
        self = TaggedSequences()
        let failure: InferenceError? = data.withUnsafeBytes { bytes in
            do throws(InferenceError) {
                try reader.read(bytes)
                return nil
            } catch {
                return error
            }
        }
        if let failure {
            self = before
            throw failure
        }
        self = reader.sequences
    }

    /// The text of all sequences; unknown labels are written as `unknown`.
    public func crfsuiteText(unknown: String = "?") -> String {
        var text = ""
        for sequence in 0..<count {
            for position in positions(of: sequence) {
                let label = labels[position]
                text += Self.escaped(label < 0 ? unknown : labelNames.names[Int(label)])
                for k in attributeStarts[position]..<attributeStarts[position + 1] {
                    text += "\t" + Self.escaped(attributeNames.names[Int(attributes[k])])
                    if values[k] != 1 { text += ":\(values[k])" }
                }
                text += "\n"
            }
            text += "\n"
        }
        return text
    }

    private static func escaped(_ name: String) -> String {
        name.contains { $0 == ":" || $0 == "\\" }
            ? name.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: ":", with: "\\:") : name
    }
}

/// Walks over the bytes of a file in the attribute format.
private struct AttributeReader {
    var sequences: TaggedSequences
    let file: String
    private var line = 0
    private var text: [UInt8] = []

    init(sequences: TaggedSequences, file: String) {
        self.sequences = sequences
        self.file = file
    }

    mutating func read(_ bytes: UnsafeRawBufferPointer) throws(InferenceError) {
        var start = 0
        while start < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != 10 { end += 1 }
            line += 1
            let stop = end > start && bytes[end - 1] == 13 ? end - 1 : end
            if stop == start { endSequence() } else { try readPosition(bytes, start, stop) }
            start = end + 1
        }
        endSequence()
    }

    private mutating func endSequence() {
        if sequences.labels.count > sequences.sequenceStarts.last! {
            sequences.sequenceStarts.append(sequences.labels.count)
        }
    }

    private mutating func readPosition(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ stop: Int
    ) throws(InferenceError) {
        var field = start
        var isLabel = true
        while field <= stop {
            var end = field
            while end < stop, bytes[end] != 9 { end += 1 }
            let (name, weight) = try readField(bytes, field, end, isLabel ? "label" : "attribute")
            if isLabel {
                guard weight == nil else { throw bad("a label has no weight; write a colon in its name as \\:.") }
                sequences.labels.append(Int32(sequences.labelNames.add(name)))
                isLabel = false
            } else {
                sequences.attributes.append(Int32(sequences.attributeNames.add(name)))
                sequences.values.append(weight ?? 1)
            }
            field = end + 1
        }
        sequences.attributeStarts.append(sequences.attributes.count)
    }

    private mutating func readField(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ kind: String
    ) throws(InferenceError) -> (name: String, weight: Double?) {
        text.removeAll(keepingCapacity: true)
        var colon: Int?
        var i = start
        while i < end {
            let byte = bytes[i]
            if byte == UInt8(ascii: "\\") {
                guard i + 1 < end, bytes[i + 1] == UInt8(ascii: ":") || bytes[i + 1] == UInt8(ascii: "\\") else {
                    throw bad(
                        "a lone backslash in column \(i - start + 1) of '\(show(bytes, start, end))'; write \\\\.")
                }
                text.append(bytes[i + 1])
                i += 2
                continue
            }
            if byte == UInt8(ascii: ":") {
                colon = i
                break
            }
            text.append(byte)
            i += 1
        }
        guard !text.isEmpty else {
            throw bad(kind == "label" ? "the label is missing." : "an attribute has no name.")
        }
        guard let name = String(validating: text, as: UTF8.self) else { throw bad("a name is not valid UTF-8.") }
        guard let colon else { return (name, nil) }
        let digits = show(bytes, colon + 1, end)
        guard let weight = Double(digits), weight.isFinite else {
            throw bad(
                "the weight of '\(name)' is '\(digits)'; it has to be a finite number. Write a colon in a name as \\:.")
        }
        return (name, weight)
    }

    private func show(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<end]), as: UTF8.self)
    }

    private func bad(_ reason: String) -> InferenceError { .badLine(file: file, line: line, reason: reason) }
}
