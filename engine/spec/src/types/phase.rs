//! Phases and node types. The words are Argo's; nothing else is ever written.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// The word as Argo writes it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words!(
    /// Where a node is in its life. Terminal phases are never left, save by an explicit retry.
    NodePhase {
        /// Known, not started: waits for a lock, an image, a scheduler.
        #[default]
        Pending = "Pending",
        /// Started.
        Running = "Running",
        /// Ended well.
        Succeeded = "Succeeded",
        /// Not run: its `when` was false, or its loop was empty.
        Skipped = "Skipped",
        /// The user's code failed.
        Failed = "Failed",
        /// The engine, an input or an output failed.
        Error = "Error",
        /// Not run: its `depends` was false.
        Omitted = "Omitted",
    }
);

impl NodePhase {
    /// Succeeded, Failed or Error: it ran and ended.
    #[must_use]
    pub fn completed(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Error)
    }

    /// Nothing more will happen to it (a running daemon aside).
    #[must_use]
    pub fn terminal(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    /// Failed or Error.
    #[must_use]
    pub fn unsuccessful(self) -> bool {
        matches!(self, Self::Failed | Self::Error)
    }
}

words!(
    /// What a node stands for.
    NodeType {
        /// A container, script, resource, data or container-set template: one pod.
        #[default]
        Pod = "Pod",
        /// One container of a container set.
        Container = "Container",
        /// A steps template.
        Steps = "Steps",
        /// One group of parallel steps.
        StepGroup = "StepGroup",
        /// A DAG template.
        Dag = "DAG",
        /// A DAG task that was expanded by a loop.
        TaskGroup = "TaskGroup",
        /// The attempts of a template with a retry strategy.
        Retry = "Retry",
        /// Not run: skipped, omitted, or an error before it could start.
        Skipped = "Skipped",
        /// A suspend template.
        Suspend = "Suspend",
        /// An HTTP template.
        Http = "HTTP",
        /// A plugin template.
        Plugin = "Plugin",
    }
);

words!(
    /// Where a whole workflow is in its life. The empty word means not looked at yet.
    WorkflowPhase {
        /// Not looked at yet.
        #[default]
        Unknown = "",
        /// Waits for a lock or for its turn.
        Pending = "Pending",
        /// Started.
        Running = "Running",
        /// Ended well.
        Succeeded = "Succeeded",
        /// The user's code failed, or the workflow was stopped.
        Failed = "Failed",
        /// The engine failed.
        Error = "Error",
    }
);

impl WorkflowPhase {
    /// Succeeded, Failed or Error.
    #[must_use]
    pub fn completed(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Error)
    }
}
