//! Words: glossaries by page, command and API, a language model on this machine that is asked only when somebody wants it,
//! and proposals by a detector, by words and by likeness, through a real server.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{SIZE, has_runtime, near, server_with};
use crate::harness::program::{Server, tator_in};

const IMAGE: &str = "/api/v1/datasets/seen/images/1";
const RED: [u8; 3] = [230, 20, 20];
const BLUE: [u8; 3] = [20, 20, 230];

/// Grey with a red square and a blue bar: what the stand-ins of detectors look for.
fn scene() -> Vec<u8> {
    let (width, height) = SIZE;
    let mut pixels = Vec::new();
    // Bitmaps begin with the lowest row.
    for y in (0..height).rev() {
        for x in 0..width {
            let [r, g, b] = match (x, y) {
                (40..80, 20..60) => RED,
                (120..180, 30..90) => BLUE,
                _ => [90, 90, 90],
            };
            pixels.extend([b, g, r]);
        }
    }
    let mut file = b"BM".to_vec();
    let length = pixels.len() as u32;
    for field in [54 + length, 0, 54, 40, width, height, 1 | 24 << 16, 0, length, 2835, 2835, 0, 0] {
        file.extend(field.to_le_bytes());
    }
    file.extend(pixels);
    file
}

/// A dataset `seen` with one picture, the classes `red` and `light_vehicle`, and only these stand-ins.
fn ready(folder: &std::path::Path, models: &[&str]) -> Server {
    let (workspace, source, shelf) = (folder.join("w"), folder.join("source"), folder.join("models"));
    fs::create_dir_all(source.join("images")).unwrap();
    fs::create_dir_all(source.join("labels")).unwrap();
    fs::write(source.join("images/000.bmp"), scene()).unwrap();
    fs::write(source.join("labels/000.txt"), "1 0.1 0.9 0.1 0.1\n").unwrap();
    fs::write(source.join("data.yaml"), "path: .\ntrain: images\nnames: [red, light_vehicle]\n").unwrap();
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "seen"]).expect(0);
    fs::create_dir_all(&shelf).unwrap();
    for model in models {
        let (from, to) = (super::stand_ins().join(model), shelf.join(model));
        fs::create_dir_all(&to).unwrap();
        for file in fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
    server_with(&workspace, &shelf)
}

fn propose(server: &Server, body: &Value) -> (u16, Value) {
    server.client().try_post(&format!("{IMAGE}/propose"), body).unwrap()
}

/// What was found, by name: the stand-in is as sure of the one as of the other.
fn found(answer: &Value) -> std::collections::BTreeMap<&str, &Value> {
    answer["proposals"].as_array().unwrap().iter().map(|one| (one["name"].as_str().unwrap(), one)).collect()
}

fn names(answer: &Value) -> Vec<&str> {
    found(answer).into_keys().collect()
}

#[test]
fn a_detector_proposes_in_the_image_and_in_a_part_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = ready(folder.path(), &["yolox"]);
    if !has_runtime(&server) {
        return;
    }
    let (status, answer) = propose(&server, &json!({ "how": "detect" }));
    assert_eq!(status, 200, "{answer}");
    assert_eq!((names(&answer), &answer["model"]), (vec!["blue", "red"], &json!("stand-in-yolox")));
    near(&found(&answer)["red"]["box"], [40.0, 20.0, 40.0, 40.0], 1.5);
    // The model's class is the dataset's where their names agree.
    assert_eq!(found(&answer)["red"]["class_id"], class(&server, "red"));
    assert!(found(&answer)["blue"]["class_id"].is_null());
    let (_, part) = propose(&server, &json!({ "how": "detect", "region": [100.5, 10, 90, 85] }));
    assert_eq!(names(&part), ["blue"]);
    near(&part["proposals"][0]["box"], [120.0, 30.0, 60.0, 60.0], 1.5);
    let (status, wrong) = propose(&server, &json!({ "how": "detect", "region": [500, 10, 90, 85] }));
    assert_eq!((status, &wrong["error"]["code"]), (422, &json!("invalid")));
    let (status, none) = propose(&server, &json!({ "how": "text", "text": "red" }));
    assert_eq!((status, &none["error"]["code"]), (503, &json!("no_model")), "{none}");
}

fn class(server: &Server, name: &str) -> Value {
    let words = server.get("/api/v1/datasets/seen/glossary");
    let classes = words["classes"].as_array().unwrap();
    classes.iter().find(|class| class["name"] == name).unwrap()["class_id"].clone()
}

