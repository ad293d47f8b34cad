import Foundation

/// A raw connection to a port of this machine, closed when nobody holds it any more.
final class RawConnection {
    private let descriptor: Int32

    struct Refused: Error {}

    /// - Parameter buffer: what the system takes in before the test reads it, in bytes; the system's own choice where nil.
    init(_ port: Int, buffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = buffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Refused() }
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) { _ = Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Returns all that comes until the other side closes, `isEnough` holds of what came, or `limit` seconds are over. At most
    /// `chunk` bytes are read at once, with a `breath` after each.
    func read(
        limit: Double = 60, chunk: Int = 65536, breath: Duration = .zero,
        until isEnough: ([UInt8]) -> Bool = { _ in false }
    ) async throws -> String {
        var result: [UInt8] = []
        var room = [UInt8](repeating: 0, count: chunk)
        let end = ContinuousClock.now.advanced(by: .seconds(limit))
        while ContinuousClock.now < end, !isEnough(result) {
            let count = recv(descriptor, &room, room.count, Int32(MSG_DONTWAIT))
            if count == 0 { break }
            if count > 0 {
                result += room[..<count]
                if breath > .zero { try await Task.sleep(for: breath) }
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                try await Task.sleep(for: .milliseconds(2))
            } else {
                break
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Sends `pieces`, one after the other with a pause after each, then `bytes`; reads what comes as ``read(limit:chunk:breath:until:)``
    /// does, and closes.
    static func exchange(
        _ port: Int, _ pieces: [String] = [], bytes: [UInt8] = [], pause: Duration = .milliseconds(5),
        limit: Double = 60, until isEnough: ([UInt8]) -> Bool = { _ in false }
    ) async throws -> String {
        let connection = try RawConnection(port)
        for piece in pieces {
            connection.send(piece)
            try await Task.sleep(for: pause)
        }
        if !bytes.isEmpty { connection.send(bytes) }
        return try await connection.read(limit: limit, until: isEnough)
    }
}
