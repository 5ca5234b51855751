//! A report at the end of a log: lines that begin with a control character which output rarely has.
//!
//! A line is at most what Linux writes to a pipe in one piece, so that no other process of the container gets between its parts; and
//! short of what container runtimes cut lines at.

use crate::report::ReportError;
use crate::wire;

const MARK: &str = "\u{1e}tiphys ";

/// `PIPE_BUF` of Linux.
const LINE: usize = 4096;

/// The mark, two numbers of five digits, `/`, a space, the newline.
const CHUNK: usize = LINE - MARK.len() - 13;

pub fn chunks(blob: &str) -> usize {
    blob.len().div_ceil(CHUNK).max(1)
}

/// The lines that carry a blob, each with its newline.
pub fn frame(blob: &str) -> String {
    let total = chunks(blob);
    let piece = |nth: usize| &blob[nth * CHUNK..blob.len().min((nth + 1) * CHUNK)];
    (0..total)
        .map(|nth| format!("{MARK}{}/{total} {}\n", nth + 1, piece(nth)))
        .collect()
}

/// Finds the blob of that many chunks in a log, wherever its lines stand and whatever stands before them in the same line. The last
/// line of a number counts: an output may show an older report.
pub fn unframe(log: &str, total: usize, digest: &str) -> Result<String, ReportError> {
    let mut found: Vec<Option<&str>> = Vec::new();
    for (nth, of, chunk) in log.lines().filter_map(parse) {
        if of != total || nth == 0 || nth > total {
            continue;
        }
        if found.len() < nth {
            found.resize(nth, None);
        }
        found[nth - 1] = Some(chunk);
    }
    let mut blob = String::new();
    for nth in 0..total {
        let chunk = found.get(nth).copied().flatten();
        blob += chunk.ok_or(ReportError::MissingChunk {
            chunk: nth + 1,
            chunks: total,
        })?;
    }
    let was = wire::digest(&blob);
    if was != digest {
        let digest = digest.to_owned();
        return Err(ReportError::BadDigest { was, digest });
    }
    Ok(blob)
}

fn parse(line: &str) -> Option<(usize, usize, &str)> {
    let (_, frame) = line.rsplit_once(MARK)?;
    let (numbers, chunk) = frame.split_once(' ')?;
    let (nth, total) = numbers.split_once('/')?;
    Some((nth.parse().ok()?, total.parse().ok()?, chunk.trim_end()))
}

/// Whether a line of a log is a piece of a report, which a viewer leaves out.
#[must_use]
pub fn strip_report(line: &str) -> bool {
    line.starts_with(MARK) && parse(line).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(length: usize, total: usize) -> (String, String) {
        let blob: String = ('a'..='z').cycle().take(length).collect();
        let log = frame(&blob);
        assert_eq!(log.lines().count(), total, "{length}");
        assert_eq!(chunks(&blob), total);
        assert!(log.lines().all(|line| line.len() < LINE));
        assert!(log.lines().all(strip_report));
        assert_eq!(unframe(&log, total, &wire::digest(&blob)).unwrap(), blob);
        (blob, log)
    }

    #[test]
    fn every_length_comes_out() {
        check(0, 1);
        check(1, 1);
        check(CHUNK, 1);
        check(CHUNK + 1, 2);
        check(3_000_000, 737);
    }

    #[test]
    fn other_output_is_no_hindrance() {
        let (blob, log) = check(3 * CHUNK, 3);
        let stale = frame(&blob.replace('a', "b"));
        let noise: String = log
            .lines()
            .map(|line| format!("2026-01-01T00:00:00Z half a line{line}\r\nnoise\n"))
            .collect();
        let text = format!("{MARK}9/9 x\n{MARK}0/3 x\n{MARK}x\n{stale}{noise}bye");
        assert_eq!(unframe(&text, 3, &wire::digest(&blob)).unwrap(), blob);
    }

    #[test]
    fn what_is_lost_has_a_name() {
        let (blob, log) = check(3 * CHUNK, 3);
        let cut: String = log
            .lines()
            .take(2)
            .map(|line| format!("{line}\n"))
            .collect();
        let error = unframe(&cut, 3, &wire::digest(&blob)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "read the step's report: chunk 3 of 3 is not in the container's log"
        );
        let error = unframe(&log, 3, "00000000").unwrap_err();
        assert!(matches!(error, ReportError::BadDigest { .. }), "{error}");
        // A message that asks for ever so much costs nothing.
        let error = unframe(&log, usize::MAX, "00000000").unwrap_err();
        assert!(matches!(error, ReportError::MissingChunk { chunk: 1, .. }));
    }

    #[test]
    fn lines_of_output_stay() {
        assert!(!strip_report("tiphys 1/1 x"));
        assert!(!strip_report("\u{1e}tiphys hello"));
        assert!(!strip_report("output \u{1e}tiphys 1/1 x"));
    }
}
