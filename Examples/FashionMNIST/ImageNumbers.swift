import Catalog

/// What can be known of an image before any classifier is asked: a few numbers at less than an operation a pixel each.
struct ImageNumbers {
    static let names = ["brightness", "ink", "left_right", "up_down", "width", "height", "aspect"]
    /// The side of an image in pixels.
    static let side = 28

    /// Mean grey level from 0 to 1; share of pixels above 0.1 (ink); 1 less the mean difference to the image mirrored
    /// left to right, and upside down; width and height in pixels of the box around the ink, and height by width.
    static func values(_ image: ArraySlice<Float>) -> [Double] {
        let pixels = Array(image)
        var (sum, ink, leftRight, upDown) = (0.0, 0.0, 0.0, 0.0)
        var (left, right, top, bottom) = (side, -1, side, -1)
        for row in 0..<side {
            for column in 0..<side {
                let value = Double(pixels[row * side + column])
                sum += value
                leftRight += abs(value - Double(pixels[row * side + side - 1 - column]))
                upDown += abs(value - Double(pixels[(side - 1 - row) * side + column]))
                if value > 0.1 {
                    ink += 1
                    (left, right, top, bottom) = (min(left, column), max(right, column), min(top, row), max(bottom, row))
                }
            }
        }
        let count = Double(side * side)
        let (width, height) = (Double(right - left + 1), Double(bottom - top + 1))
        // An image without ink has no box.
        let box = ink > 0 ? [width, height, height / width] : [.nan, .nan, .nan]
        return [sum / count, ink / count, 1 - leftRight / count, 1 - upDown / count] + box
    }

    /// Means of squares of `width` x `width` pixels: `[images, (28 / width)²]` of `[images, 784]`.
    static func pooled(_ images: [Float], width: Int) -> [Float] {
        let cells = side / width
        let count = images.count / (side * side)
        var result = [Float](repeating: 0, count: count * cells * cells)
        for image in 0..<count {
            for row in 0..<side {
                for column in 0..<side {
                    result[(image * cells + row / width) * cells + column / width] +=
                        images[(image * side + row) * side + column] / Float(width * width)
                }
            }
        }
        return result
    }
}
