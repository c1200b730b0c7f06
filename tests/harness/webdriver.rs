//! A small WebDriver client (W3C), enough to press, draw, type and look.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

const PATIENCE: Duration = Duration::from_secs(40);
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window to begin with; closed when dropped.
pub struct Browser {
    driver: Child,
    session: String,
    agent: Agent,
    _profile: tempfile::TempDir,
}

/// The source of axe-core, which `make setup` fetches beside the browser.
fn axe() -> Option<&'static str> {
    static AXE: LazyLock<Option<String>> = LazyLock::new(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
        let file = cache.join("tator/axe-core-4.14.1/axe.min.js");
        let read = std::fs::read_to_string(&file);
        if let Err(error) = &read {
            eprintln!("not tested with axe: {}: {error}", file.display());
        }
        read.ok()
    });
    AXE.as_deref()
}

/// Says why there is no browser, once per test.
fn absent(program: &str) -> bool {
    let missing = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err();
    if missing {
        eprintln!("skipped: {program} is not installed, so nothing was tried in a browser");
    }
    missing
}

impl Browser {
    /// A fresh browser, or nothing when none is installed.
    pub fn open() -> Option<Self> {
        if absent("chromium") || absent("chromedriver") {
            return None;
        }
        let (driver, port) = (0..3).find_map(|_| started_driver()).expect("chromedriver starts within three tries");
        let profile = tempfile::tempdir().unwrap();
        let agent: Agent =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into();
        let asked = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "unhandledPromptBehavior": "accept",
            // The proxy of the tests has a certificate that signs itself.
            "acceptInsecureCerts": true,
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "binary": "/usr/bin/chromium", "args": flags(profile.path()) },
        } } });
        let mut browser =
            Self { driver, session: format!("http://127.0.0.1:{port}/session"), agent, _profile: profile };
        let made = browser.post("", &asked);
        browser.session = format!("{}/{}", browser.session, made["sessionId"].as_str().unwrap());
        Some(browser)
    }

    fn understand(what: &str, mut response: ureq::http::Response<ureq::Body>) -> Value {
        let status = response.status();
        let body: Value = response.body_mut().with_config().limit(64 << 20).read_json().unwrap();
        assert!(status.is_success(), "{what}: {}", body["value"]["message"]);
        body["value"].clone()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        Self::understand(path, self.agent.post(format!("{}{path}", self.session)).send_json(body).unwrap())
    }

    fn get(&self, path: &str) -> Value {
        Self::understand(path, self.agent.get(format!("{}{path}", self.session)).call().unwrap())
    }

    pub fn go(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    pub fn reload(&self) {
        self.post("/refresh", &json!({}));
    }

    pub fn url(&self) -> String {
        self.get("/url").as_str().unwrap().to_owned()
    }

    /// Runs the body of a function in the page.
    pub fn script(&self, body: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": body, "args": [] }))
    }

    /// Waits until an expression holds in the page; gives its value.
    #[track_caller]
    pub fn until(&self, expression: &str) -> Value {
        let begun = Instant::now();
        // A page that is being left throws; the next one is asked again.
        let body = format!("try {{ return ({expression}) }} catch (error) {{ return null }}");
        loop {
            let value = self.script(&body);
            if !matches!(value, Value::Null | Value::Bool(false)) {
                return value;
            }
            if begun.elapsed() > PATIENCE {
                self.picture(Path::new("/tmp/tator-journey.png"));
                panic!("never came true: {expression}\nat {}\nlog {:?}", self.url(), self.log());
            }
        }
    }

    fn find(&self, selector: &str) -> String {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    pub fn click(&self, selector: &str) {
        self.post(&format!("/element/{}/click", self.find(selector)), &json!({}));
    }

    /// Types into a field, or names a file for a file field.
    pub fn fill(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        self.post(&format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// Presses keys where the focus is, those before the last held down meanwhile.
    pub fn keys(&self, keys: &[&str]) {
        let down = keys.iter().map(|k| json!({ "type": "keyDown", "value": k }));
        let up = keys.iter().rev().map(|k| json!({ "type": "keyUp", "value": k }));
        let actions: Vec<Value> = down.chain(up).collect();
        self.act(&json!([{ "type": "key", "id": "keyboard", "actions": actions }]));
    }

    /// Makes the page so wide and high.
    pub fn size(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.post("/goog/cdp/execute", &json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": size }));
    }

    /// Drags with the left button between two points of the window.
    pub fn drag(&self, from: (f64, f64), to: (f64, f64)) {
        let at = |(x, y): (f64, f64), ms: u32| json!({ "type": "pointerMove", "duration": ms, "x": x.round(), "y": y.round(), "origin": "viewport" });
        let middle = (f64::midpoint(from.0, to.0), f64::midpoint(from.1, to.1));
        let press = json!({ "type": "pointerDown", "button": 0 });
        let release = json!({ "type": "pointerUp", "button": 0 });
        let actions = json!([at(from, 0), press, at(middle, 20), at(to, 20), release]);
        self.act(&json!([{ "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" }, "actions": actions }]));
    }

    fn act(&self, actions: &Value) {
        self.post("/actions", &json!({ "actions": actions }));
    }

    /// A further tab, which is then the one in front; gives its name.
    pub fn new_tab(&self) -> String {
        let made = self.post("/window/new", &json!({ "type": "tab" }))["handle"].as_str().unwrap().to_owned();
        self.tab(&made);
        made
    }

    pub fn current_tab(&self) -> String {
        self.get("/window").as_str().unwrap().to_owned()
    }

    pub fn tab(&self, handle: &str) {
        self.post("/window", &json!({ "handle": handle }));
    }

    /// What axe finds wrong with the page for eyes, ears and keyboards; nothing where axe is not at hand, which is told.
    pub fn faults(&self) -> Vec<String> {
        let Some(axe) = axe() else { return Vec::new() };
        self.script(axe);
        let ask = "const done = arguments[arguments.length - 1]; \
            const words = (node) => `${node.target.join(' ')}: ${[...node.any, ...node.all, ...node.none].map((check) => check.message).join('; ')}`; \
            axe.run(document, { resultTypes: ['violations'] }).then( \
                (found) => done(found.violations.map((fault) => `${fault.id}: ${fault.nodes.map(words).join(' | ')}`)), \
                (error) => done([String(error)]))";
        let found = self.post("/execute/async", &json!({ "script": ask, "args": [] }));
        found.as_array().unwrap().iter().map(|fault| fault.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Errors and warnings that pages left in the console since the last look.
    pub fn log(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({ "type": "browser" }));
        let bad =
            entries.as_array().unwrap().iter().filter(|e| matches!(e["level"].as_str(), Some("SEVERE" | "WARNING")));
        bad.map(|e| e["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Keeps what the window shows, for a person to look at.
    pub fn picture(&self, path: &Path) {
        let base64 = self.get("/screenshot");
        let _ = std::fs::write(path.with_extension("b64"), base64.as_str().unwrap_or_default());
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn flags(profile: &Path) -> Vec<String> {
    let fixed = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1400,900";
    let profile = format!("--user-data-dir={}", profile.display());
    fixed.split_whitespace().map(str::to_owned).chain([profile]).collect()
}

/// A driver and its port; none when another driver took the port between its choice and its use.
fn started_driver() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let port = listening_port(driver.stdout.take().unwrap());
    if port.is_none() {
        let _ = driver.kill();
        let _ = driver.wait();
    }
    Some((driver, port?))
}

fn listening_port(stdout: impl std::io::Read + Send + 'static) -> Option<u16> {
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let said = lines.find_map(|line| Some(line.split_once("started successfully on port ")?.1.to_owned()));
    // It goes on talking, and would end if nobody listened.
    std::thread::spawn(move || lines.for_each(drop));
    said?.trim_end_matches('.').parse().ok()
}
