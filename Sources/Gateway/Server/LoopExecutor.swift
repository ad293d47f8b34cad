import NIOCore

/// Runs tasks on an event loop, beside the connections that it serves.
///
/// A request's work is short; a thread of its own costs more in waking than the work takes. What blocks, or computes for long,
/// goes elsewhere by `withTaskExecutorPreference(globalConcurrentExecutor)`.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
