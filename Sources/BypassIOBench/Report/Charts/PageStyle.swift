import Foundation

/// The page's style: by day, at night and on paper.
enum PageStyle {
    static let sheet = """
        :root {
          color-scheme: light dark;
          --page: #fbfbfa; --card: #ffffff; --edge: #e3e3df; --ink: #1c1e21; --soft: #62676e;
          --grid: #e9e9e5; --native: #1c1e21; --fio: #8d949c; --inprocess: #3f6fd8;
          --stack: #9db6ee; --mount: #e08a2e; --service: #0e9384; --kernel: #3f9142;
          --peer: #9a5bb8;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #15171a; --card: #1d2024; --edge: #32363c; --ink: #e8e9ea; --soft: #a0a6ad;
            --grid: #2c3036; --native: #f4f4f4; --fio: #858c95; --inprocess: #6f9bff;
            --stack: #44609f; --mount: #f0a552; --service: #35c4b3; --kernel: #6cc46f;
            --peer: #c48be0;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0; background: var(--page); color: var(--ink);
          font: 16px/1.5 system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif;
        }
        main { max-width: 1040px; margin: 0 auto; padding: 40px 20px 64px; }
        h1 { font-size: 30px; line-height: 1.2; margin: 0 0 4px; }
        h2 { font-size: 21px; margin: 48px 0 4px; }
        h3 { font-size: 16px; margin: 0 0 8px; }
        p { margin: 4px 0 12px; max-width: 74ch; }
        .soft { color: var(--soft); }
        .warning { border-left: 4px solid var(--mount); padding: 2px 0 2px 12px; font-weight: 600; }
        code { font: 14px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
        .tiles {
          display: grid; grid-template-columns: repeat(auto-fill, minmax(224px, 1fr)); gap: 12px;
          margin: 24px 0 8px; padding: 0; list-style: none;
        }
        .tiles li { background: var(--card); border: 1px solid var(--edge); border-radius: 10px;
          padding: 14px 16px; }
        .tiles b { display: block; font-size: 28px; line-height: 1.2; }
        .tiles span { display: block; font-size: 14px; color: var(--soft); }
        .card { background: var(--card); border: 1px solid var(--edge); border-radius: 10px;
          padding: 18px 20px 14px; margin: 14px 0; }
        .picture { overflow-x: auto; }
        svg { display: block; width: 100%; min-width: 680px; height: auto; }
        svg text { fill: var(--ink); font-size: 13px; }
        svg .tick { fill: var(--soft); font-size: 12px; }
        svg .strong { font-weight: 600; }
        svg .value { font-variant-numeric: tabular-nums; }
        svg .grid { stroke: var(--grid); stroke-width: 1; }
        svg .reference { stroke: var(--native); stroke-width: 1.5; stroke-dasharray: 5 4; }
        svg .whisker { stroke: var(--ink); stroke-width: 1.2; opacity: 0.75; }
        svg .curve { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
        svg .dot { stroke: var(--card); stroke-width: 1.5; }
        svg rect.native { fill: var(--native); } svg rect.fio { fill: var(--fio); }
        svg rect.inprocess { fill: var(--inprocess); } svg rect.stack { fill: var(--stack); }
        svg rect.mount, svg rect.mount8 { fill: var(--mount); }
        svg rect.service { fill: var(--service); }
        svg rect.kernel, svg rect.kernel8 { fill: var(--kernel); } svg rect.peer { fill: var(--peer); }
        svg .dot.stack { fill: var(--inprocess); } svg .dot.inprocess { fill: var(--inprocess); }
        svg .dot.mount { fill: var(--mount); } svg .dot.service { fill: var(--service); }
        svg .dot.kernel { fill: var(--kernel); }
        svg .dot.native { fill: var(--native); }
        svg .curve.native { stroke: var(--native); }
        svg .curve.fio { stroke: var(--fio); }
        svg .curve.inprocess { stroke: var(--inprocess); stroke-dasharray: 8 3; }
        svg .curve.stack { stroke: var(--inprocess); stroke-dasharray: 2 3; }
        svg .curve.mount { stroke: var(--mount); }
        svg .curve.mount8 { stroke: var(--mount); stroke-dasharray: 7 4; }
        svg .curve.service { stroke: var(--service); stroke-dasharray: 10 3 2 3; }
        svg .curve.kernel { stroke: var(--kernel); stroke-dasharray: 4 3; }
        svg .curve.kernel8 { stroke: var(--kernel); stroke-dasharray: 1 3; }
        svg .curve.peer { stroke: var(--peer); }
        svg .curve.peer1 { stroke-dasharray: 12 4; }
        svg .curve.peer2 { stroke-dasharray: 2 4; }
        svg .curve.peer3 { stroke-dasharray: 8 3 2 3 2 3; }
        details { margin-top: 10px; }
        summary { cursor: pointer; color: var(--soft); font-size: 14px; }
        .figures { overflow-x: auto; }
        table { border-collapse: collapse; font-size: 13px; margin: 8px 0;
          font-variant-numeric: tabular-nums; white-space: nowrap; }
        th, td { padding: 3px 9px; text-align: right; border-bottom: 1px solid var(--grid); }
        th { font-weight: 600; color: var(--soft); }
        th:first-child, td:first-child { text-align: left; padding-left: 0; }
        ul.notes { padding-left: 20px; }
        ul.notes li { margin: 4px 0; }
        @media print {
          :root {
            color-scheme: light;
            --page: #ffffff; --card: #ffffff; --edge: #cccccc; --ink: #000000; --soft: #444444;
            --grid: #dddddd; --native: #000000; --fio: #8d949c; --inprocess: #3f6fd8;
            --stack: #9db6ee; --mount: #e08a2e; --service: #0e9384; --kernel: #3f9142;
            --peer: #9a5bb8;
          }
          @page { margin: 14mm; }
          body { font-size: 12px; }
          main { max-width: none; padding: 0; }
          * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
          .card, .tiles { break-inside: avoid; }
          h2, h2 + p { break-after: avoid; }
          h2 { margin-top: 24px; }
          .tiles { grid-template-columns: repeat(4, 1fr); }
          .tiles b { font-size: 20px; }
          .tiles span { font-size: 11px; }
          svg { min-width: 0; }
          details > summary { display: none; }
          table { font-size: 8px; }
          th, td { padding: 2px 4px; }
        }
        """
}

