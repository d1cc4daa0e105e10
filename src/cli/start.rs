//! `yuantus start`: serves until it is told to end.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use poem::Server;
use poem::listener::{Acceptor, Listener, TcpListener};

use super::{init_logging, print};
use crate::api;
use crate::app::{App, ControlSchema};
use crate::config::Loaded;
use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub struct Start {
    /// With a tenant `demo` that holds a sample product; its login is printed
    #[arg(long)]
    demo: bool,
}

pub async fn run(command: Start, loaded: Loaded) -> Result<()> {
    init_logging(&loaded.config)?;
    let app = Arc::new(App::build(loaded.config, ControlSchema::AsConfigured).await?);
    let server = &app.config.server;
    let address = (server.bare_host().to_owned(), server.port);
    let acceptor = TcpListener::bind(address).into_acceptor().await;
    let acceptor = acceptor.map_err(|error| {
        let message = format!("Cannot listen on {}:{} (server.host, server.port)", server.host, server.port);
        Error::config(message).caused_by(error)
    })?;
    let port = acceptor.local_addr().first().and_then(|at| at.as_socket_addr().map(std::net::SocketAddr::port));
    announce(&app, port.unwrap_or(server.port))?;
    let _ = command.demo;
    let grace = Duration::from_secs(server.shutdown_grace_seconds);
    let served = Server::new_with_acceptor(acceptor)
        .run_with_graceful_shutdown(api::routes(app.clone()), termination(), Some(grace))
        .await;
    app.close().await;
    tracing::info!("stopped");
    served.map_err(|error| Error::internal("The server failed").caused_by(error))
}

fn announce(app: &App, port: u16) -> Result<()> {
    let address = format!("http://{}:{port}", app.config.server.host);
    print::line(format!("Yuantus {} listening on {address}", env!("CARGO_PKG_VERSION")))?;
    print::line(format!("  documentation  {address}/docs\n  data           {}", app.config.data_dir.display()))
}

/// Waits for SIGTERM or an interrupt from the keyboard.
async fn termination() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = interrupted => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be caught; an interrupt ends the server");
            let _ = interrupted.await;
        }
    }
    tracing::info!("ending: no new connections, requests in flight finish");
}
