//! The real program: its commands, and a server that can be killed.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    /// The JSON object that stands last on stdout.
    pub fn json(&self) -> Value {
        let last = self.stdout.trim().lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|e| panic!("no JSON last on stdout: {e}: {self:?}"))
    }

    /// Fails unless the command ended with this code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tator"));
    command.stdin(Stdio::null());
    command
}

/// Runs `tator` with these arguments.
pub fn tator<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Answer {
    let done = program().args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_else(|e| format!("{} bytes", e.into_bytes().len()));
    Answer { code: done.status.code().unwrap_or(-1), stdout: text(done.stdout), stderr: text(done.stderr) }
}

/// Runs `tator` on a workspace.
pub fn tator_in(workspace: &Path, arguments: &[&str]) -> Answer {
    let mut all = arguments.to_vec();
    all.extend(["--workspace", workspace.to_str().unwrap()]);
    tator(&all)
}

/// A made-up YOLO folder with real small pictures.
pub fn yolo_folder(at: &Path, images: u64, boxes: u64) -> PathBuf {
    let (images, boxes) = (images.to_string(), boxes.to_string());
    let out = at.to_str().unwrap();
    tator(&["synthesize", "yolo", out, "--images", &images, "--boxes", &boxes, "--pictures"]).expect(0);
    at.to_owned()
}

/// A server on its way up; it may be killed before it is there.
pub struct Starting {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    begun: Instant,
    log: PathBuf,
}

/// A running server.
pub struct Server {
    starting: Starting,
    pub url: String,
    pub base: String,
    pub token: String,
    /// From the start of the process to the launch URL.
    pub took: Duration,
    agent: Agent,
}

impl Starting {
    pub fn begin(workspace: &Path, listen: &str) -> Self {
        let log = workspace.with_extension("log");
        let stderr = File::options().create(true).append(true).open(&log).unwrap();
        let mut command = program();
        command.arg("serve").arg("--workspace").arg(workspace).args(["--listen", listen]);
        Self::spawn(command.stderr(stderr), log)
    }

