//! What a second terminal may order a run to do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tiphys_core::{Command, Selector};
use tiphys_spec as spec;

/// An order, in words: [`Command`] as it goes over a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "order")]
pub enum Order {
    /// Start nothing new; what runs goes on.
    Suspend,
    /// Undo `Suspend` and end the suspend nodes that run, or those that match.
    Resume {
        #[serde(default)]
        selector: Option<String>,
        #[serde(default)]
        outputs: BTreeMap<String, String>,
        #[serde(default)]
        message: Option<String>,
    },
    /// End everything but exit handlers, which run; with a selector, fail the suspend nodes that match instead.
    Stop {
        #[serde(default)]
        selector: Option<String>,
        #[serde(default)]
        message: Option<String>,
    },
    /// End everything at once; exit handlers do not run.
    Terminate,
    /// Set outputs, phase or message of the suspend nodes that match.
    Set {
        selector: String,
        #[serde(default)]
        outputs: BTreeMap<String, String>,
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        phase: Option<spec::NodePhase>,
    },
}

impl Order {
    /// As the core takes it.
    ///
    /// # Errors
    /// What is wrong with the selector.
    pub fn command(&self) -> Result<Command, String> {
        let parsed =
            |selector: &Option<String>| selector.as_deref().map(Selector::parse).transpose();
        Ok(match self.clone() {
            Order::Suspend => Command::Suspend,
            Order::Resume {
                selector,
                outputs,
                message,
            } => Command::Resume {
                selector: parsed(&selector)?,
                outputs,
                message,
            },
            Order::Stop { selector, message } => Command::Stop {
                selector: parsed(&selector)?,
                message,
            },
            Order::Terminate => Command::Terminate,
            Order::Set {
                selector,
                outputs,
                message,
                phase,
            } => Command::SetNode {
                selector: Selector::parse(&selector)?,
                outputs,
                message,
                phase,
            },
        })
    }
}
