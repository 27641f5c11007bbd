//! Metrics, health, the API and admin actions over HTTP, on a thread of its own: a slow scrape never waits for a worker, nor a worker for a scrape.
//!
//! Reading order: `health` and `slots` (what the workers say of themselves), `routes` (what is answered), `access` (to whom), `api` (questions about
//! committed state), `page` (which shows them), `admin` (what changes something), this file (the thread). It reads shared counters, phases and rows, never a worker's
//! internals; what it changes it is handed by `cli`, which starts and stops it.

mod access;
mod admin;
mod api;
mod health;
mod page;
mod problem;
mod routes;
mod slots;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::metrics::Metrics;
use api::LOOKS_MAX;

pub use access::Guard;
pub use admin::{Admin, LevelError, LogLevel};
pub use api::{Api, Owner, Owners, openapi};
pub use health::{BEAT_MS_MAX, Health, Phase};
pub use slots::{Remaining, SlotLine, SlotPhase, SlotSize, Slots};

/// Answers under way get so long to finish; a client that keeps its connection open is not waited for.
const STOP_WAIT: Duration = Duration::from_secs(1);

/// A running server; dropping it stops it.
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Binds and serves. Port 0 takes a free one: see `address`.
    pub fn start(listen: SocketAddr, metrics: Arc<Metrics>, health: Arc<Health>, api: Api, admin: Admin) -> io::Result<Server> {
        Server::start_with(listen, routes::router(metrics, health, api, admin))
    }

    /// Metrics and health alone, of a process without customers.
    pub fn start_for_probes(listen: SocketAddr, metrics: Arc<Metrics>, health: Arc<Health>) -> io::Result<Server> {
        Server::start_with(listen, routes::probes(metrics, health))
    }

    fn start_with(listen: SocketAddr, routes: axum::Router) -> io::Result<Server> {
        let listener = TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(LOOKS_MAX).enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let serve = move || {
            runtime.block_on(serve(listener, routes, stopped));
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("http".to_string()).spawn(serve)?;
        Ok(Server { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops within about a second.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            // no matter if the thread has ended before
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // a panic of the server has been printed, and ends nothing but the server
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

async fn serve(listener: tokio::net::TcpListener, routes: axum::Router, stopped: oneshot::Receiver<()>) {
    let (finish, finishing) = oneshot::channel::<()>();
    let graceful = axum::serve(listener, routes).with_graceful_shutdown(async {
        let _ = finishing.await;
    });
    let bounded = async {
        let _ = stopped.await;
        let _ = finish.send(());
        tokio::time::sleep(STOP_WAIT).await;
    };
    tokio::select! {
        // axum's server itself never fails
        _ = graceful => {}
        () = bounded => {}
    }
}