#[test]
fn words_and_glossary_find_their_classes_and_one_look_serves_all() {
    let folder = tempfile::tempdir().unwrap();
    let server = ready(folder.path(), &["owl"]);
    if !has_runtime(&server) {
        return;
    }
    let (status, answer) = propose(&server, &json!({ "how": "text", "text": "blue, red" }));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["cached"], false);
    assert_eq!(found(&answer)["red"]["class_id"], class(&server, "red"));
    assert!(found(&answer)["blue"]["class_id"].is_null());
    let (_, hand) = propose(&server, &json!({ "how": "text", "text": "blue", "class_id": class(&server, "red") }));
    assert_eq!((&hand["cached"], &hand["ms"]["look"]), (&json!(true), &json!(0.0)));
    assert_eq!(hand["proposals"][0]["class_id"], class(&server, "red"), "the class in hand");
    // Once the glossary says that blue things are light vehicles, the word means that class.
    server.post("/api/v1/datasets/seen/glossary", &json!({ "text": "Light Vehicle: blue" }));
    let (_, meant) = propose(&server, &json!({ "how": "text", "text": "blue", "class_id": class(&server, "red") }));
    assert_eq!(meant["proposals"][0]["class_id"], class(&server, "light_vehicle"));
    // Without words all classes are looked for.
    let (_, all) = propose(&server, &json!({ "how": "text" }));
    assert_eq!(names(&all), ["blue", "red"]);
}

#[test]
fn without_a_detector_of_words_regions_are_looked_through() {
    let folder = tempfile::tempdir().unwrap();
    let server = ready(folder.path(), &["yolox", "efficientnet-words"]);
    if !has_runtime(&server) {
        return;
    }
    let (status, answer) = propose(&server, &json!({ "how": "text", "text": "red" }));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["model"], "stand-in-efficientnet-words + stand-in-yolox");
    let (status, like) = propose(&server, &json!({ "how": "like", "box": [42, 22, 36, 36], "class_id": 1 }));
    assert_eq!((status, &like["cached"]), (200, &json!(true)), "{like}");
    assert_eq!(like["proposals"], json!([]), "the box itself is no find, and blue is unlike red");
    let (_, grey) = propose(&server, &json!({ "how": "like", "box": [85, 25, 30, 30] }));
    assert_eq!(grey["proposals"].as_array().unwrap().len(), 2, "grey is a little like both: {grey}");
    assert_eq!(propose(&server, &json!({ "how": "like" })).0, 422, "like what?");
    // The same words ask the tables of vectors.
    let job = server.post("/api/v1/datasets/seen/embed", &json!({ "of": "boxes" }))["job_id"].as_i64().unwrap();
    assert_eq!(server.job(job)["state"], "done");
    let alike = server.post("/api/v1/datasets/seen/similar", &json!({ "text": "red", "of": "boxes", "k": 1 }));
    assert_eq!(alike["results"].as_array().unwrap().len(), 1, "{alike}");
}

#[test]
fn what_a_person_takes_of_a_model_is_known_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let server = ready(folder.path(), &[]);
    let add = |origin: &str| {
        json!({ "base_revision": server.get(IMAGE)["revision"], "client_id": format!("c-{origin}"), "edits": [
        { "op": "add", "key": "a", "class_id": class(&server, "red"), "x": 10, "y": 10, "w": 20, "h": 20, "origin": origin }] })
    };
    let (status, answer) = server.client().try_post(&format!("{IMAGE}/edits"), &add("model:yolox-nano")).unwrap();
    assert_eq!(status, 200, "{answer}");
    let rows =
        server.post("/api/v1/sql", &json!({ "sql": "SELECT origin, count(*) FROM seen.boxes GROUP BY 1 ORDER BY 1" }));
    assert_eq!(rows["rows"], json!([["import", 1], ["model:yolox-nano", 1]]));
    assert_eq!(server.client().try_post(&format!("{IMAGE}/edits"), &add("import")).unwrap().0, 422);
    // Whoever moves it makes it theirs.
    let box_id = answer["ids"]["a"].clone();
    let moved = json!({ "base_revision": answer["revision"], "client_id": "c-3", "edits": [{ "op": "update", "box_id": box_id, "x": 12 }] });
    let (_, answer) = server.client().try_post(&format!("{IMAGE}/edits"), &moved).unwrap();
    let boxes = answer["boxes"].as_array().unwrap();
    assert_eq!(boxes.iter().find(|one| one["box_id"] == box_id).unwrap()["origin"], "human");
}

/// A language model on this machine: it answers with these words and remembers what it was asked.
fn language_model(answer: &'static str) -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
                let lower = line.to_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            heard.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            let said = json!({ "choices": [{ "message": { "content": answer } }] }).to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                said.len()
            );
            let _ = stream.write_all(format!("{head}{said}").as_bytes());
        }
    });
    (url, asked)
}

