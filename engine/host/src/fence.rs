//! The fences around a call: each breach ends the call with its own message.

use crate::size;
use std::time::Duration;

/// What a call did that it may not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    #[error("used more memory than the {} it may (limit `memory`)", size::show(*.0))]
    Memory(u64),
    #[error("took longer than the {} it may (limit `time`)", seconds(*.0))]
    Time(Duration),
    #[error("did not end before the node's deadline")]
    Deadline,
    #[error("used more fuel than the {0} it may (limit `fuel`)")]
    Fuel(u64),
    #[error("gave more output than the {} it may (limit `output`)", size::show(*.0))]
    Output(u64),
    #[error("left a state of more than the {} it may", size::show(*.0))]
    State(u64),
    #[error("answered `pending` more often than the {0} times it may (limit `rounds`)")]
    Rounds(u32),
    #[error("exhausted its call stack: endless recursion?")]
    Stack,
    #[error("panicked{}", said(.0))]
    Panic(Option<String>),
    #[error("trapped: {0}")]
    Trap(String),
    #[error("answered what the ABI does not allow: {0}")]
    Abi(String),
}

fn said(message: &Option<String>) -> String {
    message
        .as_ref()
        .map(|m| format!(": {m}"))
        .unwrap_or_default()
}

fn seconds(time: Duration) -> String {
    let millis = time.as_millis();
    if millis.is_multiple_of(1000) {
        format!("{} s", millis / 1000)
    } else {
        format!("{millis} ms")
    }
}
