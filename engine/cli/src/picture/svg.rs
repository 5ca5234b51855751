//! The picture as SVG: legible on light and on dark, with no script and nothing from elsewhere.

use std::fmt::Write;

use super::draw::{Curve, Drawn, LINE, TITLE, text_width};
use super::model::Picture;

const MARGIN: f64 = 20.0;
const GAP: f64 = 46.0;

const STYLE: &str = "\
.page{fill:#fff}.box{fill:#fff;stroke:#b8c0cc}.open{fill:#f4f6f9;stroke:#c9d0da}.in .in>.open{fill:#fff}.in .in .in>.open{fill:#f4f6f9}\
.bar{stroke:none}.container,.script{fill:#2f6feb}.resource{fill:#8250df}.suspend{fill:#d29922}.steps,.dag{fill:#1a7f64}.other{fill:#cf4f8b}\
.edge{fill:none;stroke:#8893a3;stroke-width:1.4}.head,.joint{fill:#8893a3}.dashed{stroke-dasharray:5 4}\
text{font-family:ui-sans-serif,system-ui,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1f2530}\
.title{font-size:16px;font-weight:600}.name{font-size:13px;font-weight:600}.note{font-size:11px;fill:#5c6675}.kind{font-size:10px;fill:#8893a3}\
@media(prefers-color-scheme:dark){.page{fill:#0f141b}.box{fill:#1b222c;stroke:#3a4554}.open,.in .in .in>.open{fill:#151b23;stroke:#313b49}.in .in>.open{fill:#1b222c}\
text{fill:#e4e9f0}.note{fill:#9aa5b4}.edge{stroke:#66727f}.head,.joint{fill:#66727f}}";

/// The whole picture, its own file.
pub fn svg(picture: &Picture) -> String {
    let drawn: Vec<Drawn<'_>> = std::iter::once(&picture.main)
        .chain(&picture.hooks)
        .map(Drawn::of)
        .collect();
    let title = text_width(&picture.title, 16.0);
    let hooks: f64 = drawn[1..]
        .iter()
        .map(|hook| hook.width + GAP / 2.0)
        .sum::<f64>()
        - GAP / 2.0;
    let width = drawn[0].width.max(title).max(hooks) + 2.0 * MARGIN;
    let top = MARGIN + 30.0;
    let below = drawn[1..]
        .iter()
        .map(|hook| hook.height + GAP)
        .fold(0.0, f64::max);
    let height = top + drawn[0].height + below + MARGIN;
    let mut out = String::new();
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">"
    );
    let _ = writeln!(
        out,
        "<style>{STYLE}</style>\n<rect class=\"page\" width=\"100%\" height=\"100%\"/>"
    );
    let _ = writeln!(
        out,
        "<text class=\"title\" x=\"{MARGIN}\" y=\"{:.1}\">{}</text>",
        MARGIN + 12.0,
        escaped(&picture.title)
    );
    let left = (width - drawn[0].width) / 2.0;
    item(&drawn[0], left, top, &mut out);
    let bottom = top + drawn[0].height;
    let mut x = (width - hooks) / 2.0;
    for hook in &drawn[1..] {
        let (from, to) = ((width / 2.0, bottom), (x + hook.width / 2.0, bottom + GAP));
        edge(
            &Curve {
                points: vec![from, to],
                label: String::new(),
                open: false,
            },
            (0.0, 0.0),
            " dashed",
            &mut out,
        );
        item(hook, x, bottom + GAP, &mut out);
        x += hook.width + GAP / 2.0;
    }
    out.push_str("</svg>\n");
    out
}

fn item(drawn: &Drawn<'_>, x: f64, y: f64, out: &mut String) {
    let class = match drawn.item.kind.as_str() {
        kind @ ("container" | "script" | "resource" | "suspend" | "steps" | "dag") => kind,
        _ => "other",
    };
    let outer = if drawn.inside.is_some() {
        "open"
    } else {
        "box"
    };
    let (width, height) = (drawn.width, drawn.height);
    let _ = writeln!(
        out,
        "<g{}>",
        if drawn.inside.is_some() {
            " class=\"in\""
        } else {
            ""
        }
    );
    let _ = writeln!(
        out,
        "<rect class=\"{outer}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"8\"/>"
    );
    let bar = drawn.lines.len() as f64 * LINE + TITLE + 4.0;
    let _ = writeln!(
        out,
        "<rect class=\"bar {class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"3\" height=\"{bar:.1}\" rx=\"1.5\"/>",
        x + 6.0,
        y + 10.0
    );
    let _ = writeln!(
        out,
        "<title>{}</title>",
        escaped(&format!("{} ({})", drawn.item.name, drawn.item.kind))
    );
    let _ = writeln!(
        out,
        "<text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        x + 15.0,
        y + 23.0,
        escaped(&drawn.item.name)
    );
    for (index, line) in drawn.lines.iter().enumerate() {
        let at = y + 23.0 + (index + 1) as f64 * LINE;
        let _ = writeln!(
            out,
            "<text class=\"note\" x=\"{:.1}\" y=\"{at:.1}\">{}</text>",
            x + 15.0,
            escaped(line)
        );
    }
    if let Some(inside) = &drawn.inside {
        for curve in &inside.edges {
            edge(curve, (x, y), "", out);
        }
        for (cx, cy) in &inside.joints {
            let _ = writeln!(
                out,
                "<circle class=\"joint\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\"/>",
                x + cx,
                y + cy
            );
        }
        for (left, top, child) in &inside.items {
            item(child, x + left, y + top, out);
        }
    }
    out.push_str("</g>\n");
}

fn edge(curve: &Curve, (dx, dy): (f64, f64), more: &str, out: &mut String) {
    let points: Vec<(f64, f64)> = curve.points.iter().map(|(x, y)| (x + dx, y + dy)).collect();
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return;
    };
    let tip = if curve.open { 0.0 } else { 6.0 };
    let mut path = format!("M{:.1} {:.1}", first.0, first.1);
    for (index, pair) in points.windows(2).enumerate() {
        let ((x1, y1), (x2, mut y2)) = (pair[0], pair[1]);
        if index + 2 == points.len() {
            y2 -= tip;
        }
        if (x1 - x2).abs() < 0.1 {
            let _ = write!(path, " V{y2:.1}");
            continue;
        }
        let half = f64::midpoint(y1, y2);
        let _ = write!(
            path,
            " C{x1:.1} {half:.1} {x2:.1} {half:.1} {x2:.1} {y2:.1}"
        );
    }
    let _ = writeln!(out, "<path class=\"edge{more}\" d=\"{path}\"/>");
    if !curve.open {
        let (x, y) = *last;
        let _ = writeln!(out, "<path class=\"head\" d=\"M{x:.1} {y:.1}l-4 -8h8z\"/>");
    }
    if !curve.label.is_empty() {
        let (x, y) = (
            points[points.len() - 1].0,
            points[points.len() - 1].1 - 16.0,
        );
        let _ = writeln!(
            out,
            "<text class=\"kind\" x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
            x + 6.0,
            escaped(&curve.label)
        );
    }
}

fn escaped(text: &str) -> String {
    let visible = text.chars().filter(|c| !c.is_control()).collect::<String>();
    visible
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
