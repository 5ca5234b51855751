//! Logs of containers, read once or followed.

use super::{Cluster, Fault, Kind};
use crate::client::{code, told};
use futures::{AsyncBufReadExt, TryStreamExt};
use jiff::Timestamp;
use kube::api::LogParams;
use tokio::sync::mpsc::UnboundedSender;

/// Which lines.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub tail: Option<i64>,
    pub since: Option<Timestamp>,
    pub follow: bool,
}

/// One line of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub pod: String,
    pub container: String,
    /// When it was written.
    pub at: Option<Timestamp>,
    pub text: String,
}

impl Cluster {
    /// Sends the lines of a container as they come, until it has ended (`follow`) or there is no more now.
    ///
    /// # Errors
    /// There is no log to be had.
    pub async fn log(
        &self,
        pod: &str,
        container: &str,
        asked: &Asked,
        lines: &UnboundedSender<Line>,
    ) -> Result<(), Fault> {
        let params = LogParams {
            container: Some(container.to_owned()),
            follow: asked.follow,
            tail_lines: asked.tail,
            since_time: asked.since,
            // Always: who asks for none of them is not shown them.
            timestamps: true,
            ..LogParams::default()
        };
        let failed = |error: &kube::Error| match code(error) {
            Some(400 | 404) => Fault::Log {
                pod: pod.to_owned(),
                container: container.to_owned(),
                message: told(error),
            },
            _ => self.fault(
                &format!("read the logs of {pod}"),
                Kind::Workflow,
                pod,
                error,
            ),
        };
        let stream = self.pod_api().log_stream(pod, &params).await;
        let mut stream = stream.map_err(|error| failed(&error))?.lines();
        // A stream that breaks has told all that can be had.
        while let Ok(Some(text)) = stream.try_next().await {
            let (at, text) = timed(&text);
            let line = Line {
                pod: pod.to_owned(),
                container: container.to_owned(),
                at,
                text: text.to_owned(),
            };
            if lines.send(line).is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// A line without the time that stands before it.
fn timed(line: &str) -> (Option<Timestamp>, &str) {
    let (time, rest) = line.split_once(' ').unwrap_or((line, ""));
    match time.parse() {
        Ok(at) => (Some(at), rest),
        Err(_) => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_time_before_it() {
        let (at, text) = timed("2026-01-02T03:04:05.678901234Z two words");
        assert_eq!(text, "two words");
        assert_eq!(at.unwrap().to_string(), "2026-01-02T03:04:05.678901234Z");
        assert_eq!(timed("2026-01-02T03:04:05Z").1, "");
        assert_eq!(timed("no time").1, "no time");
    }
}
