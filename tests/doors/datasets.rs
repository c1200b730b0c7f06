//! Datasets, classes and the trash through the API.

use serde_json::json;

use super::server::Server;

fn with_coins() -> Server {
    let server = Server::start();
    let made = server.ask_json("POST", "/api/v1/datasets", r#"{"name": "coins"}"#);
    assert_eq!((made.status, made.json()["mode"].as_str()), (201, Some("managed")), "{made:?}");
    server
}

#[test]
fn a_new_dataset_is_listed_with_its_counts() {
    let server = with_coins();
    let list = server.ask("GET", "/api/v1/datasets", &[], b"").json();
    assert_eq!(list["datasets"].as_array().map(Vec::len), Some(1));
    let coins = &list["datasets"][0];
    assert_eq!((&coins["name"], &coins["images"], &coins["task"]), (&json!("coins"), &json!(0), &json!("detect")));
    let states = json!({ "unlabelled": 0, "in_progress": 0, "labelled": 0, "reviewed": 0, "skipped": 0 });
    assert_eq!(coins["states"], states);
    assert_eq!(server.ask("GET", "/api/v1/datasets/coins", &[], b"").json(), *coins);
}

#[test]
fn a_name_is_taken_once_and_must_be_plain() {
    let server = with_coins();
    assert_eq!(server.ask_json("POST", "/api/v1/datasets", r#"{"name": "coins"}"#).failure(), (409, "exists".into()));
    assert_eq!(server.ask_json("POST", "/api/v1/datasets", r#"{"name": "../x"}"#).failure(), (422, "invalid".into()));
    let linked = r#"{"name": "linked", "mode": "linked", "folder": "not/absolute"}"#;
    assert_eq!(server.ask_json("POST", "/api/v1/datasets", linked).failure(), (422, "invalid".into()));
}

#[test]
fn classes_are_added_found_and_renamed() {
    let server = with_coins();
    let address = "/api/v1/datasets/coins/classes";
    let penny = server.ask_json("POST", address, r#"{"name": "penny"}"#);
    assert_eq!(penny.status, 201, "{penny:?}");
    let id = penny.json()["class_id"].clone();
    server.ask_json("POST", address, r#"{"name": "crown"}"#);
    let found = server.ask("GET", &format!("{address}?search=ENN"), &[], b"").json();
    assert_eq!((found["classes"].as_array().map(Vec::len), &found["classes"][0]["name"]), (Some(1), &json!("penny")));
    let renamed = server.ask_json("PATCH", &format!("{address}/{id}"), r#"{"name": "one penny"}"#).json();
    assert_eq!((&renamed["name"], &renamed["n_boxes"]), (&json!("one penny"), &json!(0)));
    let both = server.ask_json("PATCH", &format!("{address}/{id}"), r#"{"name": "x", "merge_into": 2}"#);
    assert_eq!(both.failure(), (422, "invalid".into()));
}

#[test]
fn a_longer_name_is_read_whole_by_statements_that_were_prepared_before() {
    let server = with_coins();
    let address = "/api/v1/datasets/coins/classes";
    let id = server.ask_json("POST", address, r#"{"name": "penny"}"#).json()["class_id"].clone();
    let name = || server.ask("GET", address, &[], b"").json()["classes"][0]["name"].clone();
    assert_eq!(name(), "penny");
    server.ask_json("PATCH", &format!("{address}/{id}"), r#"{"name": "one penny of 1797"}"#);
    assert_eq!(name(), "one penny of 1797");
}

#[test]
fn a_new_dataset_has_a_history() {
    let history = with_coins().ask("GET", "/api/v1/datasets/coins/history", &[], b"");
    assert_eq!(history.status, 200, "{history:?}");
    assert!(history.json()["changes"].is_array() && history.json()["next"].is_null());
}

#[test]
fn what_is_not_there_is_not_found() {
    let server = with_coins();
    for address in [
        "/api/v1/datasets/none",
        "/api/v1/datasets/none/images",
        "/api/v1/datasets/none/classes",
        "/api/v1/datasets/none/facets",
        "/api/v1/datasets/none/history",
        "/api/v1/datasets/coins/images/1",
        "/api/v1/datasets/coins/images/1/file",
        "/api/v1/datasets/coins/images/1/view",
        "/api/v1/datasets/coins/images/1/thumb",
        "/api/v1/jobs/77",
    ] {
        assert_eq!(server.ask("GET", address, &[], b"").failure(), (404, "not_found".into()), "{address}");
    }
    let edit = r#"{"base_revision": 0, "client_id": "a", "edits": [{"op": "state", "value": "reviewed"}]}"#;
    let answer = server.ask_json("POST", "/api/v1/datasets/coins/images/1/edits", edit);
    assert_eq!(answer.failure(), (404, "not_found".into()));
}

#[test]
fn a_deleted_dataset_comes_back_from_the_trash() {
    let server = with_coins();
    let gone = server.ask("DELETE", "/api/v1/datasets/coins", &[], b"");
    assert_eq!(gone.status, 200, "{gone:?}");
    assert_eq!(server.ask("GET", "/api/v1/datasets/coins", &[], b"").status, 404);
    let trash = server.ask("GET", "/api/v1/trash", &[], b"").json();
    let entry = trash["trash"][0]["entry"].as_str().unwrap().to_owned();
    let back = server.ask("POST", &format!("/api/v1/trash/{entry}/restore"), &[], b"");
    assert_eq!((back.status, back.json()), (200, json!({ "name": "coins" })));
    assert_eq!(server.ask("GET", "/api/v1/datasets/coins", &[], b"").status, 200);
    let again = server.ask("POST", &format!("/api/v1/trash/{entry}/restore"), &[], b"");
    assert_eq!(again.failure(), (404, "not_found".into()));
}

fn post_form(server: &Server, address: &str, form: &str) -> super::server::Answer {
    let origin = format!("http://{}", server.host());
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", origin.as_str())];
    server.ask("POST", address, &headers, form.as_bytes())
}

#[test]
fn classes_are_renamed_and_merged_by_the_forms_of_the_page_and_a_merge_is_undone() {
    let server = with_coins();
    let classes = "/api/v1/datasets/coins/classes";
    let id =
        |name: &str| server.ask_json("POST", classes, &json!({ "name": name }).to_string()).json()["class_id"].clone();
    let (penny, crown) = (id("penny"), id("crown"));
    let page = server.ask("GET", &format!("/d/coins?class={penny}"), &[("Accept", "text/html")], b"").unchunked();
    assert!(page.contains("Move 0 boxes") && page.contains("crown (0 boxes)"), "{page}");
    let taken = post_form(&server, &format!("/d/coins/classes/{penny}/rename"), "name=crown");
    assert!(taken.status == 422 && taken.unchunked().contains("crown&#34; exists already"), "{taken:?}");
    let renamed = post_form(&server, &format!("/d/coins/classes/{penny}/rename"), "name=one+penny");
    assert_eq!((renamed.status, renamed.header("location")), (303, Some(format!("/d/coins#class-{penny}").as_str())));
    let nowhere = post_form(&server, &format!("/d/coins/classes/{penny}/merge"), "into=");
    assert_eq!(nowhere.status, 422, "{nowhere:?}");
    let merged = post_form(&server, &format!("/d/coins/classes/{penny}/merge"), &format!("into={crown}"));
    assert_eq!((merged.status, merged.header("location")), (303, Some("/d/coins/history")));
    let retired =
        || server.ask("GET", &format!("{classes}?search=penny"), &[], b"").json()["classes"][0]["retired"].clone();
    assert_eq!(retired(), true);
    let change =
        server.ask("GET", "/api/v1/datasets/coins/history", &[], b"").json()["changes"][0]["change_id"].clone();
    assert_eq!(post_form(&server, &format!("/d/coins/history/{change}/undo"), "").status, 303);
    assert_eq!(retired(), false);
}

#[test]
fn an_empty_dataset_of_the_form_is_linked_when_a_folder_is_given() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let form = |name: &str, folder: &str| post_form(&server, "/datasets", &format!("dataset={name}&folder={folder}"));
    assert_eq!(form("linked", &folder.path().display().to_string()).header("location"), Some("/d/linked"));
    let linked = server.ask("GET", "/api/v1/datasets/linked", &[], b"").json();
    assert_eq!((&linked["mode"], &linked["folder"]), (&json!("linked"), &json!(folder.path())));
    let wrong = form("other", "not%2Fwhole");
    assert!(wrong.status == 422 && wrong.unchunked().contains("id=\"folder-wrong\""), "{wrong:?}");
    assert_eq!(form("plain", "").header("location"), Some("/d/plain"));
}

#[test]
fn the_present_state_gets_a_name_by_the_api_and_by_the_page() {
    let server = with_coins();
    let door = "/api/v1/datasets/coins/versions";
    let named = server.ask_json("POST", door, r#"{"name": "v1"}"#);
    assert_eq!((named.status, &named.json()["name"]), (201, &json!("v1")), "{named:?}");
    assert_eq!(server.ask_json("POST", door, r#"{"name": "v1"}"#).failure(), (409, "exists".into()));
    assert_eq!(server.ask_json("POST", door, r#"{"name": "a b"}"#).failure(), (422, "invalid".into()));
    let page = "/d/coins/versions";
    assert_eq!(post_form(&server, page, "name=v2").header("location"), Some(page));
    let taken = post_form(&server, page, "name=v2");
    assert!(taken.status == 422 && taken.unchunked().contains("version v2 of coins exists already"), "{taken:?}");
    let listed = server.ask("GET", door, &[], b"").json();
    let names: Vec<_> = listed["versions"].as_array().unwrap().iter().map(|version| &version["name"]).collect();
    assert_eq!(names, ["v2", "v1"]);
    let nowhere = server.ask("GET", "/api/v1/datasets/notes/versions", &[], b"");
    assert_eq!(nowhere.failure(), (404, "not_found".into()));
}
