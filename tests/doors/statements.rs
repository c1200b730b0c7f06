//! SQL through the door: what comes out, and that a visitor who hangs up leaves nothing running.

use std::io::Write;
use std::net::TcpStream;
use std::time::Instant;

use super::server::Server;

/// A statement that would run for days.
const ENDLESS: &str =
    r#"{"sql": "SELECT count(*) FROM range(1000000000000) a, range(1000000000000) b", "seconds": 60}"#;

#[test]
fn a_statement_gives_columns_rows_and_its_time() {
    let server = Server::start();
    let answer = server.ask_json("POST", "/api/v1/sql", r#"{"sql": "SELECT 42 AS answer"}"#);
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    assert_eq!(answer["columns"], serde_json::json!([{ "name": "answer", "type": "INTEGER" }]));
    assert_eq!(answer["rows"], serde_json::json!([[42]]));
    assert!(answer["truncated"] == false && answer["ms"].is_number());
}

#[test]
fn a_statement_that_would_change_something_is_refused() {
    let server = Server::start();
    let sql = r#"{"sql": "DROP TABLE coins.boxes"}"#;
    assert_eq!(server.ask_json("POST", "/api/v1/sql", sql).failure(), (422, "sql".into()));
    assert_eq!(server.ask_json("POST", "/api/v1/sql/export", sql).failure(), (422, "sql".into()));
}

#[test]
fn a_statement_stops_at_its_time_limit() {
    let server = Server::start();
    let sql = ENDLESS.replace("60", "1");
    assert_eq!(server.ask_json("POST", "/api/v1/sql", &sql).failure(), (422, "timed_out".into()));
}

#[test]
fn an_export_is_a_file_of_all_rows() {
    let server = Server::start();
    let sql = "SELECT%20range%20AS%20answer%20FROM%20range(100000)";
    let answer = server.ask("GET", &format!("/api/v1/sql/export?format=csv&sql={sql}"), &[], b"");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/csv; charset=utf-8")));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"rows.csv\""));
    let lines: Vec<_> = answer.unchunked().lines().map(str::to_owned).collect();
    assert_eq!((lines.len(), lines[0].as_str(), lines[100_000].as_str()), (100_001, "answer", "99999"));
    let unknown = server.ask("GET", &format!("/api/v1/sql/export?format=xlsx&sql={sql}"), &[], b"");
    assert_eq!(unknown.failure(), (422, "invalid".into()));
}

#[test]
fn hanging_up_stops_the_statement() {
    let server = Server::start_with(|settings| settings.sql_at_once = 1);
    for address in ["/api/v1/sql", "/api/v1/sql/export"] {
        let mut gone = TcpStream::connect(server.address).unwrap();
        let head = format!(
            "POST {address} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            server.address,
            server.bearer(),
            ENDLESS.len()
        );
        gone.write_all(head.as_bytes()).unwrap();
        gone.write_all(ENDLESS.as_bytes()).unwrap();
        gone.flush().unwrap();
        wait_until(&server, "tator_sql_running 1");
        drop(gone);
        let begin = Instant::now();
        let answer = server.ask_json("POST", "/api/v1/sql", r#"{"sql": "SELECT 42 AS answer"}"#);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(begin.elapsed().as_secs() < 20, "the statement of a visitor who is gone ran on");
    }
}

#[test]
fn pages_and_edits_do_not_wait_for_statements() {
    let server = Server::start_with(|settings| settings.sql_at_once = 1);
    std::thread::scope(|scope| {
        scope.spawn(|| server.ask_json("POST", "/api/v1/sql", &ENDLESS.replace("60", "2")));
        wait_until(&server, "tator_sql_running 1");
        let begin = Instant::now();
        for _ in 0..20 {
            assert_eq!(server.ask("GET", "/api/v1/datasets", &[], b"").status, 200);
        }
        assert!(begin.elapsed().as_millis() < 1500, "{:?}", begin.elapsed());
    });
}

/// Asks for the figures until they hold this line.
fn wait_until(server: &Server, line: &str) {
    let begin = Instant::now();
    while !server.ask("GET", "/metrics", &[], b"").body.lines().any(|found| found == line) {
        assert!(begin.elapsed().as_secs() < 20, "{line} never came");
    }
}
