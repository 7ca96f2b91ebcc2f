import Foundation

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
