//! What the executor has to do, as environment variables of the container.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::MESSAGE_LIMIT;

/// The first, or only, variable of a [`Step`]. A container that has it runs under the executor.
pub const VARIABLE: &str = "TIPHYS_STEP";

/// Linux takes 128 KiB for a variable with its name.
const PIECE: usize = 100 << 10;

/// What to do before and after the command of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Step {
    /// Whether the command's standard output is a result. It is in the log all the same.
    #[serde(skip_serializing_if = "is_false")]
    pub result: bool,
    /// Output parameters, read from files when the command has ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Output>,
    /// Output artifacts, handed over when the command has ended to the container that saves them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    /// The number, among the outputs, of the log: what the command wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<u32>,
    /// The logs that this container hands over with the artifacts: its own, and of a container set those of the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<u32>,
    /// Written before the command starts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<File>,
    /// Of a container set: the files that say how the containers ended that this one waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// Of a container set: the files that say how the others ended, whose outputs are this container's, too. It reads them when all are there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub until: Vec<String>,
    /// The command does not start before this file is there: somebody looks into the container first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_before: Option<String>,
    /// Nor does the container end before this one is, once the command has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_after: Option<String>,
    /// Where it is put how this container ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// How often a command that fails is started again.
    #[serde(skip_serializing_if = "is_none")]
    pub retries: u32,
    /// Before each time, in milliseconds.
    #[serde(skip_serializing_if = "is_none")]
    pub pause: u32,
    /// How long the termination message may be: [`crate::message_limit`] of the pod's containers.
    #[serde(skip_serializing_if = "is_message_limit")]
    pub message_limit: usize,
}

/// A parameter, and the file that its value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    pub name: String,
    pub path: String,
}

/// A file or folder to save.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// What the container that saves it knows it by.
    pub output: u32,
    pub name: String,
    pub path: String,
    /// It need not be there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
}

/// A file to write; folders above it are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    pub path: String,
    #[serde(flatten)]
    pub content: Content,
    /// Permissions; none are `0644`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    Text(String),
    Base64(#[serde(serialize_with = "to_base64", deserialize_with = "from_base64")] Vec<u8>),
}

#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error("read the step: the container has no environment variable {0}")]
    Missing(&'static str),
    #[error("read the step: {name} of {bytes} bytes in {pieces} pieces is damaged: {source}")]
    Damaged {
        name: &'static str,
        bytes: usize,
        pieces: usize,
        source: serde_json::Error,
    },
}

impl Default for Step {
    fn default() -> Self {
        Self {
            result: false,
            parameters: Vec::new(),
            artifacts: Vec::new(),
            log: None,
            logs: Vec::new(),
            files: Vec::new(),
            after: Vec::new(),
            until: Vec::new(),
            hold_before: None,
            hold_after: None,
            mark: None,
            retries: 0,
            pause: 0,
            message_limit: MESSAGE_LIMIT,
        }
    }
}

impl Step {
    /// The variables that say this step, for the container's `env`.
    #[must_use]
    pub fn to_env(&self) -> Vec<(String, String)> {
        to_env(VARIABLE, self)
    }

    /// Reads what [`Self::to_env`] said; `lookup` gives a variable's value.
    ///
    /// # Errors
    /// There is none, or it is none.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, StepError> {
        from_env(VARIABLE, lookup)
    }
}

/// The variables that say something, as JSON, under a name and that name with numbers. It has to be strings, numbers, lists and structures:
/// nothing that could fail to be JSON.
#[must_use]
pub fn to_env(name: &str, said: &impl Serialize) -> Vec<(String, String)> {
    // The kubelet replaces `$(NAME)` and `$$` in values, so no dollar may be in there; one in JSON is always inside a string.
    let json = serde_json::to_string(said)
        .unwrap_or_default()
        .replace('$', "\\u0024");
    let mut rest = json.as_str();
    let mut variables = Vec::new();
    loop {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        variables.push((variable(name, variables.len()), piece.to_owned()));
        if after.is_empty() {
            return variables;
        }
        rest = after;
    }
}

/// Reads what [`to_env`] said; `lookup` gives a variable's value.
///
/// # Errors
/// There is none, or it is not what is to be read.
pub fn from_env<T: for<'de> Deserialize<'de>>(
    name: &'static str,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<T, StepError> {
    let pieces: Vec<String> = (0..)
        .map_while(|nth| lookup(&variable(name, nth)))
        .collect();
    if pieces.is_empty() {
        return Err(StepError::Missing(name));
    }
    let json = pieces.concat();
    serde_json::from_str(&json).map_err(|source| StepError::Damaged {
        name,
        bytes: json.len(),
        pieces: pieces.len(),
        source,
    })
}

impl Content {
    /// Text where it is such, for it is readable in the pod.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|error| Self::Base64(error.into_bytes()), Self::Text)
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Base64(bytes) => bytes,
        }
    }
}

fn variable(name: &str, nth: usize) -> String {
    match nth {
        0 => name.to_owned(),
        _ => format!("{name}_{nth}"),
    }
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    STANDARD
        .decode(String::deserialize(deserializer)?)
        .map_err(D::Error::custom)
}

// Serde asks for references.
#[allow(clippy::trivially_copy_pass_by_ref)]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_none(number: &u32) -> bool {
    *number == 0
}

fn is_false(value: &bool) -> bool {
    !value
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_message_limit(value: &usize) -> bool {
    *value == MESSAGE_LIMIT
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn check(step: &Step) -> Vec<(String, String)> {
        let variables = step.to_env();
        let map: HashMap<_, _> = variables.iter().cloned().collect();
        assert_eq!(
            &Step::from_env(|name| map.get(name).cloned()).unwrap(),
            step
        );
        variables
    }

    fn file(content: Content) -> Step {
        Step {
            files: vec![File {
                path: "/tiphys/script".into(),
                content,
                mode: None,
            }],
            ..Step::default()
        }
    }

    #[test]
    fn what_is_default_is_not_said() {
        let variables = check(&Step::default());
        assert_eq!(variables, [("TIPHYS_STEP".into(), "{}".into())]);
    }

    #[test]
    fn a_step_is_readable() {
        let step = Step {
            result: true,
            parameters: vec![Output {
                name: "out".into(),
                path: "/tmp/out".into(),
            }],
            message_limit: 3072,
            ..file(Content::of(b"\xff\0".to_vec()))
        };
        assert_eq!(
            check(&step)[0].1,
            r#"{"result":true,"parameters":[{"name":"out","path":"/tmp/out"}],"files":[{"path":"/tiphys/script","base64":"/wA="}],"messageLimit":3072}"#
        );
    }

    #[test]
    fn the_kubelet_finds_nothing_to_replace() {
        let variables = check(&file(Content::Text("echo $$ $(HOME) \\$ \"$1\"".into())));
        assert!(!variables[0].1.contains('$'));
    }

    #[test]
    fn a_large_step_is_in_pieces_that_linux_takes() {
        let variables = check(&file(Content::Text("é\"\n".repeat(100_000))));
        assert_eq!(variables.len(), 6);
        assert_eq!(variables[5].0, "TIPHYS_STEP_5");
        assert!(variables.iter().all(|(_, value)| value.len() <= PIECE));
    }

    #[test]
    fn what_is_missing_or_damaged_is_said() {
        let error = Step::from_env(|_| None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "read the step: the container has no environment variable TIPHYS_STEP"
        );
        let error = Step::from_env(|name| (name == VARIABLE).then(|| "{\"re".into())).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("of 4 bytes in 1 pieces is damaged")
        );
    }
}
