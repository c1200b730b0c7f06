//! Commands while a server holds the workspace.

use std::fs;

use serde_json::Value;

use super::{small_yolo, tree};
use crate::harness::program::{Server, Starting, program, tator_in};

#[test]
fn a_second_server_is_told_who_holds_the_workspace() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let server = Server::start(&workspace);
    let answer = tator_in(&workspace, &["serve", "--listen", "127.0.0.1:0"]).expect(3);
    assert!(answer.stderr.contains(&server.base), "{answer:?}");
    assert!(answer.stderr.contains("process "), "{answer:?}");
    assert!(answer.stdout.is_empty(), "{answer:?}");
    assert_eq!(server.stop(), 0);
    let next = Server::start(&workspace);
    next.get("/healthz");
    assert_eq!(next.stop(), 0);
}

#[test]
fn a_server_that_has_told_its_address_ends_cleanly_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..5 {
        assert_eq!(Server::start(&folder.path().join("w")).stop(), 0, "start {n}");
    }
}

#[test]
fn an_open_tab_goes_on_after_a_restart_though_the_token_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let server = Server::start(&workspace);
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let entered = agent.get(&server.url).call().unwrap();
    let cookie = entered.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let (address, base, token) = (server.address().to_owned(), server.base.clone(), server.token.clone());
    server.kill();
    let server = Server::start_at(&workspace, &address);
    assert_ne!(server.token, token);
    let status = |header: &str, value: &str| {
        agent.get(format!("{base}/api/v1/datasets")).header(header, value).call().unwrap().status().as_u16()
    };
    assert_eq!(status("Cookie", &cookie), 200);
    assert_eq!(status("Authorization", &format!("Bearer {token}")), 401, "the old token is worthless");
    assert_eq!(server.stop(), 0);
}

#[test]
fn the_lock_with_the_token_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let server = Server::start(&workspace);
    let lock = workspace.join("tator.lock");
    assert_eq!(fs::metadata(&lock).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(lock).unwrap().contains(&server.token));
}

/// What does not depend on the clock.
fn timeless(mut report: Value) -> Value {
    report.as_object_mut().unwrap().remove("seconds");
    report
}

#[test]
fn commands_answer_the_same_through_a_server_and_without() {
    let folder = tempfile::tempdir().unwrap();
    let source = small_yolo(&folder.path().join("coins"));
    fs::write(source.join("labels/c.txt"), "0 0.5 0.5 much 0.5\n").unwrap();
    let run = |name: &str| {
        let workspace = folder.path().join(name);
        let out = folder.path().join(format!("{name}-out"));
        let import = ["import", source.to_str().unwrap(), "--dataset", "coins", "--json"];
        let imported = timeless(tator_in(&workspace, &import).expect(4).json());
        let export = ["export", "--dataset", "coins", "--format", "coco", "--out", out.to_str().unwrap(), "--json"];
        let exported = timeless(tator_in(&workspace, &export).expect(0).json());
        let rows = "SELECT image_id, path, state, revision, attributes FROM coins.images ORDER BY image_id";
        let answers = ["table", "csv", "json"].map(|f| tator_in(&workspace, &["sql", rows, "--format", f]).expect(0));
        let answers = answers.map(|a| (a.stdout, a.stderr));
        let file = folder.path().join(format!("{name}.parquet"));
        tator_in(&workspace, &["sql", rows, "--format", "parquet", "--out", file.to_str().unwrap()]).expect(0);
        let wrong = tator_in(&workspace, &["sql", "SELECT nothing FROM coins.images"]).expect(1);
        let again = tator_in(&workspace, &import[..4]);
        let missing = tator_in(&workspace, &["export", "--dataset", "notes", "--format", "csv", "--out", "/nowhere/x"]);
        let told = [(wrong.code, wrong.stderr), (again.code, again.stderr), (missing.code, missing.stderr)];
        (imported, exported, answers, fs::read(file).unwrap(), told, tree(&out))
    };
    let alone = run("alone");
    let server = Server::start(&folder.path().join("served"));
    let served = run("served");
    assert_eq!(alone.0, served.0, "import");
    let without_place = |report: &Value| report.to_string().replace("served", "alone");
    assert_eq!(without_place(&alone.1), without_place(&served.1), "export");
    assert_eq!(alone.2, served.2, "sql");
    assert!(alone.3 == served.3, "parquet");
    assert_eq!(alone.4, served.4, "what is told");
    assert_eq!(alone.5, served.5, "exported files");
    let doctor = tator_in(&folder.path().join("served"), &["doctor"]).expect(0);
    assert!(doctor.stdout.contains(&server.base), "{doctor:?}");
    assert_eq!(server.stop(), 0);
}

#[test]
fn the_demo_is_imported_once_and_served() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let start = || {
        let mut command = program();
        command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["demo", "--listen", "127.0.0.1:0", "--workspace"]);
        let log = workspace.with_extension("log");
        Starting::spawn(command.arg(&workspace).stderr(fs::File::create(&log).unwrap()), log).ready()
    };
    let server = start();
    let images = server.get("/api/v1/datasets/demo")["images"].clone();
    assert!(images.as_i64().unwrap() >= 60, "{images}");
    assert_eq!(server.stop(), 0);
    let server = start();
    assert_eq!(server.get("/api/v1/datasets/demo")["images"], images);
    assert_eq!(server.get("/api/v1/jobs")["jobs"].as_array().unwrap().len(), 1);
}

#[test]
fn without_any_network_every_page_is_served() {
    let alone = ["--net", "--map-root-user", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"];
    let possible = std::process::Command::new("unshare").args(alone).args(["curl", "--version"]).output();
    if !possible.is_ok_and(|done| done.status.success()) {
        eprintln!("skipped: no namespace without a network can be made here, or there is no curl");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = small_yolo(&folder.path().join("coins"));
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "coins"]).expect(0);
    // The server and the visitor are in there together.
    let visit = r#"set -e
        ip link set lo up
        "$1" serve --workspace "$2" --listen 127.0.0.1:0 > "$2.url" &
        server=$!
        trap 'kill $server' EXIT
        until [ -s "$2.url" ]; do kill -0 $server; sleep 0.05; done
        url=$(cat "$2.url"); base=${url%%/\?token=*}; token=${url##*token=}
        for page in /datasets /datasets/new /d/coins /d/coins/gallery /d/coins/label /d/coins/history /sql /models /jobs /trash /help /healthz; do
            code=$(curl -s -o "$2.page" -w '%{http_code}' -H "Authorization: Bearer $token" "$base$page")
            echo "$code $page"
            ! grep -Eo '(src|href)="(https?:)?//[^"]*"' "$2.page"
        done"#;
    let mut command = std::process::Command::new("unshare");
    command.args(["--net", "--map-root-user", "sh", "-c", visit, "sh", env!("CARGO_BIN_EXE_tator")]);
    let done = command.arg(&workspace).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said} {}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(said.lines().count(), 12, "{said}");
    assert!(said.lines().all(|line| line.starts_with("200 ")), "{said}");
}
