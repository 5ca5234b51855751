//! What is kept between two calls. No secret, no token.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// How often the request that is under way was repeated.
    #[serde(default)]
    pub tries: u64,
    /// What was asked for is under way; this is where to ask how it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<Asking>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asking {
    pub url: String,
    /// Whether the author named the URL, so that it may get the template's credentials whatever its origin.
    #[serde(default)]
    pub named: bool,
    /// When the first response came, in milliseconds since 1970.
    pub since: u64,
    /// How often it was asked.
    #[serde(default)]
    pub asked: u64,
}
