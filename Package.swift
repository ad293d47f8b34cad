// swift-tools-version: 6.2
import PackageDescription

/// The compiler settings of every room (Documentation/Design.md, "The house").
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// A room: one folder under Sources, one library, one folder under Tests.
/// `uses` lists the rooms (all below it) and packages that it may import.
struct Room {
    var name: String
    var uses: [Target.Dependency]
    var hasTests = true
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let rooms: [Room] = [
    // Floor 0
    Room(name: "NumericalMethods", uses: ["CLinearAlgebra", "CNLopt", "CXGBoost"]),
    Room(name: "Probability", uses: ["NumericalMethods"]),
    // Floor 1
    Room(name: "Cascades", uses: ["Probability", "NumericalMethods"]),
    Room(name: "CascadesTesting", uses: ["Cascades", "Probability"], hasTests: false),
    // Floor 2
    Room(name: "Deferral", uses: ["Cascades", "Probability", "NumericalMethods"]),
    // Floor 3
    Room(name: "Reports", uses: ["NumericalMethods"]),
    // Floor 4
    Room(name: "Catalog", uses: ["Deferral", "Cascades", "Probability", "NumericalMethods", "Reports", "CZlib"]),
]

let package = Package(
    name: "cascade",
    platforms: [.macOS(.v15)],
    products: rooms.map { .library(name: $0.name, targets: [$0.name]) } + [
        .executable(name: "cascade", targets: ["cascade"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(
            name: "CLinearAlgebra", pkgConfig: "lapacke",
            providers: [.apt(["libopenblas-dev", "liblapacke-dev"]), .brew(["openblas", "lapack"])]),
        .systemLibrary(
            name: "CNLopt", pkgConfig: "nlopt", providers: [.apt(["libnlopt-dev"]), .brew(["nlopt"])]),
        .systemLibrary(
            name: "CXGBoost", pkgConfig: "xgboost", providers: [.apt(["libxgboost-dev"]), .brew(["xgboost"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    ]
        + rooms.map { .target(name: $0.name, dependencies: $0.uses, swiftSettings: settings) }
        + rooms.filter(\.hasTests).map {
            .testTarget(
                name: "\($0.name)Tests",
                dependencies: [.target(name: $0.name), "CascadesTesting"]
                    + $0.uses.filter { dependency in
                        // System libraries are reached through their rooms.
                        if case .byNameItem(let name, _) = dependency {
                            return !name.hasPrefix("C") || name == "Cascades" || name == "Catalog"
                        }
                        return true
                    },
                swiftSettings: settings)
        }
        + [
            .executableTarget(
                name: "cascade",
                dependencies: [
                    "Catalog", "Deferral", "Cascades", "Probability", "NumericalMethods", "Reports", argumentParser,
                ],
                swiftSettings: settings),
            .executableTarget(
                name: "FashionMNISTLog", dependencies: ["Catalog", "Cascades", "NumericalMethods", argumentParser],
                path: "Examples/FashionMNIST", swiftSettings: settings),
            .testTarget(
                name: "CommandTests", dependencies: ["cascade", "Cascades", "Deferral"], swiftSettings: settings),
        ]
)
