import Foundation

extension ModelStore {
    /// The file of a model's weights in another form, such as that of a draft model.
    ///
    /// It is made once from the model's own weights and kept beside them where that folder can be written to, else in the
    /// folder for temporary files.
    /// - Parameter form: the form; nil for the model's own.
    /// - Throws: as ``path(of:)``; also ``LanguageError/badModel(path:reason:remedy:)``.
    public func path(of nameOrPath: String, as form: EmbeddedModel.Quantization?) throws(LanguageError) -> String {
        let path = try path(of: nameOrPath)
        guard let form else { return path }
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath()
        let file = "\(real.deletingPathExtension().lastPathComponent).as-\(form.rawValue).gguf"
        let folder = real.deletingLastPathComponent().path
        let files = FileManager.default
        let folders = files.isWritableFile(atPath: folder) ? [folder] : [folder, NSTemporaryDirectory()]
        for folder in folders where files.fileExists(atPath: "\(folder)/\(file)") { return "\(folder)/\(file)" }
        let place = "\(folders.last!)/\(file)"
        try EmbeddedModel.quantize(path, to: place, as: form)
        return place
    }
}
