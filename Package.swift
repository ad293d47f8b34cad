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
/// `uses` lists the rooms that it may import, all below it.
struct Room {
    var name: String
    var uses: [String] = []
    /// C libraries, the system's or compiled here.
    var libraries: [String] = []
    /// Products of other packages.
    var products: [Target.Dependency] = []
    var hasTests = true

    var target: Target {
        .target(
            name: name, dependencies: (uses + libraries).map { .byName(name: $0) } + products, swiftSettings: settings)
    }

    var tests: Target {
        // The laws of the algebra are checked by the rooms that know it.
        let tools = name == "Cascades" || uses.contains("Cascades") ? ["CascadesTesting"] : []
        return .testTarget(
            name: "\(name)Tests", dependencies: ([name] + tools + uses).map { .byName(name: $0) } + products,
            swiftSettings: settings)
    }
}

let systemLibraries: [Target] = [
    .systemLibrary(
        name: "CLinearAlgebra", pkgConfig: "lapacke",
        providers: [.apt(["libopenblas-dev", "liblapacke-dev"]), .brew(["openblas", "lapack"])]),
    .systemLibrary(name: "CNLopt", pkgConfig: "nlopt", providers: [.apt(["libnlopt-dev"]), .brew(["nlopt"])]),
    .systemLibrary(name: "CXGBoost", pkgConfig: "xgboost", providers: [.apt(["libxgboost-dev"]), .brew(["xgboost"])]),
    // Linux: built by `make setup`; found through PKG_CONFIG_PATH, which the Makefile sets.
    .systemLibrary(name: "CLlama", pkgConfig: "llama", providers: [.brew(["llama.cpp"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
]

/// Loops in C, compiled for several instruction sets; the best that the machine knows is chosen as the program runs.
let compiledLibraries: [Target] = [.target(name: "CVectorKernels")]

let packages: [Package.Dependency] = [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
]

func product(_ name: String, _ package: String) -> Target.Dependency { .product(name: name, package: package) }

let argumentParser = product("ArgumentParser", "swift-argument-parser")
let asyncHTTPClient = product("AsyncHTTPClient", "async-http-client")

let allRooms: [Room] = [
    // Floor 0
    Room(name: "NumericalMethods", libraries: ["CLinearAlgebra", "CNLopt", "CXGBoost", "CVectorKernels"]),
    Room(name: "Probability", uses: ["NumericalMethods"], libraries: ["CVectorKernels"]),
    // Floor 1
    Room(name: "Cascades", uses: ["Probability", "NumericalMethods"]),
    Room(name: "CascadesTesting", uses: ["Cascades", "Probability"], hasTests: false),
    // Floor 2
    Room(
        name: "Inference", uses: ["Cascades", "Probability", "NumericalMethods"], libraries: ["CVectorKernels"]),
    Room(name: "Deferral", uses: ["Cascades", "Probability", "NumericalMethods"]),
    Room(
        name: "Language", uses: ["Inference", "Cascades", "Probability", "NumericalMethods"], libraries: ["CLlama"]),
    // Floor 3
    Room(name: "Reports", uses: ["NumericalMethods"]),
    // Floor 4
    Room(
        name: "Catalog",
        uses: ["Deferral", "Inference", "Language", "Cascades", "Probability", "NumericalMethods", "Reports"],
        libraries: ["CZlib"]),
    Room(
        name: "Gateway",
        uses: ["Deferral", "Language", "Inference", "Cascades", "Probability", "NumericalMethods"],
        products: [
            product("HummingbirdCore", "hummingbird"), product("HummingbirdTLS", "hummingbird"), asyncHTTPClient,
            product("NIOCore", "swift-nio"), product("NIOPosix", "swift-nio"), product("NIOHTTP1", "swift-nio"),
            product("NIOHTTPTypes", "swift-nio-extras"), product("NIOSSL", "swift-nio-ssl"),
            product("HTTPTypes", "swift-http-types"), product("Logging", "swift-log"),
            product("ServiceLifecycle", "swift-service-lifecycle"), product("Yams", "Yams"),
        ]),
]

/// `ROOM=Inference make test` builds and tests that room on the rooms that it uses, and nothing else.
let onlyRoom = Context.environment["ROOM"].flatMap { name in allRooms.first { $0.name == name } }
let rooms = onlyRoom.map { only in
    allRooms.filter {
        $0.name == only.name || only.uses.contains($0.name)
            || $0.name == "CascadesTesting" && (only.name == "Cascades" || only.uses.contains("Cascades"))
    }
}

let commands: [Target] = [
    .executableTarget(
        name: "cascade",
        dependencies: [
            "Catalog", "Gateway", "Deferral", "Inference", "Language", "Cascades", "Probability", "NumericalMethods",
            "Reports", argumentParser, product("Logging", "swift-log"),
        ],
        swiftSettings: settings),
    .executableTarget(
        name: "FashionMNISTLog", dependencies: ["Catalog", "Cascades", "NumericalMethods", argumentParser],
        path: "Examples/FashionMNIST", swiftSettings: settings),
    .testTarget(
        name: "CommandTests", dependencies: ["cascade", "Cascades", "Deferral", "Language"], swiftSettings: settings),
]

let package = Package(
    name: "cascade",
    platforms: [.macOS(.v15)],
    products: (rooms ?? allRooms).map { .library(name: $0.name, targets: [$0.name]) }
        + (rooms == nil ? [.executable(name: "cascade", targets: ["cascade"])] : []),
    dependencies: packages,
    targets: systemLibraries + compiledLibraries + (rooms ?? allRooms).map(\.target)
        + (onlyRoom.map { [$0] } ?? allRooms).filter(\.hasTests).map(\.tests)
        + (rooms == nil ? commands : [])
)
