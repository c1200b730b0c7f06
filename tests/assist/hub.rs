//! A hub of models on this machine, which answers as it is told and remembers what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request: its path, and from which byte on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub path: String,
    pub from: Option<usize>,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct Told {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Hangs up after so many bytes of the body.
    pub cut: Option<usize>,
}

impl Told {
    pub fn bytes(body: &[u8]) -> Self {
        Self { status: 200, body: body.to_vec(), ..Self::default() }
    }

    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// What is asked for of it, as servers do that can go on.
    pub fn ranged(self, asked: &Asked) -> Self {
        let Some(from) = asked.from else { return self };
        let total = self.body.len();
        let rest = self.body[from.min(total)..].to_vec();
        let range = format!("bytes {from}-{}/{total}", total - 1);
        Self { status: 206, body: rest, ..self }.header("Content-Range", range)
    }
}

/// The hub; it ends with the test.
pub struct Hub {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Hub {
    /// `answer` gets the request and how many came before it.
    pub fn start(answer: impl Fn(&Asked, usize) -> Told + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = read(&stream) else { continue };
                let before = heard.lock().unwrap().len();
                heard.lock().unwrap().push(request.clone());
                write(stream, &answer(&request, before));
            }
        });
        Self { url, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut lines = BufReader::new(stream).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut from = None;
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("range")
        {
            from = value.strip_prefix("bytes=").and_then(|v| v.trim_end_matches('-').parse().ok());
        }
    }
    Some(Asked { path, from })
}

fn write(mut stream: TcpStream, told: &Told) {
    let mut head =
        format!("HTTP/1.1 {} x\r\nConnection: close\r\nContent-Length: {}\r\n", told.status, told.body.len());
    for (name, value) in &told.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let end = told.cut.unwrap_or(told.body.len()).min(told.body.len());
    let _ = stream.write_all(&[head.as_bytes(), b"\r\n", &told.body[..end]].concat());
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.read(&mut [0; 1]);
}