    pub fn spawn(command: &mut Command, log: PathBuf) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().map(BufReader::new);
        Self { child, stdout, begun: Instant::now(), log }
    }

    /// Waits for the launch URL.
    pub fn ready(mut self) -> Server {
        let mut url = String::new();
        self.stdout.as_mut().unwrap().read_line(&mut url).unwrap();
        let url = url.trim().to_owned();
        let said = || fs::read_to_string(&self.log).unwrap_or_default();
        let (base, token) = url.split_once("/?token=").unwrap_or_else(|| panic!("no launch URL; it said {}", said()));
        let took = self.begun.elapsed();
        let (base, token) = (base.to_owned(), token.to_owned());
        let agent = Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into();
        Server { base, token, url, took, agent, starting: self }
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that outlives the server: its errors are `None`.
#[derive(Clone)]
pub struct Client {
    base: String,
    token: String,
    agent: Agent,
}

impl Client {
    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// Status and body, or nothing when the server went away before the whole answer was here.
    pub fn try_post(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        let request = self.agent.post(format!("{}{path}", self.base)).header("Authorization", self.bearer());
        let mut response = request.send_json(body).ok()?;
        let status = response.status().as_u16();
        Some((status, response.body_mut().read_json().ok()?))
    }
}

impl Server {
    pub fn start(workspace: &Path) -> Self {
        Starting::begin(workspace, "127.0.0.1:0").ready()
    }

    /// On a given port, for a server that comes back.
    pub fn start_at(workspace: &Path, listen: &str) -> Self {
        Starting::begin(workspace, listen).ready()
    }

    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    pub fn client(&self) -> Client {
        Client { base: self.base.clone(), token: self.token.clone(), agent: self.agent.clone() }
    }

    /// The body of a request that must succeed.
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(path);
        assert!(status < 300, "GET {path}: {status} {body}");
        body
    }

    pub fn ask(&self, path: &str) -> (u16, Value) {
        let bearer = format!("Bearer {}", self.token);
        let mut response =
            self.agent.get(format!("{}{path}", self.base)).header("Authorization", bearer).call().unwrap();
        (response.status().as_u16(), response.body_mut().read_json().unwrap_or(Value::Null))
    }

    /// A page as text.
    pub fn page(&self, path: &str) -> (u16, String) {
        let bearer = format!("Bearer {}", self.token);
        let mut response =
            self.agent.get(format!("{}{path}", self.base)).header("Authorization", bearer).call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap_or_default())
    }

    /// The bytes of a request that must succeed.
    #[track_caller]
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        let bearer = format!("Bearer {}", self.token);
        let mut response =
            self.agent.get(format!("{}{path}", self.base)).header("Authorization", bearer).call().unwrap();
        assert!(response.status().is_success(), "GET {path}: {}", response.status());
        response.body_mut().read_to_vec().unwrap()
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.client().try_post(path, body).unwrap_or_else(|| panic!("POST {path}: no answer"));
        assert!(status < 300, "POST {path}: {status} {answer}");
        answer
    }

    #[track_caller]
    pub fn patch(&self, path: &str, body: &Value) -> Value {
        let bearer = format!("Bearer {}", self.token);
        let request = self.agent.patch(format!("{}{path}", self.base)).header("Authorization", bearer);
        let mut response = request.send_json(body).unwrap();
        let (status, answer): (_, Value) = (response.status(), response.body_mut().read_json().unwrap());
        assert!(status.is_success(), "PATCH {path}: {status} {answer}");
        answer
    }

    /// Uploads files of a folder under their relative paths.
    #[track_caller]
    pub fn upload(&self, dataset: &str, root: &Path, files: &[String]) -> Value {
        let mut body = Vec::new();
        for file in files {
            let head =
                format!("--tator-test\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{file}\"\r\n\r\n");
            body.extend(head.as_bytes());
            body.extend(fs::read(root.join(file)).unwrap());
            body.extend(b"\r\n");
        }
        body.extend(b"--tator-test--\r\n");
        let request = self.agent.post(format!("{}/api/v1/datasets/{dataset}/uploads", self.base));
        let request = request.header("Authorization", format!("Bearer {}", self.token));
        let request = request.header("Content-Type", "multipart/form-data; boundary=tator-test");
        let mut response = request.send(&body[..]).unwrap();
        let status = response.status();
        let answer: Value = response.body_mut().read_json().unwrap();
        assert!(status.is_success(), "upload: {status} {answer}");
        answer
    }

    pub fn delete(&self, path: &str) -> Option<u16> {
        let bearer = format!("Bearer {}", self.token);
        let request = self.agent.delete(format!("{}{path}", self.base)).header("Authorization", bearer);
        request.call().ok().map(|r| r.status().as_u16())
    }

    pub fn sql(&self, statement: &str) -> Vec<Vec<Value>> {
        let answer = self.post("/api/v1/sql", &json!({ "sql": statement, "limit": 100_000 }));
        serde_json::from_value(answer["rows"].clone()).unwrap()
    }

    /// Waits until a job is over; gives it.
    pub fn job(&self, id: i64) -> Value {
        let begun = Instant::now();
        loop {
            let job = self.get(&format!("/api/v1/jobs/{id}"));
            if !matches!(job["state"].as_str(), Some("queued" | "running")) {
                return job;
            }
            assert!(begun.elapsed() < PATIENCE, "the job does not end: {job}");
            std::thread::yield_now();
        }
    }

    /// `kill -9`.
    pub fn kill(self) {
        self.starting.kill();
    }

    /// Asks it to end, as Ctrl-C does, without waiting.
    pub fn ask_to_end(&self) {
        let pid = self.starting.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Asks it to end and waits for it; gives its exit code.
    pub fn stop(mut self) -> i32 {
        self.ask_to_end();
        self.starting.child.wait().unwrap().code().unwrap_or(-1)
    }
}
