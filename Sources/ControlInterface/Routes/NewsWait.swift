/// How a stream's maker waits for something to say.
enum NewsWait {
    case news
    /// Nothing came in time, or the client is gone.
    case silence
    /// No news will come any more.
    case end

    static func next(of news: AsyncStream<Void>, within time: Duration) async -> NewsWait {
        await withTaskGroup(of: NewsWait.self) { group in
            group.addTask {
                for await _ in news { return .news }
                return Task.isCancelled ? .silence : .end
            }
            group.addTask {
                try? await Task.sleep(for: time)
                return .silence
            }
            defer { group.cancelAll() }
            return await group.next() ?? .end
        }
    }
}