/// Text within HTML and SVG, written so that an XML parser accepts it, too.
enum Markup {
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\t", "\n": result.unicodeScalars.append(scalar)
            // Names come from outside, and XML allows no control characters in any notation.
            case _ where scalar.properties.generalCategory == .control: result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A coordinate: a tenth of a pixel is enough.
    static func number(_ value: Double) -> String {
        let text = String(format: "%.1f", value)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    static func line(
        _ from: (x: Double, y: Double), _ to: (x: Double, y: Double), _ style: String
    ) -> String {
        "<line class=\"\(style)\" x1=\"\(number(from.x))\" y1=\"\(number(from.y))\" "
            + "x2=\"\(number(to.x))\" y2=\"\(number(to.y))\"/>"
    }

    static func text(
        _ text: String, _ place: (x: Double, y: Double), _ style: String = "",
        anchor: String = "start"
    ) -> String {
        "<text class=\"\(style)\" x=\"\(number(place.x))\" y=\"\(number(place.y))\" "
            + "text-anchor=\"\(anchor)\">\(escaped(text))</text>"
    }

    /// A picture with its text alternative: `title` names it, `description` describes it.
    static func picture(
        width: Double, height: Double, id: String, title: String, description: String,
        _ content: [String]
    ) -> String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" \
        role="img" aria-labelledby="\(id)-title \(id)-text">
        <title id="\(id)-title">\(escaped(title))</title>
        <desc id="\(id)-text">\(escaped(description))</desc>
        \(content.joined(separator: "\n"))
        </svg>
        """
    }
}
