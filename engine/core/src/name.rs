//! Node names, IDs, pod names and display names, byte for byte as Argo makes them.

/// FNV-1a, 32 bits, of the text's bytes (Go's `hash/fnv` New32a).
#[must_use]
pub fn fnv32a(text: &str) -> u32 {
    text.bytes().fold(2_166_136_261, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(16_777_619)
    })
}

/// `<workflow>-<hash of the node's name>`; the root's ID is the workflow's name.
#[must_use]
pub fn node_id(workflow: &str, node: &str) -> String {
    if node == workflow {
        workflow.to_owned()
    } else {
        format!("{workflow}-{}", fnv32a(node))
    }
}

/// The pod's name, version 2: `<workflow>-<template>-<hash>`, the part before the hash cut at 242 bytes.
#[must_use]
pub fn pod_name(workflow: &str, node: &str, template: &str) -> String {
    if node == workflow {
        return workflow.to_owned();
    }
    let mut prefix = if template.is_empty() {
        workflow.to_owned()
    } else {
        format!("{workflow}-{template}")
    };
    let mut cut = prefix.len().min(242);
    while !prefix.is_char_boundary(cut) {
        cut -= 1;
    }
    prefix.truncate(cut);
    format!("{prefix}-{}", fnv32a(node))
}

/// The node's name less its boundary's, less a leading `[n].` or `.`.
#[must_use]
pub fn display_name(node: &str, boundary: Option<&str>) -> String {
    let Some(rest) = boundary.and_then(|boundary| node.strip_prefix(boundary)) else {
        return node.to_owned();
    };
    let rest = match rest
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]."))
    {
        Some((digits, tail)) if digits.bytes().all(|b| b.is_ascii_digit()) => tail,
        _ => rest.strip_prefix('.').unwrap_or(rest),
    };
    rest.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_argo() {
        for (name, hash) in [
            ("my-wf.A", 14_620_098),
            ("my-wf[0]", 176_059_535),
            ("my-wf.A(0:foo)", 1_874_549_043),
            ("agent", 1_340_600_742),
        ] {
            assert_eq!(fnv32a(name), hash, "{name}");
        }
    }

    #[test]
    fn display_names_lose_what_the_boundary_says() {
        assert_eq!(display_name("wf[0].a", Some("wf")), "a");
        assert_eq!(display_name("wf[0]", Some("wf")), "[0]");
        assert_eq!(display_name("wf.A(0:x)", Some("wf")), "A(0:x)");
        assert_eq!(display_name("wf", None), "wf");
    }
}
