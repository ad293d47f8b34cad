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
    /// What only its tests use.
    var testTools: [String] = []
    /// Files that are compiled into it, so that the program needs none beside it.
    var embedded: [String] = []
    var hasTests = true

    var target: Target {
        .target(
            name: name, dependencies: (uses + libraries).map { .byName(name: $0) } + products,
            resources: embedded.map { .embedInCode($0) }, swiftSettings: settings)
    }

    var tests: Target {
        // The laws of the algebra are checked by the rooms that know it.
        let tools = name == "Cascades" || uses.contains("Cascades") ? ["CascadesTesting"] : []
        return .testTarget(
            name: "\(name)Tests",
            dependencies: ([name] + tools + testTools + uses).map { .byName(name: $0) } + products,
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
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
]

/// Loops in C, compiled for several instruction sets; the best that the machine knows is chosen as the program runs.
let compiledLibraries: [Target] = [.target(name: "CVectorKernels")]

let packages: [String: Package.Dependency] = [
    "swift-argument-parser": .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    "GRDB.swift": .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    "async-http-client": .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    "swift-nio": .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    "hummingbird": .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    "swift-service-lifecycle": .package(
        url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    "swift-nio-extras": .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    "swift-nio-ssl": .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    "swift-http-types": .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    // Spans of requests and stages; the packages above stand on it anyway.
    "swift-distributed-tracing": .package(
        url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
    "swift-log": .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    "Yams": .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
]

func product(_ name: String, _ package: String) -> Target.Dependency { .product(name: name, package: package) }

let argumentParser = product("ArgumentParser", "swift-argument-parser")
let asyncHTTPClient = product("AsyncHTTPClient", "async-http-client")
/// A server in the test process, for tests of what speaks to one.
let endpointTesting = Target.target(
    name: "EndpointTesting", dependencies: ["NIOCore", "NIOHTTP1", "NIOPosix"].map { product($0, "swift-nio") },
    swiftSettings: settings)

/// A PostgreSQL server of the tests' own, for tests of what keeps something.
let storageTesting = Target.target(name: "StorageTesting", swiftSettings: settings)

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
        name: "Language", uses: ["Inference", "Cascades", "Probability", "NumericalMethods"], libraries: ["CLlama"],
        products: [
            asyncHTTPClient, product("NIOCore", "swift-nio"), product("NIOHTTP1", "swift-nio"),
            product("NIOPosix", "swift-nio"),
        ],
        testTools: [endpointTesting.name]),
    // Floor 3
    Room(name: "Reports", uses: ["NumericalMethods"]),
    Room(
        name: "Storage", uses: ["Cascades", "Probability", "NumericalMethods"], libraries: ["CPostgres"],
        products: [product("GRDB", "GRDB.swift")], testTools: [storageTesting.name]),
    Room(
        name: "Dashboard",
        embedded: ["html", "css"].map { "Page/page.\($0)" }
            + [
                "words", "gateway", "charts", "plots", "overview", "quality", "requests", "policies", "keys", "page",
            ].map { "Page/\($0).js" },
        hasTests: false),
    // Floor 4
    Room(
        name: "Catalog",
        uses: ["Deferral", "Inference", "Language", "Cascades", "Probability", "NumericalMethods", "Reports"],
        libraries: ["CZlib"]),
    Room(
        name: "Gateway",
        uses: [
            "Storage", "Deferral", "Language", "Inference", "Cascades", "Probability", "NumericalMethods", "Reports",
            "Dashboard",
        ],
        products: [
            product("HummingbirdCore", "hummingbird"), product("HummingbirdTLS", "hummingbird"), asyncHTTPClient,
            product("NIOCore", "swift-nio"), product("NIOPosix", "swift-nio"), product("NIOHTTP1", "swift-nio"),
            product("NIOTLS", "swift-nio"), product("NIOHTTPTypes", "swift-nio-extras"),
            product("NIOSSL", "swift-nio-ssl"), product("HTTPTypes", "swift-http-types"),
            product("Logging", "swift-log"), product("Tracing", "swift-distributed-tracing"),
            product("ServiceLifecycle", "swift-service-lifecycle"),
            product("UnixSignals", "swift-service-lifecycle"), product("Yams", "Yams"),
        ],
        testTools: [storageTesting.name]),
]

/// `ROOM=Inference make test` builds and tests that room on the rooms that it uses, and nothing else; `ROOM=cascade` the
/// command line on all rooms.
let onlyRoom = Context.environment["ROOM"].flatMap { name in allRooms.first { $0.name == name } }
let onlyCommands = Context.environment["ROOM"] == "cascade"
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
            "Catalog", "Gateway", "Storage", "Deferral", "Inference", "Language", "Cascades", "Probability",
            "NumericalMethods", "Reports", argumentParser, product("Logging", "swift-log"),
        ],
        swiftSettings: settings),
    .executableTarget(
        name: "FashionMNISTLog", dependencies: ["Catalog", "Cascades", "NumericalMethods", argumentParser],
        path: "Examples/FashionMNIST", swiftSettings: settings),
    .testTarget(
        name: "CommandTests",
        dependencies: ["cascade", "Cascades", "Deferral", "Language", "Storage", .byName(name: endpointTesting.name)],
        swiftSettings: settings),
]

let targets =
    systemLibraries + compiledLibraries
    + (onlyRoom?.testTools.isEmpty == true ? [] : [endpointTesting, storageTesting])
    + (rooms ?? allRooms).map(\.target)
    + (onlyRoom.map { [$0] } ?? (onlyCommands ? [] : allRooms)).filter(\.hasTests).map(\.tests)
    + (rooms == nil ? commands : [])

/// The packages that the targets use products of; others are not fetched.
let usedPackages = Set(
    targets.flatMap(\.dependencies).compactMap { dependency in
        if case .productItem(_, let package?, _, _) = dependency { package } else { nil }
    })

let package = Package(
    name: "cascade",
    platforms: [.macOS(.v15)],
    products: (rooms ?? allRooms).map { .library(name: $0.name, targets: [$0.name]) }
        + (rooms == nil ? [.executable(name: "cascade", targets: ["cascade"])] : []),
    dependencies: usedPackages.sorted().compactMap { packages[$0] },
    targets: targets
)
