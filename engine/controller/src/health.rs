//! What the process says of itself by HTTP. `/healthz`: it lives and its runtime turns; that does not depend on how much there is to do, and
//! who stands by is well. `/metrics`: what it counts.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use std::sync::Arc;
use tiphys_cluster::Metrics;
use tokio::net::TcpListener;

/// Source: Prometheus' text format.
const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers `/healthz` at an address, or nowhere.
///
/// # Errors
/// The address is not to be had.
pub async fn health(address: &str) -> Result<(), String> {
    let router = Router::new().route("/healthz", get(|| async { "ok" }));
    serve(address, router).await
}

/// Answers `/metrics` at an address, or nowhere.
///
/// # Errors
/// The address is not to be had.
pub async fn metrics(address: &str, metrics: Arc<Metrics>) -> Result<(), String> {
    let answer = move || async move { ([(CONTENT_TYPE, TYPE)], metrics.text()) };
    let router = Router::new().route("/metrics", get(answer));
    serve(address, router).await
}

async fn serve(address: &str, router: Router) -> Result<(), String> {
    if address != "none" {
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|error| format!("answer at {address}: {error}"))?;
        tokio::spawn(async move { axum::serve(listener, router).await });
    }
    Ok(())
}
