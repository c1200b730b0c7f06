//! A server of its own for each test, and a client that sends exactly what it is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use tator_web::door::Door;
use tator_web::{Parts, Settings};

/// A running server; it stops when this is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub token: String,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<std::io::Result<()>>>,
    pub folder: tempfile::TempDir,
}

impl Server {
    pub fn start() -> Self {
        Self::start_with(|_| ())
    }

    pub fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(folder.path().join("uploads")).unwrap();
        change(&mut settings);
        let workbench = super::workbench(folder.path());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, token) = (listener.local_addr().unwrap(), settings.token.as_str().to_owned());
        let (stop, stopped) = channel();
        let thread =
            std::thread::spawn(move || tator_web::serve(Parts { workbench, settings }, listener, stopped, || ()));
        Self { address, token, stop: Some(stop), thread: Some(thread), folder }
    }

    /// Sends a request with these headers and nothing else but `Connection: close` and the body's length.
    pub fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut text = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() || method != "GET" {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        self.send_raw(&[text.as_bytes(), body].concat())
    }

    pub fn send_raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        // The server may answer and hang up before it has read a body that it refuses.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Answer::parse(&answer)
    }

    /// A request of somebody who knows the token.
    pub fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let (host, bearer) = (self.host(), self.bearer());
        let known = [("Host", host.as_str()), ("Authorization", bearer.as_str())];
        self.send(method, target, &[&known[..], headers].concat(), body)
    }

    /// A JSON request of somebody who knows the token.
    pub fn ask_json(&self, method: &str, target: &str, body: &str) -> Answer {
        self.ask(method, target, &[("Content-Type", "application/json")], body.as_bytes())
    }

    pub fn host(&self) -> String {
        self.address.to_string()
    }

    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(Ok(Err(error))) = self.thread.take().map(JoinHandle::join) {
            eprintln!("the server failed: {error}");
        }
    }
}

/// An answer, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status =
            lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).unwrap_or(0);
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Self { status, headers, body: body.to_owned() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Status and the error's code.
    pub fn failure(&self) -> (u16, String) {
        let error = &self.json()["error"];
        assert!(
            error["message"].is_string() && error.get("hint").is_some() && error.get("details").is_some(),
            "{self:?}"
        );
        (self.status, error["code"].as_str().unwrap().to_owned())
    }

    /// The body without the frames of a chunked transfer.
    pub fn unchunked(&self) -> String {
        if self.header("transfer-encoding") != Some("chunked") {
            return self.body.clone();
        }
        let (mut whole, mut rest) = (String::new(), self.body.as_str());
        while let Some((size, after)) = rest.split_once("\r\n") {
            let Ok(size @ 1..) = usize::from_str_radix(size, 16) else { break };
            whole.push_str(&after[..size]);
            rest = &after[size + 2..];
        }
        whole
    }

    /// The `name=value` of the cookie it sets.
    pub fn cookie(&self) -> Option<&str> {
        self.header("set-cookie").and_then(|cookie| cookie.split(';').next())
    }
}

/// An address that the door answers to, with `part` in place of everything that is variable.
pub fn address_of(door: &Door, part: &str) -> String {
    let mut address = String::new();
    let mut rest = door.pattern;
    while let Some((before, after)) = rest.split_once('{') {
        address.push_str(before);
        address.push_str(part);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    address + rest
}
