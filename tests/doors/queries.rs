//! Statements that people keep: plain files of the workspace.

use serde_json::json;

use super::server::Server;

const ADDRESS: &str = "/api/v1/queries";

#[test]
fn a_kept_statement_is_a_file_a_line_of_the_list_and_a_line_of_the_page() {
    let server = Server::start();
    assert_eq!(server.ask("GET", ADDRESS, &[], b"").json(), json!({ "queries": [] }));
    let kept = json!({ "name": "tiny boxes", "sql": "SELECT 41 + 1" });
    let answer = server.ask_json("POST", ADDRESS, &kept.to_string());
    assert_eq!((answer.status, answer.json()), (200, kept.clone()));
    assert_eq!(server.ask("GET", ADDRESS, &[], b"").json(), json!({ "queries": [kept] }));
    let file = std::fs::read_to_string(server.folder.path().join("notebooks/tiny boxes.sql")).unwrap();
    assert_eq!(file, "SELECT 41 + 1");
    let page = server.ask("GET", "/sql", &[("Accept", "text/html")], b"");
    assert!(page.unchunked().contains("data-forget=\"tiny boxes\""), "{page:?}");
    let gone = server.ask("DELETE", &format!("{ADDRESS}/tiny%20boxes"), &[], b"");
    assert_eq!((gone.status, gone.json()), (200, kept));
    let again = server.ask("DELETE", &format!("{ADDRESS}/tiny%20boxes"), &[], b"");
    assert_eq!(again.failure(), (404, "not_found".into()));
}

#[test]
fn a_name_that_leads_elsewhere_is_refused() {
    let server = Server::start();
    for name in ["../x", "a/b", "", "x.sql"] {
        let body = json!({ "name": name, "sql": "SELECT 1" }).to_string();
        assert_eq!(server.ask_json("POST", ADDRESS, &body).failure(), (422, "invalid".into()), "{name:?}");
    }
}
