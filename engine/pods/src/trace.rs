//! Which OpenTelemetry trace a workflow is, and which span a node: known without being kept, so that a controller that starts anew says the
//! same, and what runs in a pod can go on with its node's span.

/// Of a workflow: its UID, which has as many bits.
#[must_use]
pub fn trace_id(uid: &str) -> [u8; 16] {
    let digits = uid.chars().filter_map(|digit| digit.to_digit(16));
    let number = digits.fold(0_u128, |number, digit| {
        number.wrapping_shl(4) | u128::from(digit)
    });
    // All zeros are no trace. Source: W3C Trace Context.
    number.max(1).to_be_bytes()
}

/// Of a node of that attempt at the workflow; of the workflow itself, where the node has no ID. FNV-1a.
#[must_use]
pub fn span_id(node: &str, attempt: u32) -> [u8; 8] {
    let bytes = node.bytes().chain(attempt.to_be_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.max(1).to_be_bytes()
}

/// `traceparent` of what runs in a node's pod. Source: W3C Trace Context.
pub(crate) fn parent(uid: &str, node: &str, attempt: u32) -> String {
    let trace = u128::from_be_bytes(trace_id(uid));
    let span = u64::from_be_bytes(span_id(node, attempt));
    format!("00-{trace:032x}-{span:016x}-01")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_is_its_trace() {
        let uid = "c3f5b1de-0a1b-4c2d-8e3f-405162738495";
        let said = parent(uid, "w-1", 0);
        assert!(
            said.starts_with("00-c3f5b1de0a1b4c2d8e3f405162738495-"),
            "{said}"
        );
        assert_eq!(said.len(), 55);
        assert_ne!(said, parent(uid, "w-1", 1));
        assert_ne!(said, parent(uid, "w-2", 0));
        assert_eq!(trace_id(""), 1_u128.to_be_bytes());
    }
}
