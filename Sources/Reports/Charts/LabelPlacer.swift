import Foundation

/// Finds places for names beside points, so that none covers another, a symbol, or (where it can be helped) a line.
///
/// Candidates lie around the point on rings of growing radius; the first free one wins, and among those of one ring the
/// one that covers the fewest pieces of lines. From the second ring on a thin line leads back to the point. A name with
/// no free place is not written: it is still in the point's tooltip.
struct LabelPlacer {
    /// Where a name stands: its box, and the end of its leader if it has one.
    struct Placement {
        var box: Box
        var leader: (x: Double, y: Double)?
    }

    /// Where names may stand.
    var bounds: Box
    /// What no name may cover: symbols and the names placed so far.
    private(set) var obstacles: [Box] = []
    /// What names should rather not cover: pieces of lines.
    private(set) var discouraged: [Box] = []

    init(bounds: Box) { self.bounds = bounds }

    mutating func block(_ box: Box) { obstacles.append(box) }

    /// Discourages the boxes along a line.
    mutating func discourage(from start: (x: Double, y: Double), to end: (x: Double, y: Double)) {
        let length = max(abs(end.x - start.x), abs(end.y - start.y))
        let pieces = min(200, max(1, Int(length / 6)))
        for piece in 0...pieces {
            let share = Double(piece) / Double(pieces)
            let x = start.x + share * (end.x - start.x)
            let y = start.y + share * (end.y - start.y)
            discouraged.append(Box(x: x - 1.5, y: y - 1.5, width: 3, height: 3))
        }
    }

    /// The first of the boxes that covers no symbol, no name and the least of the lines, or nil where there is none.
    mutating func place(amongst candidates: [Box]) -> Box? {
        let free = candidates.filter { box in bounds.contains(box) && !obstacles.contains { $0.overlaps(box) } }
        var best: (box: Box, cost: Int)?
        for box in free {
            let cost = discouraged.count { $0.overlaps(box) }
            if cost < best?.cost ?? .max { best = (box, cost) }
        }
        guard let best else { return nil }
        obstacles.append(best.box)
        return best.box
    }

    /// A place for a text of this size beside a symbol, or nil where there is none.
    mutating func place(beside x: Double, _ y: Double, reach: Double, width: Double, height: Double = 14) -> Placement?
    {
        // Right, left, above, below, then the corners: the order that readers expect.
        let directions: [(Double, Double)] = [
            (1, 0), (-1, 0), (0, -1), (0, 1), (0.8, -0.7), (0.8, 0.7), (-0.8, -0.7), (-0.8, 0.7),
        ]
        for ring in 0..<5 {
            let distance = reach + 4 + Double(ring) * 14
            var best: (box: Box, cost: Int)?
            for (dx, dy) in directions {
                let centerX = x + dx * (distance + width / 2)
                let centerY = y + dy * (distance + height / 2)
                let box = Box(x: centerX - width / 2, y: centerY - height / 2, width: width, height: height)
                guard bounds.contains(box), !obstacles.contains(where: { $0.overlaps(box) }) else { continue }
                let cost = discouraged.count { $0.overlaps(box) }
                if best == nil || cost < best!.cost { best = (box, cost) }
                if cost == 0 { break }
            }
            // A place that covers much of a line waits for the next ring to offer a better one.
            guard let best, best.cost <= 2 * ring + 1 || ring == 4 else { continue }
            obstacles.append(best.box)
            guard ring > 0 else { return Placement(box: best.box, leader: nil) }
            let endX = min(max(x, best.box.x), best.box.x + best.box.width)
            let endY = min(max(y, best.box.y), best.box.y + best.box.height)
            return Placement(box: best.box, leader: (endX, endY))
        }
        return nil
    }
}
