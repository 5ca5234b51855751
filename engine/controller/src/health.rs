//! `/healthz`: the process lives and its runtime turns. It does not depend on how much there is to do, and who stands by is as well.

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

/// Answers at an address, or nowhere.
///
/// # Errors
/// The address is not to be had.
pub async fn serve(address: &str) -> std::io::Result<()> {
    if address != "none" {
        let listener = TcpListener::bind(address).await?;
        let router = Router::new().route("/healthz", get(|| async { "ok" }));
        tokio::spawn(async move { axum::serve(listener, router).await });
    }
    Ok(())
}
