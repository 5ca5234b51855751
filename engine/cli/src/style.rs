//! Colours, icons and words of phases.

use std::fmt::Display;

use anstyle::{AnsiColor, Color, Style};
use tiphys_spec::{NodePhase, NodeStatus, NodeType, WorkflowPhase};

const fn color(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(color)))
}

pub const ERROR: Style = color(AnsiColor::Red).bold();
pub const WARNING: Style = color(AnsiColor::Yellow).bold();
pub const HINT: Style = color(AnsiColor::Cyan).bold();
pub const ADDED: Style = color(AnsiColor::Green);
pub const REMOVED: Style = color(AnsiColor::Red);
pub const DIM: Style = Style::new().dimmed();
pub const BOLD: Style = Style::new().bold();

/// One colour per node for the lines of its log.
pub const LOGS: [Style; 6] = [
    color(AnsiColor::Cyan),
    color(AnsiColor::Green),
    color(AnsiColor::Magenta),
    color(AnsiColor::Yellow),
    color(AnsiColor::Blue),
    color(AnsiColor::BrightCyan),
];

/// The colour that a name always gets.
pub fn of_name(name: &str) -> Style {
    let sum: usize = name.bytes().map(usize::from).sum();
    LOGS[sum % LOGS.len()]
}

/// `text` in a style; whether it shows is decided where it is written.
pub fn paint(style: Style, text: impl Display) -> String {
    if style == Style::new() {
        text.to_string()
    } else {
        format!("{style}{text}{style:#}")
    }
}

pub fn of_phase(phase: NodePhase) -> Style {
    match phase {
        NodePhase::Pending => color(AnsiColor::Yellow),
        NodePhase::Running => color(AnsiColor::Cyan),
        NodePhase::Succeeded => color(AnsiColor::Green),
        NodePhase::Skipped | NodePhase::Omitted => DIM,
        NodePhase::Failed | NodePhase::Error => color(AnsiColor::Red),
    }
}

pub fn of_workflow(phase: WorkflowPhase) -> Style {
    match phase {
        WorkflowPhase::Unknown | WorkflowPhase::Pending => color(AnsiColor::Yellow),
        WorkflowPhase::Running => color(AnsiColor::Cyan),
        WorkflowPhase::Succeeded => color(AnsiColor::Green),
        WorkflowPhase::Failed | WorkflowPhase::Error => color(AnsiColor::Red),
    }
}

/// A suspend node that is waited at.
pub fn waits_at(node: &NodeStatus) -> bool {
    node.r#type == Some(NodeType::Suspend) && node.phase == Some(NodePhase::Running)
}

pub fn icon(node: &NodeStatus, utf8: bool) -> &'static str {
    let phase = node.phase.unwrap_or_default();
    match (utf8, phase) {
        (true, _) if waits_at(node) => "ǁ",
        (true, NodePhase::Pending) => "◷",
        (true, NodePhase::Running) => "●",
        (true, NodePhase::Succeeded) => "✔",
        (true, NodePhase::Skipped | NodePhase::Omitted) => "○",
        (true, NodePhase::Failed) => "✖",
        (true, NodePhase::Error) => "⚠",
        (false, _) if waits_at(node) => "Suspended",
        (false, phase) => phase.as_str(),
    }
}

/// The phase of a workflow, and what more there is to it: `Running (Suspended)`, `Failed (Terminated)`.
pub fn status_word(phase: WorkflowPhase, suspended: bool, shutdown: bool) -> String {
    match phase {
        WorkflowPhase::Unknown => "Pending".to_owned(),
        WorkflowPhase::Running if suspended => "Running (Suspended)".to_owned(),
        WorkflowPhase::Failed if shutdown => "Failed (Terminated)".to_owned(),
        phase => phase.to_string(),
    }
}
