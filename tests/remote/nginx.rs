//! nginx as Debian brings it, in front of one server, run by whoever runs the tests.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How the README sets it up; the test adds what a user's own nginx has: ports, certificate, files of its own.
const SITE: &str = include_str!("../../scripts/nginx-tator.conf");

/// A running nginx; it stops when this is dropped.
pub struct Nginx {
    child: Child,
    pub port: u16,
    _folder: tempfile::TempDir,
}

/// Whether a program answers; says so when it does not.
fn present(program: &str, argument: &str) -> bool {
    let quiet = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if quiet.is_err() {
        eprintln!(
            "skipped: {program} is not installed, so nothing was tried through a proxy (TATOR_SETUP_BROWSER=1 make setup)"
        );
    }
    quiet.is_ok()
}

/// A port nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A certificate for `localhost` that signs itself.
fn certificate(folder: &Path) {
    let make = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem";
    let made = Command::new("openssl").args(make.split(' ')).current_dir(folder).output().unwrap();
    assert!(made.status.success(), "{made:?}");
}

impl Nginx {
    /// In front of the server at `upstream`, by TLS on a free port, below `/tator`; nothing when it is not installed.
    pub fn start(upstream: &str, port: u16) -> Option<Self> {
        if !present("nginx", "-v") || !present("openssl", "version") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        certificate(folder.path());
        let site = SITE
            .replace("listen 443 ssl;", &format!("listen 127.0.0.1:{port} ssl;"))
            .replace("tator.example.org", "localhost")
            .replace("/etc/ssl/certs/tator.pem", "cert.pem")
            .replace("/etc/ssl/private/tator.key", "key.pem")
            .replace("127.0.0.1:8000", upstream);
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {kind};\n"))
            .concat();
        let whole = format!(
            "daemon off; pid nginx.pid; error_log error.log; worker_processes 1;\nevents {{}}\nhttp {{ access_log off;\n{temporary}{site}}}\n"
        );
        fs::write(folder.path().join("nginx.conf"), whole).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(folder.path()).args(["-c", "nginx.conf", "-e", "error.log"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut nginx = Self { child, port, _folder: folder };
        nginx.wait();
        Some(nginx)
    }

    fn wait(&mut self) {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.child.try_wait().unwrap();
            let log = || fs::read_to_string(self._folder.path().join("error.log")).unwrap_or_default();
            assert!(ended.is_none() && begun.elapsed() < Duration::from_secs(20), "nginx does not start: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its master ends its workers when it is asked to stop, not when it is killed.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
