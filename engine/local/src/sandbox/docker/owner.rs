//! Who a container of an engine belongs to.
//!
//! A process id means nothing without the boot, the pid namespace and the start time it belongs to. Where the first two are not
//! ours, we cannot tell whether the owner lives, and leave its containers alone.

use std::fs;

/// This process, as a label.
pub(super) fn ours() -> String {
    format!(
        "{}/{}/{}",
        place(),
        std::process::id(),
        started(std::process::id()).unwrap_or_default()
    )
}

/// Whether the process that a label names has ended.
pub(super) fn is_gone(label: &str) -> bool {
    let mut parts = label.rsplitn(3, '/');
    let (Some(start), Some(pid), Some(there)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let here = place();
    if there == here {
        return pid
            .parse()
            .ok()
            .and_then(started)
            .is_none_or(|started| started != start);
    }
    // Another boot of the same machine cannot have survived.
    let machine = |place: &str| place.split('/').next().unwrap_or_default().to_owned();
    let boot = |place: &str| place.split('/').nth(1).unwrap_or_default().to_owned();
    !machine(there).is_empty() && machine(there) == machine(&here) && boot(there) != boot(&here)
}

/// Machine, boot and pid namespace.
fn place() -> String {
    let read = |path: &str| {
        fs::read_to_string(path)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!(
        "{}/{}/{}",
        read("/etc/machine-id"),
        read("/proc/sys/kernel/random/boot_id"),
        namespace.display()
    )
}

/// When a process started, in the kernel's ticks; `None` if there is none.
fn started(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    (fields.next()? != "Z").then(|| fields.nth(18).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_surely_is_gone_is_gone() {
        assert!(!is_gone(&ours()));
        assert!(
            is_gone(&format!("{}/{}/1", place(), std::process::id())),
            "another process with our id"
        );
        assert!(is_gone(&format!("{}/4294967294/1", place())));
        assert!(!is_gone("other/boot/pid:[1]/1/1"), "another machine");
        assert!(!is_gone("nonsense"));
    }
}
