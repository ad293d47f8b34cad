import Foundation

extension Series.Symbol {
    /// The outline around a point; the areas of the shapes are alike, so that none looks heavier.
    func path(_ x: Double, _ y: Double, radius: Double) -> String {
        switch self {
        case .circle:
            let c = SVGText.coordinate
            let r = c(radius)
            return "M\(c(x - radius)) \(c(y))a\(r) \(r) 0 1 0 \(c(2 * radius)) 0a\(r) \(r) 0 1 0 \(c(-2 * radius)) 0Z"
        case .square: return polygon([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)], x, y, radius)
        case .triangle: return polygon([(0, -1.25), (1.15, 0.8), (-1.15, 0.8)], x, y, radius)
        case .diamond: return polygon([(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)], x, y, radius)
        case .cross:
            return polygon(
                [
                    (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4), (0.4, 1.2),
                    (-0.4, 1.2),
                    (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4),
                ], x, y, radius)
        case .star:
            let corners = (0..<10).map { index -> (Double, Double) in
                let angle = Double(index) * .pi / 5
                let reach = index.isMultiple(of: 2) ? 2.1 : 0.85
                return (reach * sin(angle), -reach * cos(angle))
            }
            return polygon(corners, x, y, radius)
        }
    }

    /// How far the shape reaches, in radii.
    var reach: Double { self == .star ? 2.1 : 1.3 }

    private func polygon(_ corners: [(Double, Double)], _ x: Double, _ y: Double, _ radius: Double) -> String {
        SVGText.polyline(corners.map { (x: x + $0.0 * radius, y: y + $0.1 * radius) }) + "Z"
    }
}
