//! Whatever a step leaves comes out as it was, through every channel.

#![allow(clippy::unwrap_used)]

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use tiphys_executor::{
    Decoded, Encoded, Fault, FaultKind, MESSAGE_LIMIT, OUTPUTS_LIMIT, Report, ReportError,
    message_limit, strip_report,
};

/// What a controller does with what leaves the container.
fn receive(encoded: &Encoded, noise: &str) -> Result<Report, ReportError> {
    match Report::decode(&encoded.message)? {
        Decoded::Whole(report) => {
            assert_eq!(encoded.log, None);
            Ok(report)
        }
        Decoded::InLog { chunks, digest, .. } => {
            let log = encoded.log.as_deref().unwrap();
            assert!(log.lines().all(strip_report));
            Report::from_log(&format!("{noise}{log}{noise}"), chunks, &digest)
        }
    }
}

fn check(report: &Report, limit: usize) -> Encoded {
    let encoded = report.encode_within(limit);
    assert!(encoded.message.len() <= limit, "{}", encoded.message);
    assert_eq!(&receive(&encoded, "").unwrap(), report);
    encoded
}

/// Text that deflate finds nothing in.
fn random(length: usize, mut seed: u64) -> String {
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        char::from(b'!' + u8::try_from(seed % 90).unwrap())
    };
    (0..length).map(|_| next()).collect()
}

fn with_result(result: String) -> Report {
    Report {
        result: Some(result),
        ..Report::default()
    }
}

#[test]
fn a_small_report_is_readable() {
    let report = Report {
        exit: 137,
        signal: Some(9),
        result: Some("\"é\"\n".into()),
        result_truncated: true,
        parameters: [("a".into(), Some("1".into())), ("b".into(), None)].into(),
        artifacts: vec![0, 2],
        faults: vec![Fault::new(FaultKind::ParameterNotText, "read it".into())],
    };
    assert_eq!(
        check(&report, MESSAGE_LIMIT).message,
        r#"{"tiphys":1,"exit":137,"signal":9,"result":"\"é\"\n","resultTruncated":true,"parameters":{"a":"1","b":null},"artifacts":[0,2],"faults":[{"kind":"parameterNotText","message":"read it"}]}"#
    );
    let plain = check(&Report::default(), MESSAGE_LIMIT);
    assert_eq!(plain.message, r#"{"tiphys":1,"exit":0}"#);
}

#[test]
fn each_size_has_its_channel() {
    let repeated = check(&with_result("status: fine\n".repeat(2000)), MESSAGE_LIMIT);
    assert!(repeated.message.starts_with(r#"{"tiphys":1,"z":""#));
    let large = check(&with_result(random(256 << 10, 7)), MESSAGE_LIMIT);
    assert!(large.message.starts_with(r#"{"tiphys":1,"exit":0,"log":"#));
    let huge = check(&with_result(random(OUTPUTS_LIMIT, 8)), MESSAGE_LIMIT);
    assert!(huge.log.unwrap().len() < 2 * OUTPUTS_LIMIT);
    check(&with_result("\u{1}".repeat(OUTPUTS_LIMIT)), MESSAGE_LIMIT);
}

#[test]
fn many_containers_share_what_the_kubelet_takes() {
    assert_eq!(message_limit(0), 4096);
    assert_eq!(message_limit(3), 4096);
    assert_eq!(message_limit(4), 3072);
    let report = with_result(random(3500, 9));
    assert_eq!(check(&report, message_limit(3)).log, None);
    assert!(check(&report, message_limit(4)).log.is_some());
    check(&report, message_limit(100));
}

#[test]
fn too_much_is_said_by_name() {
    let report = Report {
        exit: 3,
        parameters: [
            ("big".into(), Some("x".repeat(OUTPUTS_LIMIT))),
            ("small".into(), Some("x".into())),
        ]
        .into(),
        ..Report::default()
    };
    let received = receive(&report.encode(), "").unwrap();
    assert_eq!(received.exit, 3);
    assert_eq!(received.parameters.len(), 0);
    assert_eq!(received.faults[0].kind, FaultKind::OutputsTooLarge);
    assert_eq!(
        received.error().unwrap(),
        "report the outputs: they have 1048585 bytes and may have 1048576; the largest is the parameter `big` of 1048576 bytes; an artifact has no such limit"
    );
}

#[test]
fn what_is_no_report_is_said_by_name() {
    let check = |message: &str, expected: &str| {
        let error = Report::decode(message).unwrap_err().to_string();
        assert!(error.contains(expected), "{message}: {error}");
    };
    check("", "not one of tiphys-executor");
    check("out of memory", "not one of tiphys-executor");
    check(r#"{"exit":0}"#, "not one of tiphys-executor");
    check(r#"{"tiphys":2,"exit":0}"#, "version 2, this reads 1");
    check(r#"{"tiphys":1,"exit":0,"resu"#, "damaged: EOF");
    check(r#"{"tiphys":1,"z":"AAAA"}"#, "damaged");
    check(r#"{"tiphys":1,"exit":"0"}"#, "damaged: invalid type");
}

#[test]
fn a_newer_executor_may_say_more() {
    let message = r#"{"tiphys":1,"exit":0,"new":[],"faults":[{"kind":"new","message":"m"}]}"#;
    let Decoded::Whole(report) = Report::decode(message).unwrap() else {
        panic!("{message}");
    };
    assert_eq!(report.faults[0].kind, FaultKind::Other);
}

prop_compose! {
    fn reports()(
        exit in 0..256,
        result in proptest::option::of(any::<String>()),
        parameters in btree_map(any::<String>(), proptest::option::of(any::<String>()), 0..4),
        large in 0..40_000usize,
        seed in 1..u64::MAX,
        faults in vec(any::<String>(), 0..3),
    ) -> Report {
        let mut report = Report { exit, result, parameters, ..Report::default() };
        report.parameters.insert("large".into(), Some(random(large, seed)));
        report.faults = faults.into_iter().map(|text| Fault::new(FaultKind::FileNotWritten, text)).collect();
        report
    }
}

proptest! {
    #[test]
    fn every_report_comes_out_as_it_was(report in reports(), limit in 120..5000usize) {
        check(&report, limit);
    }

    #[test]
    fn other_output_does_not_matter(report in reports(), noise in any::<String>()) {
        let encoded = report.encode();
        prop_assert_eq!(receive(&encoded, &format!("{noise}\n")).unwrap(), report);
    }

    #[test]
    fn no_message_and_no_log_panics(message in any::<String>(), log in any::<String>(), chunks in any::<usize>()) {
        let _ = Report::decode(&message);
        let _ = Report::decode(&format!(r#"{{"tiphys":1,{message}}}"#));
        let _ = Report::from_log(&log, chunks, "00000000");
    }
}
