//! Listening, and ending: no new connections, requests in flight finish.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use poem::Server;
use poem::listener::{Acceptor, Listener, TcpAcceptor, TcpListener};

use super::routes;
use crate::app::App;
use crate::error::{Error, Result};

/// How much longer than a request a connection may be silent.
const SILENCE_SECONDS: u64 = 15;

/// A bound address that is not served yet.
pub struct Bound {
    acceptor: TcpAcceptor,
    /// Where it listens; the port is the real one when 0 was asked for.
    pub address: Option<SocketAddr>,
}

/// Binds the configured address.
pub async fn bind(app: &App) -> Result<Bound> {
    let server = &app.config.server;
    let acceptor = TcpListener::bind((server.bare_host().to_owned(), server.port)).into_acceptor().await;
    let acceptor = acceptor.map_err(|error| {
        let message = format!("Cannot listen on {}:{} (server.host, server.port)", server.host, server.port);
        Error::config(message).caused_by(error)
    })?;
    let address = acceptor.local_addr().first().and_then(|at| at.as_socket_addr().copied());
    Ok(Bound { acceptor, address })
}

/// Serves until `ended`, then lets requests finish within the configured grace.
pub async fn serve(bound: Bound, app: Arc<App>, ended: impl Future<Output = ()>) -> Result<()> {
    let grace = Duration::from_secs(app.config.server.shutdown_grace_seconds);
    // A connection that says nothing, or half a header, does not stay for ever.
    let silence = Duration::from_secs(app.config.server.request_timeout_seconds + SILENCE_SECONDS);
    Server::new_with_acceptor(bound.acceptor)
        .idle_timeout(silence)
        .run_with_graceful_shutdown(routes(app), ended, Some(grace))
        .await
        .map_err(|error| Error::internal("The server failed").caused_by(error))
}
