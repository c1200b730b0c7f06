//! Builds the application and runs it until it is told to stop.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;

use actix_web::{App, HttpServer};

use crate::pages;

/// What the server is made of.
#[derive(Debug)]
pub struct Parts {
    /// How it is set up.
    pub settings: Settings,
}

/// How the server is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where uploads lie until their import is done.
    pub uploads: PathBuf,
}

/// Serves until Ctrl-C, SIGTERM, or a message (or the end) of `stop`. Requests in flight are finished first.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(parts: Parts, listener: TcpListener, stop: Receiver<()>) -> std::io::Result<()> {
    drop(parts);
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(|| App::new().configure(pages::routes)).listen(listener)?.run();
        let handle = server.handle();
        std::thread::spawn(move || {
            let _ = stop.recv();
            drop(handle.stop(true));
        });
        server.await
    })
}
