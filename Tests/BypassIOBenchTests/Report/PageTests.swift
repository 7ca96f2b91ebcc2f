import Foundation
import SystemPackage
import Testing

@testable import BypassIOBench

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Collects what an XML parser finds in the page.
private final class PageReader: NSObject, XMLParserDelegate {
    var counts: [String: Int] = [:]
    var identifiers: [String] = []
    var pictures: [[String: String]] = []
    var references: [String] = []
    var text = ""

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
    ) {
        counts[name, default: 0] += 1
        if let id = attributes["id"] { identifiers.append(id) }
        if name == "svg" { pictures.append(attributes) }
        for key in ["href", "src"] {
            if let target = attributes[key] { references.append(target) }
        }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
}

struct PageTests {
    private func read(_ page: String) throws -> PageReader {
        let parser = XMLParser(data: Data(page.utf8))
        let reader = PageReader()
        parser.delegate = reader
        #expect(
            parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
        return reader
    }

    @Test func itIsWellFormedAndNeedsNothingElse() throws {
        let page = MadeUpReport.make().html
        let reader = try read(page)
        #expect(reader.references.isEmpty)
        #expect(!page.contains("@import") && !page.contains("url("))
        #expect(reader.counts["script"] == nil)
        #expect(reader.text.contains(MadeUpReport.fio.title))
        #expect(reader.text.contains("<b>\"R&D\"</b>|"))
    }

    @Test func everyPictureHasATextAlternative() throws {
        let reader = try read(MadeUpReport.make().html)
        // Bars, latencies, and the costs of filters.
        #expect(reader.pictures.count == 3)
        #expect(Set(reader.identifiers).count == reader.identifiers.count)
        for picture in reader.pictures {
            #expect(picture["role"] == "img")
            let names = try #require(picture["aria-labelledby"]).split(separator: " ").map(
                String.init)
            #expect(names.count == 2 && names.allSatisfy(reader.identifiers.contains))
        }
    }

    @Test func itKnowsNightAndPaper() {
        let page = MadeUpReport.make().html
        #expect(page.contains("prefers-color-scheme: dark") && page.contains("@media print"))
    }

    @Test func noRouteIsNoPicture() throws {
        var plan = BenchPlan(program: "/nowhere/bypassio")
        plan.commandLine = "bypassio bench"
        let report = BenchReport(
            plan: plan, machine: Machine(folder: "/"), seconds: 0, results: [], leftOut: [])
        #expect(try read(report.html).pictures.isEmpty)
    }
}
