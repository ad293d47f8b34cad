public import Probability

/// A Markov kernel that leaves a distribution invariant: a value with its target and its configuration.
///
/// `start` makes a state of a position, `step` moves it. What a step tells besides (``StepInfo``) is read by no later
/// step. Kernels that tune themselves do so in a warm-up only: ``adapt(_:_:_:using:)`` changes the kernel between steps,
/// and after ``finish(_:)`` it stays as it is, so that the draws kept come from one Markov chain.
public protocol ChainKernel: Sendable {
    /// Where a chain is, with what the kernel wants to remember.
    associatedtype State: ChainPosition
    /// What a warm-up has learned so far.
    associatedtype Adaptation: Sendable = NoAdaptation

    /// The number of coordinates.
    var dimension: Int { get }

    /// The state at `position`.
    ///
    /// - Parameter position: `[dimension]`.
    /// - Throws: `InferenceError.wrongShape`; `.nonFinite` where the log-density or its gradient is not finite;
    ///   `.improperParameter` for a configuration out of range.
    func start(at position: [Double], using random: inout Random) throws(InferenceError) -> State

    /// One transition.
    func step(_ state: inout State, using random: inout Random) -> StepInfo

    /// Begins a warm-up of `steps` steps; it may change the kernel (a first step size).
    mutating func startAdaptation(_ state: State, steps: Int, using random: inout Random) -> Adaptation

    /// Learns from the step that led to `state`.
    mutating func adapt(_ adaptation: inout Adaptation, _ state: State, _ info: StepInfo, using random: inout Random)

    /// Ends a warm-up: sets what the kernel keeps for good.
    mutating func finish(_ adaptation: Adaptation)
}

/// A kernel whose target can be read and exchanged: what lets ``ParallelTempering`` run it at other temperatures.
public protocol TargetedKernel<Target>: ChainKernel {
    associatedtype Target: LogDensityFunction
    /// The density.
    var target: Target { get set }
}

/// What a kernel without a warm-up learns: nothing.
public struct NoAdaptation: Sendable {
    @usableFromInline init() {}
}

extension ChainKernel where Adaptation == NoAdaptation {
    /// Nothing is to be tuned.
    public func startAdaptation(_ state: State, steps: Int, using random: inout Random) -> NoAdaptation {
        NoAdaptation()
    }
    /// Nothing is to be tuned.
    public func adapt(
        _ adaptation: inout NoAdaptation, _ state: State, _ info: StepInfo, using random: inout Random
    ) {}
    /// Nothing is to be tuned.
    public func finish(_ adaptation: NoAdaptation) {}
}

/// What every state of a chain tells.
public protocol ChainPosition: Sendable {
    /// The log-density here, in nats.
    var logDensity: Double { get }
    /// The position, `[dimension]`.
    var position: [Double] { get }
    /// Writes the position to `target`, `[dimension]`.
    func copyPosition(to target: UnsafeMutablePointer<Double>)
}

/// What a step tells of itself.
public struct StepInfo: Sendable, Equatable {
    /// The mean probability of acceptance, from 0 to 1.
    public var acceptance: Double
    /// The energy of the point taken, in nats: −log-density, plus the kinetic energy where there is a momentum.
    public var energy: Double
    /// Whether the simulated trajectory left the level set of the energy: a sign that a region can't be reached.
    public var isDivergent: Bool
    /// How often the density was asked.
    public var evaluations: Int
    /// How often a trajectory doubled (0 where nothing doubles).
    public var treeDepth: Int

    /// What a step tells.
    @inlinable
    public init(
        acceptance: Double, energy: Double, isDivergent: Bool = false, evaluations: Int, treeDepth: Int = 0
    ) {
        self.acceptance = acceptance
        self.energy = energy
        self.isDivergent = isDivergent
        self.evaluations = evaluations
        self.treeDepth = treeDepth
    }
}

/// The state of most kernels: a position, its log-density, its gradient where the kernel uses one, and scratch memory.
public struct ChainState: ChainPosition {
    /// The number of coordinates.
    public let dimension: Int
    /// The log-density here.
    public internal(set) var logDensity: Double {
        get { logDensityStorage }
        set { logDensityStorage = newValue }
    }
    @usableFromInline var logDensityStorage: Double
    /// The position, the gradient, then scratch vectors whose contents mean nothing between steps.
    @usableFromInline var storage: [Double]

    /// The position, `[dimension]`.
    public var position: [Double] { Array(storage[..<dimension]) }
    /// The gradient of the log-density, `[dimension]`; zeros where the kernel uses none.
    public var gradient: [Double] { Array(storage[dimension..<2 * dimension]) }

    /// Writes the position to `target`.
    public func copyPosition(to target: UnsafeMutablePointer<Double>) {
        storage.withUnsafeBufferPointer { target.update(from: $0.baseAddress!, count: dimension) }
    }

    /// A state at `position` with room for `scratch` more vectors; checks that the density is finite.
    init(
        of target: some LogDensityFunction, at position: [Double], scratch: Int
    ) throws(InferenceError) {
        try target.requireShape(position)
        try Self.requireFinite(position)
        dimension = target.dimension
        storage = position + [Double](repeating: 0, count: dimension * (scratch + 1))
        logDensityStorage = target.value(at: position.span)
        try requireFiniteDensity()
    }

    /// A state with the gradient.
    init(
        withGradientOf target: some DifferentiableLogDensity, at position: [Double], scratch: Int
    ) throws(InferenceError) {
        try target.requireShape(position)
        try Self.requireFinite(position)
        let (value, gradient) = try target.valueAndGradient(at: position)
        dimension = target.dimension
        storage = position + gradient + [Double](repeating: 0, count: dimension * scratch)
        logDensityStorage = value
        try requireFiniteDensity()
        if let index = gradient.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(what: "the gradient", place: "the start, coordinate \(index)", value: gradient[index])
        }
    }

    private static func requireFinite(_ position: [Double]) throws(InferenceError) {
        if let index = position.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(what: "the position", place: "the start, coordinate \(index)", value: position[index])
        }
    }

    private func requireFiniteDensity() throws(InferenceError) {
        guard logDensity.isFinite else {
            throw .nonFinite(what: "the log-density", place: "the start", value: logDensity)
        }
    }
}

/// Checks of a kernel's configuration.
enum KernelCheck {
    static func positive(_ value: Double, _ name: String) throws(InferenceError) {
        guard value > 0, value < .infinity else {
            throw .improperParameter(name: name, value: "\(value)", expected: "finite and above 0")
        }
    }

    static func open(_ value: Double, _ name: String) throws(InferenceError) {
        guard value > 0, value < 1 else {
            throw .improperParameter(name: name, value: "\(value)", expected: "between 0 and 1")
        }
    }

    static func count(_ value: Int, _ name: String, atLeast least: Int = 1) throws(InferenceError) {
        guard value >= least else {
            throw .improperParameter(name: name, value: "\(value)", expected: "at least \(least)")
        }
    }
}
