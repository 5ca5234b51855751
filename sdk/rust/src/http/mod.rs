//! HTTP requests. Each host and method has to be granted.
//!
//! ```
//! use tiphys_plugin::http;
//! use tiphys_plugin::test::{Exchange, Host};
//! use tiphys_plugin::serde_json::{Value, json};
//!
//! Host::new()
//!     .http(Exchange::get("https://api.example.test/cities/1").answer(200, r#"{"name": "Kiel"}"#))
//!     .run(|| {
//!         let response = http::get("https://api.example.test/cities/1")
//!             .header("accept", "application/json")
//!             .send()
//!             .unwrap();
//!         assert_eq!(response.status(), 200);
//!         let city: Value = response.json().unwrap();
//!         assert_eq!(city["name"], "Kiel");
//!     });
//! ```

mod error;
mod request;
mod response;

pub use error::{Error, ErrorKind};
pub use request::{Identity, Request, Sent};
pub use response::Response;

/// A request with any method.
///
/// ```
/// use tiphys_plugin::http;
/// let request = http::request("PATCH", "https://api.example.test/cities/1").body("{}");
/// ```
pub fn request(method: impl Into<String>, url: impl Into<String>) -> Request {
    Request::new(method.into(), url.into())
}

/// A GET request.
///
/// ```
/// use tiphys_plugin::http;
/// let request = http::get("https://api.example.test/").redirects(0);
/// ```
pub fn get(url: impl Into<String>) -> Request {
    request("GET", url)
}

/// A POST request.
///
/// ```
/// use tiphys_plugin::http;
/// use tiphys_plugin::serde_json::json;
/// let request = http::post("https://api.example.test/cities").json(&json!({"name": "Kiel"}));
/// ```
pub fn post(url: impl Into<String>) -> Request {
    request("POST", url)
}
