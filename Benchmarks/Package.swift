// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that those who use Cascade never fetch or build it. `make bench` runs it.
let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "cascade", path: "..")],
    targets: [
        .executableTarget(
            name: "CascadeBenchmarks",
            dependencies: [
                "Storage", "Language", "Inference", "Deferral", "Cascades", "Probability", "NumericalMethods",
            ].map {
                .product(name: $0, package: "cascade")
            },
            swiftSettings: [
                .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"), .enableUpcomingFeature("InternalImportsByDefault"),
            ])
    ]
)