#[test]
fn a_language_model_is_asked_only_when_somebody_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = ready(folder.path(), &[]);
    let expand = |body: &Value| server.client().try_post("/api/v1/datasets/seen/glossary/expand", body).unwrap();
    assert_eq!(expand(&json!({})).0, 422, "nobody is named");
    let (url, asked) =
        language_model("```json\n{\"light_vehicle\": [\"car\", \"such as van\", \"van\"], \"tree\": [\"oak\"]}\n```");
    server.patch("/api/v1/language", &json!({ "url": url }));
    server.post("/api/v1/datasets/seen/glossary", &json!({ "text": "light_vehicle -> sedan" }));
    server.page("/d/seen/glossary");
    assert!(asked.lock().unwrap().is_empty(), "looking at the page asks nobody");
    let (status, shown) = expand(&json!({ "dry_run": true }));
    assert_eq!((status, &shown["added"], &shown["kept"]), (200, &json!(2), &json!(false)), "{shown}");
    let (_, kept) = expand(&json!({}));
    assert_eq!(kept["classes"], json!([{ "name": "light_vehicle", "terms": ["car", "van"] }]));
    let question = asked.lock().unwrap()[0]["messages"][1]["content"].as_str().unwrap().to_owned();
    assert!(question.contains("light_vehicle (known already: sedan)"), "{question}");
    let words = server.get("/api/v1/datasets/seen/glossary");
    let prompts: Vec<_> = words["classes"][1]["prompts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["text"].clone(), p["kind"].clone()))
        .collect();
    let wanted = [
        ("light vehicle", "class"),
        ("light_vehicle", "class"),
        ("sedan", "base"),
        ("car", "expanded"),
        ("van", "expanded"),
    ];
    assert_eq!(prompts, wanted.map(|(text, kind)| (json!(text), json!(kind))));
}

#[test]
fn glossaries_are_plain_files_with_a_command_a_page_and_a_library() {
    let folder = tempfile::tempdir().unwrap();
    let server = ready(folder.path(), &[]);
    let workspace = folder.path().join("w");
    let words = folder.path().join("words.txt");
    fs::write(&words, "red: crimson\nzebra = striped horse\n").unwrap();
    // By way of the running server, and without one.
    tator_in(&workspace, &["glossary", "set", "--dataset", "seen", words.to_str().unwrap()]).expect(0);
    tator_in(&workspace, &["glossary", "set", "--name", "mine", words.to_str().unwrap()]).expect(0);
    let (status, page) = server.page("/d/seen/glossary");
    assert_eq!(status, 200);
    assert!(page.contains("value=\"crimson\"") && page.contains("zebra"), "{page}");
    let listed = server.get("/api/v1/glossaries");
    let names: Vec<_> = listed["glossaries"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["common", "mine"]);
    assert!(fs::read_to_string(workspace.join("glossaries/mine.toml")).unwrap().contains("crimson"));
    drop(server);
    let used = tator_in(&workspace, &["glossary", "set", "--dataset", "seen", "--use", "common", "--json"]).expect(0);
    assert!(used.stdout.contains("\"added\":3"), "{}", used.stdout);
    let shown = tator_in(&workspace, &["glossary", "show", "--dataset", "seen"]).expect(0);
    assert!(shown.stdout.contains("light_vehicle: car, van, pickup truck"), "{}", shown.stdout);
    tator_in(&workspace, &["glossary", "set", "--name", "../x", words.to_str().unwrap()]).expect(1);
    tator_in(&workspace, &["glossary", "set", "--name", "common", words.to_str().unwrap()]).expect(1);
}

#[test]
fn a_run_looks_for_every_class_by_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let server = ready(folder.path(), &["owl"]);
    if !has_runtime(&server) {
        return;
    }
    server.post(
        "/api/v1/datasets/seen/glossary",
        &json!({ "class": [
        { "name": "light_vehicle", "terms": ["a dog"], "expanded": ["blue"] }] }),
    );
    let recipe = folder.path().join("words.toml");
    fs::write(&recipe, "name = 'spoken'\n[text]\nscore = 0.3\n[fusion]\ncalibrate = 'none'\n").unwrap();
    let workspace = folder.path().join("w");
    let run = |name: &str| {
        tator_in(&workspace, &["prepass", "--dataset", "seen", "--recipe", recipe.to_str().unwrap(), "--run", name])
            .expect(0);
        let sql = format!(
            "SELECT stage, source_run, prompt, prompt_kind, c.name, round(a.x), round(score, 1) FROM seen.atoms_{name} a
            JOIN seen.classes c USING (class_id) ORDER BY a.x"
        );
        server.post("/api/v1/sql", &json!({ "sql": sql }))["rows"].clone()
    };
    let wanted = json!([
        ["text", "stand-in-owl:full", "red", "class", "red", 40.0, 0.9],
        ["text", "stand-in-owl:full", "blue", "expanded", "light_vehicle", 120.0, 0.9]
    ]);
    assert_eq!(run("first"), wanted);
    assert_eq!(run("again"), wanted, "what was kept says the same");
    // Other words are another question.
    server.post("/api/v1/datasets/seen/glossary", &json!({ "text": "light_vehicle: a dog" }));
    assert_eq!(run("other").as_array().unwrap().len(), 1);
}
