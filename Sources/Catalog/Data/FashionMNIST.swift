import Foundation

/// Fashion-MNIST: 60,000 training and 10,000 test images of clothes, 28 x 28 grey levels, ten classes.
///
/// - Source: Xiao, Rasul and Vollgraf 2017; MIT licence. Debian's package `dataset-fashion-mnist`.
public struct FashionMNIST: Sendable {
    /// The names of the classes.
    public static let classes = [
        "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
    ]
    /// Pixels of an image.
    public static let pixels = 784

    /// Pixel values in [0, 1], `[images, 784]`.
    public let images: [Float]
    /// The class of each image.
    public let labels: [Int]

    /// How many images there are.
    public var count: Int { labels.count }

    /// The training images.
    /// - Throws: ``CatalogError`` when the files are not there or not what they should be.
    public static func training(_ data: DataStore) throws -> FashionMNIST { try read("train", count: 60_000, data) }

    /// The test images.
    /// - Throws: ``CatalogError`` when the files are not there or not what they should be.
    public static func test(_ data: DataStore) throws -> FashionMNIST { try read("t10k", count: 10_000, data) }

    private static func read(_ prefix: String, count: Int, _ data: DataStore) throws -> FashionMNIST {
        let folder = try data.folder(of: "fashion-mnist")
        let imagesPath = "\(folder)/\(prefix)-images-idx3-ubyte.gz"
        let labelsPath = "\(folder)/\(prefix)-labels-idx1-ubyte.gz"
        let images = try idx(imagesPath, magic: 0x0000_0803, header: 16, bytes: count * pixels)
        let labels = try idx(labelsPath, magic: 0x0000_0801, header: 8, bytes: count)
        guard labels.allSatisfy({ $0 < 10 }) else {
            throw CatalogError.badData(path: labelsPath, reason: "a label is not in 0...9")
        }
        return FashionMNIST(images: images.map { Float($0) / 255 }, labels: labels.map(Int.init))
    }

    /// The bytes behind the header of an IDX file.
    private static func idx(_ path: String, magic: UInt32, header: Int, bytes: Int) throws -> ArraySlice<UInt8> {
        let content = try GZip.contents(of: path)
        guard content.count == header + bytes,
            content.prefix(4).reduce(UInt32(0), { $0 << 8 | UInt32($1) }) == magic
        else { throw CatalogError.badData(path: path, reason: "it is not the IDX file it should be") }
        return content[header...]
    }

    /// The images at `indices`.
    public func subset(_ indices: some Collection<Int>) -> FashionMNIST {
        var pixels: [Float] = []
        pixels.reserveCapacity(indices.count * Self.pixels)
        for index in indices { pixels.append(contentsOf: images[index * Self.pixels..<(index + 1) * Self.pixels]) }
        return FashionMNIST(images: pixels, labels: indices.map { labels[$0] })
    }
}
