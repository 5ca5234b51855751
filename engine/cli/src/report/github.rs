//! Diagnostics as workflow commands of GitHub Actions: they appear beside the lines of a pull request.

use tiphys_spec::{Diagnostic, Severity};

/// `::error file=a.yaml,line=3,endLine=3,col=7,endColumn=9,title=code::message`
pub fn github(fault: &Diagnostic) -> String {
    let command = match fault.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut place = format!("file={}", property(&fault.source));
    if let Some(span) = fault.span {
        let (start, end) = (span.start, span.end);
        place.push_str(&format!(",line={},endLine={}", start.line, end.line));
        // Columns count only for places within one line.
        if start.line == end.line {
            place.push_str(&format!(",col={},endColumn={}", start.column, end.column));
        }
    }
    let help = fault
        .help
        .as_ref()
        .map(|help| format!(" ({help})"))
        .unwrap_or_default();
    format!(
        "::{command} {place},title={}::{}",
        property(fault.code),
        data(&format!("{}{help}", fault.message))
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
