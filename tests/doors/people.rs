//! Names, presence, what is said about an image, and work packages, over HTTP.

use serde_json::{Value, json};

use super::edits::with_a_bitmap;
use super::server::{Answer, Server};

const IMAGE: &str = "/api/v1/datasets/coins/images/1";
const PACKAGES: &str = "/api/v1/datasets/coins/packages";

/// A JSON request in somebody's name.
fn ask_as(server: &Server, who: &str, method: &str, target: &str, body: &Value) -> Answer {
    let headers = [("Content-Type", "application/json"), ("X-Tator-Author", who)];
    server.ask(method, target, &headers, body.to_string().as_bytes())
}

fn edit_as(server: &Server, who: &str, edits: &Value) -> Answer {
    let revision = server.ask("GET", IMAGE, &[], b"").json()["revision"].clone();
    let body = json!({ "base_revision": revision, "client_id": format!("{who}{revision}"), "edits": edits });
    ask_as(server, who, "POST", &format!("{IMAGE}/edits"), &body)
}

fn authors(server: &Server) -> Vec<String> {
    let history = server.ask("GET", "/api/v1/datasets/coins/history", &[], b"").json();
    let changes = history["changes"].as_array().unwrap().iter().filter(|c| c["kind"] != "import");
    changes.map(|c| c["author"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_name_is_said_kept_and_written_down() {
    let server = with_a_bitmap();
    assert_eq!(server.ask("GET", "/api/v1/me", &[], b"").json(), json!({ "name": "human", "said": false }));
    let said = server.ask_json("POST", "/api/v1/me", r#"{"name": " Zoë  B "}"#);
    let cookie = said.cookie().unwrap().to_owned();
    assert_eq!((said.json()["name"].as_str(), cookie.as_str()), (Some("Zoë B"), "tator_name=Zo%C3%AB%20B"));
    let known = server.ask("GET", "/api/v1/me", &[("Cookie", &cookie)], b"").json();
    assert_eq!(known, json!({ "name": "Zoë B", "said": true }));
    let page = server.ask("GET", "/d/coins/work", &[("Cookie", &cookie)], b"");
    assert!(page.status == 200 && page.body.contains("Zoë B"));
    edit_as(&server, "script%207", &json!([{ "op": "tag", "tag": "a" }]));
    let body = json!({ "base_revision": 1, "client_id": "c", "edits": [{ "op": "tag", "tag": "b" }] }).to_string();
    let kind = [("Content-Type", "application/json"), ("Cookie", cookie.as_str())];
    server.ask("POST", &format!("{IMAGE}/edits"), &kind, body.as_bytes());
    server.ask_json("POST", &format!("{IMAGE}/undo"), "");
    assert_eq!(authors(&server), ["human", "Zoë B", "script 7"]);
    assert_eq!(ask_as(&server, "%20", "POST", &format!("{IMAGE}/undo"), &json!({})).failure().0, 422);
    assert_eq!(server.ask_json("POST", "/api/v1/me", r#"{"name": ""}"#).status, 422);
    let gone = server.ask_json("POST", "/api/v1/me", r#"{"name": null}"#);
    assert!(gone.header("set-cookie").unwrap().contains("Max-Age=0"));
}

#[test]
fn the_name_form_leads_back_and_nowhere_else() {
    let server = Server::start();
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    for (next, leads) in [("%2Fjobs%3Fa%3D1", "/jobs?a=1"), ("%2F%2Fevil.com", "/datasets"), ("", "/datasets")] {
        let answer = server.ask("POST", "/me", &kind, format!("name=Ann&next={next}").as_bytes());
        assert_eq!(
            (answer.status, answer.header("location"), answer.cookie()),
            (303, Some(leads), Some("tator_name=Ann"))
        );
    }
    assert_eq!(server.ask("POST", "/me", &kind, b"name=%07&next=/").status, 422);
}

#[test]
fn pages_on_one_image_see_each_other_and_its_revision() {
    let server = with_a_bitmap();
    let beat = |who: &str, page: &str| {
        ask_as(&server, who, "POST", &format!("{IMAGE}/presence"), &json!({ "page": page })).json()
    };
    assert_eq!(beat("Ann", "a")["others"], json!([]));
    let seen = beat("Bob", "b");
    let revision = seen["revision"].as_i64().unwrap();
    assert_eq!(seen["others"], json!(["Ann"]));
    edit_as(&server, "Ann", &json!([{ "op": "add", "key": "k", "class_id": 1, "x": 1, "y": 1, "w": 9, "h": 9 }]));
    assert_eq!(beat("Bob", "b")["revision"], revision + 1);
    let all = server.ask("GET", "/api/v1/datasets/coins/presence", &[], b"").json();
    assert_eq!(all["present"], json!([{ "image_id": 1, "name": "Ann" }, { "image_id": 1, "name": "Bob" }]));
    ask_as(&server, "Ann", "POST", &format!("{IMAGE}/presence"), &json!({ "page": "a", "leaving": true }));
    assert_eq!(beat("Bob", "b")["others"], json!([]));
    let nowhere = server.ask_json("POST", "/api/v1/datasets/coins/images/99/presence", r#"{"page": "x"}"#);
    assert_eq!(nowhere.failure(), (404, "not_found".into()));
    assert_eq!(server.ask_json("POST", &format!("{IMAGE}/presence"), r#"{"page": ""}"#).failure().0, 422);
}

#[test]
fn an_image_is_sent_back_found_and_accepted() {
    let server = with_a_bitmap();
    let back = json!([{ "op": "comment", "kind": "sent_back", "text": "<b>again</b>", "at": [3, 4] }, { "op": "state", "value": "in_progress" }]);
    assert_eq!(edit_as(&server, "Rev", &back).json()["state"], "in_progress");
    let notes = server.ask("GET", &format!("{IMAGE}/notes"), &[], b"").json();
    assert_eq!((&notes["comments"][0]["author"], &notes["comments"][0]["at"]), (&json!("Rev"), &json!([3.0, 4.0])));
    let listed = |query: &str| {
        let page = server.ask("GET", &format!("/api/v1/datasets/coins/images?{query}"), &[], b"").json();
        page["images"].as_array().unwrap().len()
    };
    assert_eq!((listed("comments=sent_back"), listed("comments=open"), listed("tag=x")), (1, 1, 0));
    let gallery = server.ask("GET", "/d/coins/gallery?comments=sent_back", &[], b"");
    assert!(gallery.body.contains("sent back"), "{}", gallery.body);
    edit_as(&server, "Rev", &json!([{ "op": "state", "value": "reviewed" }]));
    assert_eq!((listed("comments=sent_back"), listed("state=reviewed")), (0, 1));
    let asked =
        server.ask_json("POST", "/api/v1/sql", r#"{"sql": "SELECT kind, resolved_by FROM coins.comments"}"#).json();
    assert_eq!(asked["rows"], json!([["sent_back", "Rev"]]));
    assert_eq!(server.ask("GET", "/d/coins/gallery?comments=all", &[], b"").status, 422);
}

#[test]
fn a_package_belongs_to_one_person_at_a_time() {
    let server = with_a_bitmap();
    let made = ask_as(&server, "Zoe", "POST", PACKAGES, &json!({ "name": "Look", "kind": "review", "every": 1 }));
    assert_eq!((made.status, made.json()["package_ids"].clone()), (201, json!([1])));
    let taken = ask_as(&server, "Ann", "POST", &format!("{PACKAGES}/next"), &json!({ "kind": "review" })).json();
    assert_eq!((&taken["package"]["claimed_by"], &taken["package"]["state"]), (&json!("Ann"), &json!("claimed")));
    let post =
        |who: &str, what: &str, body: Value| ask_as(&server, who, "POST", &format!("{PACKAGES}/1/{what}"), &body);
    assert_eq!(post("Bob", "claim", json!({})).failure(), (409, "conflict".into()));
    assert_eq!(post("Bob", "release", json!({})).failure(), (409, "conflict".into()));
    assert_eq!(post("Bob", "release", json!({ "force": true })).json()["package"]["state"], "free");
    assert_eq!(post("Bob", "claim", json!({})).status, 200);
    let page = server.ask("GET", "/d/coins/work", &[("X-Tator-Author", "Bob")], b"").body;
    assert!(page.contains("Go on") && page.contains("/d/coins/label?package=1"), "{page}");
    assert_eq!(post("Bob", "close", json!({})).json()["package"]["state"], "closed");
    assert_eq!(post("Bob", "claim", json!({})).failure().0, 409);
    assert_eq!(server.ask("POST", &format!("{PACKAGES}/7/claim"), &[], b"").failure().0, 404);
    let none = ask_as(&server, "Zoe", "POST", PACKAGES, &json!({ "name": "x", "filter": { "state": "skipped" } }));
    assert_eq!(none.failure().0, 422);
}

#[test]
fn the_work_page_makes_claims_and_gives_back_without_scripts() {
    let server = with_a_bitmap();
    let post = |target: &str, body: &str| {
        let kind =
            [("Content-Type", "application/x-www-form-urlencoded"), ("X-Tator-Author", "Ann"), ("Accept", "text/html")];
        server.ask("POST", target, &kind, body.as_bytes())
    };
    let made = post("/d/coins/work", "name=Look&kind=label&every=&state=unlabelled");
    assert_eq!((made.status, made.header("location")), (303, Some("/d/coins/work")));
    let wrong = post("/d/coins/work", "name=Look&kind=label&every=none");
    assert!(wrong.status == 422 && wrong.body.contains("every"), "{}", wrong.body);
    let next = post("/d/coins/work/next", "kind=label");
    assert_eq!(next.header("location"), Some("/d/coins/label?package=1"));
    assert_eq!(post("/d/coins/work/1/release", "").status, 303);
    assert_eq!(post("/d/coins/work/1/claim", "").header("location"), Some("/d/coins/label?package=1"));
    assert_eq!(server.ask("GET", "/datasets/coins/work", &[], b"").header("location"), Some("/d/coins/work"));
}
