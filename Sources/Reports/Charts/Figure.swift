/// Anything that draws itself as one self-contained SVG.
///
/// A figure is drawn for a width, not scaled down to it: text stays readable on a phone, because the narrow drawing has
/// larger type in proportion, fewer ticks and its own placement of labels.
public protocol Figure: Sendable {
    /// What the figure shows, in a few words.
    var title: String { get }
    /// What a reader who can't see the figure should know; a default is derived from the contents where it is empty.
    var summary: String { get }
    /// How many of the given values can't be drawn: not finite, or not positive on a logarithmic axis. They are left out.
    var skippedValues: Int { get }
    /// The drawing's text.
    /// - Parameters:
    ///   - width: The width in CSS pixels that it is laid out for, at least 240.
    ///   - identifier: The prefix of its element ids; must differ between the figures of one page.
    ///   - includesStyle: Whether it carries its own style sheet; a page with several has it once.
    func svg(width: Double, identifier: String, includesStyle: Bool) -> String
}

extension Figure {
    /// The drawing as a file of its own, laid out for 720 pixels.
    public func svg() -> String { svg(width: 720, identifier: "figure", includesStyle: true) }

    /// The note about values that were left out, or nil.
    var skippedNote: String? {
        skippedValues == 0
            ? nil : "\(skippedValues) \(skippedValues == 1 ? "value" : "values") without a place not drawn"
    }
}
