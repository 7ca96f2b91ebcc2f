internal import Glibc

/// A finished request of each thread, reused as the thread's next, so that a request through
/// filters allocates nothing. A nested request, which a callback sends, finds none and makes its
/// own.
enum SpareRequest {
    /// nil: the process has no key left, and nothing is kept.
    private static let place: pthread_key_t? = {
        // A search runs its threads on one system thread, so they would share the kept request.
        if Interleaving.isSearched { return nil }
        var key = pthread_key_t()
        let error = unsafe pthread_key_create(&key) { spare in
            if let spare = unsafe spare {
                unsafe Unmanaged<CallbackData>.fromOpaque(spare).release()
            }
        }
        return error == 0 ? key : nil
    }()

    /// Lends a request for the calling thread to carry.
    @inline(__always)
    static func with<R>(
        _ parameters: IOParameters, fileObject: FileObject?, requestor: Requestor,
        buffer: (any IOBuffer)? = nil, _ body: (CallbackData) -> R
    ) -> R {
        let data = take(parameters, fileObject, requestor, buffer)
        defer { data.finish() }
        return body(data)
    }

    /// The thread's request if nothing else holds it: neither an outer request nor a filter that
    /// looks at it later. Otherwise a new request, which takes its place.
    private static func take(
        _ parameters: IOParameters, _ fileObject: FileObject?, _ requestor: Requestor,
        _ buffer: (any IOBuffer)?
    ) -> CallbackData {
        guard let place else {
            return CallbackData(
                parameters, fileObject: fileObject, requestor: requestor, buffer: buffer)
        }
        if let known = unsafe pthread_getspecific(place) {
            // The place's own reference. It is given back below, or goes away with `spare`.
            var spare = unsafe Unmanaged<CallbackData>.fromOpaque(known).takeRetainedValue()
            if isKnownUniquelyReferenced(&spare), !spare.wasPended {
                _ = unsafe Unmanaged.passRetained(spare)
                spare.begin(
                    parameters, fileObject: fileObject, requestor: requestor, buffer: buffer)
                return spare
            }
        }
        let data = CallbackData(
            parameters, fileObject: fileObject, requestor: requestor, buffer: buffer)
        let kept = unsafe Unmanaged.passRetained(data)
        if unsafe pthread_setspecific(place, kept.toOpaque()) != 0 { unsafe kept.release() }
        return data
    }
}
