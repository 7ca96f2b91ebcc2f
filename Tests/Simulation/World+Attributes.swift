import FUSE
import IOStack
import TestMessages

@testable import FUSE

/// The values that an extended attribute of a file may have; nil: it is not there. The kernel lets
/// one change of a file's attributes come after the other; questions come meanwhile.
struct AttributeModel {
    private struct Option {
        let value: UInt8?
        /// nil: it may be there now.
        var gone: Int?
    }

    private var options = [Option(value: nil)]

    /// What it may be now.
    var current: Set<UInt8?> { Set(options.filter { $0.gone == nil }.map(\.value)) }

    /// Whether it may have been so since then.
    func mayBe(_ value: UInt8?, since began: Int) -> Bool {
        options.contains { $0.value == value && ($0.gone ?? .max) >= began }
    }

    mutating func begin(_ value: UInt8?) { options.append(Option(value: value)) }

    /// It is this from now on.
    mutating func settle(_ value: UInt8?, now: Int, oldest: Int) {
        for place in options.indices where options[place].gone == nil {
            options[place].gone = now
        }
        options.append(Option(value: value))
        options.removeAll { ($0.gone ?? .max) < oldest }
    }
}

/// Requests about extended attributes.
extension World {
    static let attributeNames = ["user.a", "user.b"]
    private static let room: UInt32 = 256

    /// Tells its number, and has a length of its own.
    private static func value(_ number: UInt8) -> [UInt8] {
        [UInt8](repeating: number, count: 1 + Int(number) % 40)
    }

    func attribute(_ operation: Operation) -> String {
        let kind = operation.step[1] % 6
        return withNamed(operation) { file in
            switch kind {
            case 0, 1: attribute(of: file, operation)
            case 2: listAttributes(of: file, operation)
            default: changeAttribute(of: file, kind, operation)
            }
        }
    }

    private func place(_ operation: Operation) -> Int {
        operation.step[2] % Self.attributeNames.count
    }

    /// The name may be another file's by the time the service looks.
    private func moved(since epoch: Int) -> Set<Int32> {
        mayHaveMoved(since: epoch) ? [2, 116] : []
    }

    private func attribute(of file: FileRecord, _ operation: Operation) -> String {
        let place = place(operation)
        let epoch = namesEpoch
        let answer = kernel.ask(
            operation.life, .getExtendedAttribute, file.node ?? 0,
            Body.words(Self.room, 0) + Body.name(Self.attributeNames[place]))
        if isCut(operation) { return "cut" }
        check(
            answer.errno, operation, expected: moved(since: epoch).union([0, 61]),
            isStrict: false)
        guard answer.errno == 0 || answer.errno == 61, operation.met?.value != 61 else {
            return "errno \(answer.errno)"
        }
        let number = answer.errno == 0 ? answer.body.first : nil
        demand(
            number.map { Self.value($0) == answer.body } ?? (answer.errno == 61),
            "\(operation.step): a value that nobody wrote: \(answer.body)")
        demand(
            file.attributes[place].mayBe(number, since: operation.began),
            "\(operation.step): \(number.map { "\($0)" } ?? "nothing"), which it has not been")
        return number.map { "value \($0)" } ?? "none"
    }

    private func listAttributes(of file: FileRecord, _ operation: Operation) -> String {
        let epoch = namesEpoch
        let answer = kernel.ask(
            operation.life, .listExtendedAttributes, file.node ?? 0, Body.words(Self.room, 0))
        if isCut(operation) { return "cut" }
        check(
            answer.errno, operation, expected: moved(since: epoch).union([0]), isStrict: false)
        guard answer.errno == 0 else { return "errno \(answer.errno)" }
        let names = answer.body.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        demand(Set(names).count == names.count, "\(operation.step): a name twice: \(names)")
        demand(
            names.allSatisfy { Self.attributeNames.contains($0) },
            "\(operation.step): a name that nobody made: \(names)")
        for (place, name) in Self.attributeNames.enumerated() {
            let model = file.attributes[place]
            let isThere = names.contains(name)
            let mayBe =
                isThere
                ? (0...UInt8.max).contains { model.mayBe($0, since: operation.began) }
                : model.mayBe(nil, since: operation.began)
            demand(mayBe, "\(operation.step): \(name) is \(isThere ? "" : "not ")listed")
        }
        return "\(names.count) attributes"
    }

    /// 3: to a value, 4: only to a new one, 5: away.
    private func changeAttribute(
        of file: FileRecord, _ kind: Int, _ operation: Operation
    ) -> String {
        let place = place(operation)
        // The kernel's lock of the inode.
        scheduler.wait { !file.areAttributesLocked }
        if isCut(operation) { return "cut" }
        file.areAttributesLocked = true
        defer { file.areAttributesLocked = false }
        guard let old = file.attributes[place].current.first else { return "unknown" }
        let number = UInt8(truncatingIfNeeded: 1 + operation.step[3] % 250)
        let new = kind == 5 ? nil : number
        let epoch = namesEpoch
        file.attributes[place].begin(new)
        let name = Body.name(Self.attributeNames[place])
        let value = Self.value(number)
        let answer =
            kind == 5
            ? kernel.ask(operation.life, .removeExtendedAttribute, file.node ?? 0, name)
            : kernel.ask(
                operation.life, .setExtendedAttribute, file.node ?? 0,
                Body.words(UInt32(value.count), kind == 4 ? 1 : 0, 0, 0) + name + value)
        let expected: Int32 =
            switch kind {
            case 4 where old != nil: 17
            case 5 where old == nil: 61
            default: 0
            }
        if !isCut(operation) {
            check(
                answer.errno, operation, expected: moved(since: epoch).union([expected]),
                isStrict: false)
        }
        let (isThere, real) = scheduler.atomically {
            (
                truth.has(file.inode),
                truth.attribute(Self.attributeNames[place], of: file.inode)
            )
        }
        // With the service went the last that had a file without a name.
        if isCut(operation), !isThere { return "cut" }
        let found = real?.first
        demand(
            real.map { Self.value($0.first ?? 0) == $0 } ?? true,
            "\(operation.step): bytes that nobody wrote: \(real ?? [])")
        demand(
            found == old || found == new,
            "\(operation.step): neither what was there nor what was asked for")
        if !isCut(operation), answer.errno == 0 {
            demand(found == new, "\(operation.step): it succeeds and does nothing")
        }
        file.attributes[place].settle(
            found, now: tick(), oldest: operations.values.map(\.began).min() ?? events)
        return isCut(operation) ? "cut" : "errno \(answer.errno)"
    }

    /// What lies below is what the model says.
    func checkAttributes(of file: FileRecord) {
        guard !file.areAttributesLocked else { return }
        for (place, name) in Self.attributeNames.enumerated() {
            let real = truth.attribute(name, of: file.inode)?.first
            demand(
                file.attributes[place].current == [real],
                "\(name) of inode \(file.inode) below is not what was acknowledged")
        }
    }
}
